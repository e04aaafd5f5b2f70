"""WordPress's `options`, and the chatbots among its `posts`: the site as the rules need it."""

import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta, tzinfo
from typing import Any, TypeAlias

from bridge.domain.events import EventType
from bridge.domain.ids import OrderId
from bridge.domain.names import MARKER_KEY
from bridge.domain.periods import Calendar, site_zone
from bridge.domain.quotas import Context, Module, whole_number
from bridge.domain.site import Chatbot, Site, SiteDates
from bridge.store import peer_plugin, pricing_rules
from bridge.store.php import unserialize
from bridge.store.tx import Tx

Fields: TypeAlias = Mapping[str, Any]
"""What a chatbot or module says of its limits, by the peer's names."""

MAILS_OPTION = "aipkit_bridge_mails"
"""Our plugin's: which events it sends mails of."""

HEARTBEAT_FRESH_FOR = timedelta(minutes=10)

_OPTIONS = "SELECT option_name, option_value FROM {p}options WHERE option_name IN %s"
_CHATBOTS = """
    SELECT post.ID, post.post_title, meta.meta_key, meta.meta_value
      FROM {p}posts post
      LEFT JOIN {p}postmeta meta ON meta.post_id = post.ID AND meta.meta_key IN %(keys)s
     WHERE post.post_type = %(type)s AND post.post_status = 'publish'
     ORDER BY post.post_title, post.ID, meta.meta_id DESC
     LIMIT 20000
"""
_PAGE_PATH = """
    SELECT page.post_name AS slug, parent.post_name AS parent_slug
      FROM {p}posts page LEFT JOIN {p}posts parent ON parent.ID = page.post_parent
     WHERE page.ID = %s AND page.post_status = 'publish'
"""
_PEER_STATE = """
    SELECT option_value > UNIX_TIMESTAMP() - %(fresh)s
           AND option_value <= UNIX_TIMESTAMP() AS fresh FROM {p}options
     WHERE option_name = %(name)s
"""
_NETWORK_PLUGINS = """
    SELECT meta_value FROM {u}sitemeta WHERE meta_key = 'active_sitewide_plugins'
"""
_MARKERS = (
    (
        "SELECT order_id AS id, meta_value FROM {p}wc_orders_meta"
        " WHERE order_id IN %s AND meta_key = %s",
        "wc_orders_meta",
    ),
    (
        "SELECT post_id AS id, meta_value FROM {p}postmeta WHERE post_id IN %s AND meta_key = %s",
        "postmeta",
    ),
)
_RENEW_VERSION = """
    INSERT INTO {p}options (option_name, option_value, autoload) VALUES (%s, %s, 'no')
    ON DUPLICATE KEY UPDATE option_value = VALUES(option_value)
"""
_NAMES = (
    "home",
    "siteurl",
    "blogname",
    "WPLANG",
    "date_format",
    "time_format",
    "active_plugins",
    "timezone_string",
    "gmt_offset",
    "start_of_week",
    "permalink_structure",
    "woocommerce_shop_page_id",
    "woocommerce_version",
    MAILS_OPTION,
    peer_plugin.SETTINGS_VERSION_OPTION,
    peer_plugin.SHOP_URL_OPTION,
    peer_plugin.DASHBOARD_URL_OPTION,
    *peer_plugin.SETTINGS_OPTION.values(),
)


def read_options(tx: Tx, names: Collection[str]) -> dict[str, str]:
    """Return the named options that exist."""
    rows = tx.all(_OPTIONS, (tuple(names),))
    return {row["option_name"]: row["option_value"] for row in rows}


def read_zone(tx: Tx) -> tzinfo:
    """Return the site's zone."""
    options = read_options(tx, ("timezone_string", "gmt_offset"))
    return site_zone(options.get("timezone_string", ""), options.get("gmt_offset", ""))


def read_site(tx: Tx) -> Site:
    """Read the site: options, roles and chatbots."""
    roles_option = f"{tx.site_prefix}user_roles"
    options = read_options(tx, (*_NAMES, roles_option))
    chatbots = _read_chatbots(tx)
    fields = _limit_fields(chatbots, options)
    roles = unserialize(options.get(roles_option))
    zone = site_zone(options.get("timezone_string", ""), options.get("gmt_offset", ""))
    return Site(
        home=options.get("home", "").rstrip("/"),
        address=options.get("siteurl", "").rstrip("/"),
        name=options.get("blogname", ""),
        language=options.get("WPLANG", "") or "en_US",
        dates=SiteDates(options.get("date_format", ""), options.get("time_format", "")),
        calendar=Calendar(zone, (whole_number(options.get("start_of_week", "1")) or 0) % 7),
        chatbots=tuple(chatbots),
        limits={context: peer_plugin.limits_in(said) for context, said in fields.items()},
        notices={context: peer_plugin.notice_in(said) for context, said in fields.items()},
        roles=_roles(roles),
        role_names=_role_names(roles),
        peer_active=_peer_is_active(tx, options.get("active_plugins")),
        shop_page_url=_shop_url(tx, options),
        dashboard_url=options.get(peer_plugin.DASHBOARD_URL_OPTION, "").strip(),
        prices=pricing_rules.read_prices(tx),
        woocommerce_version=options.get("woocommerce_version", ""),
        mailed=_mailed(unserialize(options.get(MAILS_OPTION))),
        version=options.get(peer_plugin.SETTINGS_VERSION_OPTION, ""),
    )


def renew_version(tx: Tx) -> None:
    """Let everybody know that settings have changed; the plugin writes the same option."""
    tx.run(_RENEW_VERSION, (peer_plugin.SETTINGS_VERSION_OPTION, secrets.token_hex(8)))


def _read_chatbots(tx: Tx) -> dict[Chatbot, Fields]:
    """Return the chatbots, each with its limit fields."""
    titles: dict[int, str] = {}
    metas: dict[int, dict[str, str | None]] = {}
    args = {"keys": peer_plugin.BOT_LIMIT_KEYS, "type": peer_plugin.CHATBOT_TYPE}
    for row in tx.all(_CHATBOTS, args):
        titles[row["ID"]] = row["post_title"]
        metas.setdefault(row["ID"], {})[row["meta_key"]] = row["meta_value"]
    return {
        Chatbot(bot_id, title): peer_plugin.bot_fields(metas[bot_id])
        for bot_id, title in titles.items()
    }


def _limit_fields(
    chatbots: Mapping[Chatbot, Fields], options: Mapping[str, str]
) -> dict[Context, Fields]:
    fields = {Context(Module.CHAT, bot.bot_id): of_bot for bot, of_bot in chatbots.items()}
    for module, name in peer_plugin.SETTINGS_OPTION.items():
        fields[Context(module)] = peer_plugin.module_fields(unserialize(options.get(name)))
    return fields


def _roles(option: object) -> dict[str, frozenset[str]]:
    if not isinstance(option, dict):
        return {}
    return {str(slug): _capabilities(role) for slug, role in option.items()}


def _role_names(option: object) -> dict[str, str]:
    """WordPress once kept a name with its context behind a bar, `Editor|User role`."""
    if not isinstance(option, dict):
        return {}
    names = {
        str(slug): role.get("name") for slug, role in option.items() if isinstance(role, dict)
    }
    return {slug: str(name).split("|")[0].strip() for slug, name in names.items() if name}


def _capabilities(role: object) -> frozenset[str]:
    granted = role.get("capabilities") if isinstance(role, dict) else None
    if not isinstance(granted, dict):
        return frozenset()
    return frozenset(str(name) for name, has in granted.items() if has)


def _mailed(option: object) -> frozenset[EventType]:
    names = option.values() if isinstance(option, dict) else ()
    return frozenset(EventType(name) for name in names if name in set(EventType))


def _shop_url(tx: Tx, options: Mapping[str, str]) -> str:
    """Return where credits are sold: the peer's option, else WooCommerce's shop page."""
    own = options.get(peer_plugin.SHOP_URL_OPTION, "").strip()
    if own.startswith(("http://", "https://")):
        return own
    page_id = whole_number(options.get("woocommerce_shop_page_id"))
    row = tx.one(_PAGE_PATH, (page_id,)) if page_id else None
    home = options.get("home", "").rstrip("/")
    if row is None or not home:
        return ""
    if not options.get("permalink_structure"):
        return f"{home}/?page_id={page_id}"
    return "/".join(part for part in (home, row["parent_slug"], row["slug"]) if part) + "/"


def heartbeat_is_fresh(tx: Tx) -> bool:
    """Say whether our PHP plugin has lately stood the peer's grant hook down."""
    args = {"name": peer_plugin.HEARTBEAT_OPTION, "fresh": HEARTBEAT_FRESH_FOR.total_seconds()}
    row = tx.one(_PEER_STATE, args)
    return row is not None and bool(row["fresh"])


def order_markers(tx: Tx, ids: Collection[OrderId]) -> dict[OrderId, int]:
    """Return the orders' `_aipkit_tokens_granted`, from whichever order storage has them."""
    markers: dict[OrderId, int] = {}
    for sql, table in _MARKERS:
        if ids and tx.has_table(tx.site_prefix + table):
            for row in tx.all(sql, (tuple(ids), MARKER_KEY)):
                marker = whole_number(row["meta_value"]) or 0
                markers[row["id"]] = max(marker, markers.get(row["id"], 0))
    return markers


def peer_may_grant(tx: Tx) -> bool:
    """Say whether the peer is active and no fresh heartbeat says that its hook is down."""
    option = read_options(tx, ["active_plugins"]).get("active_plugins")
    return _peer_is_active(tx, option) and not heartbeat_is_fresh(tx)


def _peer_is_active(tx: Tx, active_plugins: str | None) -> bool:
    """Say whether the peer runs here: activated on the site, or for a whole network."""
    plugins = unserialize(active_plugins)
    if isinstance(plugins, dict) and peer_plugin.PLUGIN_FILE in plugins.values():
        return True
    if not tx.has_table(f"{tx.users_prefix}sitemeta"):
        return False
    found = (unserialize(row["meta_value"]) for row in tx.all(_NETWORK_PLUGINS))
    return any(isinstance(names, dict) and peer_plugin.PLUGIN_FILE in names for names in found)
