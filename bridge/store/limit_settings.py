"""
Limits where the site keeps them: a chatbot's postmeta, a module's PHP-serialized option.

Written as the peer's own screens write them, so that these show what was written here.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from bridge.domain.errors import SettingsChangedError, UnwritableSettingsError
from bridge.domain.limits import UNLIMITED, LimitChange, Limits
from bridge.domain.quotas import Context, Module
from bridge.domain.sentences import Sentence
from bridge.store import peer_plugin
from bridge.store.php import serialize, unserialize, unserialize_exactly
from bridge.store.tx import Tx
from bridge.store.wp_options import read_options

Decide = Callable[[Limits], LimitChange]

_ROLES_KEY = peer_plugin.BOT_KEY_PREFIX + peer_plugin.ROLES_FIELD
_KEYS = (
    *(peer_plugin.BOT_KEY_PREFIX + name for name in peer_plugin.FIELD_NAMES.values()),
    _ROLES_KEY,
)
_METAS = """
    SELECT post_id, meta_key, meta_value FROM {p}postmeta
     WHERE post_id IN %(bots)s AND meta_key IN %(keys)s ORDER BY meta_id DESC
"""
_LOCK_BOT = """
    SELECT ID FROM {p}posts
     WHERE ID = %(bot)s AND post_type = %(type)s AND post_status = 'publish' FOR UPDATE
"""
_SET_META = "UPDATE {p}postmeta SET meta_value = %s WHERE post_id = %s AND meta_key = %s"
_ADD_META = "INSERT INTO {p}postmeta (meta_value, post_id, meta_key) VALUES (%s, %s, %s)"
_DELETE_META = "DELETE FROM {p}postmeta WHERE post_id = %s AND meta_key = %s"
_LOCK_OPTION = "SELECT option_value FROM {p}options WHERE option_name = %s FOR UPDATE"
_SET_OPTION = "UPDATE {p}options SET option_value = %s WHERE option_name = %s"
_ADD_OPTION = """
    INSERT IGNORE INTO {p}options (option_value, option_name, autoload) VALUES (%s, %s, 'no')
"""


def read_limits(tx: Tx, contexts: Collection[Context]) -> dict[Context, Limits]:
    """Return the stored limits of chatbots and modules; empty ones where nothing is stored."""
    bots = _read_metas(tx, tuple(c.bot_id for c in contexts if c.bot_id is not None))
    options = read_options(tx, peer_plugin.SETTINGS_OPTION.values())
    return {context: _stored(context, bots, options) for context in contexts}


def _stored(
    context: Context,
    bots: Mapping[int, Mapping[str, str | None]],
    options: Mapping[str, str],
) -> Limits:
    if context.bot_id is not None:
        return _of_bot(bots.get(context.bot_id, {}))
    option = unserialize(options.get(peer_plugin.SETTINGS_OPTION[context.module]))
    return peer_plugin.limits_in(peer_plugin.module_fields(option))


def _of_bot(metas: Mapping[str, str | None]) -> Limits:
    return peer_plugin.limits_in(peer_plugin.bot_fields(metas))


def _read_metas(
    tx: Tx, bots: Collection[int], *, lock: str = ""
) -> dict[int, dict[str, str | None]]:
    """Of rows of one key the oldest counts, as in WordPress."""
    metas: dict[int, dict[str, str | None]] = {}
    rows = tx.all(_METAS + lock, {"bots": tuple(bots), "keys": _KEYS}) if bots else []
    for row in rows:
        metas.setdefault(row["post_id"], {})[row["meta_key"]] = row["meta_value"]
    return metas


def update_limits(tx: Tx, context: Context, decide: Decide) -> LimitChange | None:
    """
    Write what *decide* makes of the stored limits, whose rows stay locked; None: no such chatbot.

    Raises:
        UnwritableSettingsError: A module's option cannot be written without a loss.
        SettingsChangedError: WordPress made the option at the same moment.
    """
    if context.bot_id is not None:
        return _update_bot(tx, context.bot_id, decide)
    return _update_module(tx, context.module, decide)


def _update_bot(tx: Tx, bot: int, decide: Decide) -> LimitChange | None:
    if tx.one(_LOCK_BOT, {"bot": bot, "type": peer_plugin.CHATBOT_TYPE}) is None:
        return None
    metas = _read_metas(tx, [bot], lock="FOR UPDATE").get(bot, {})
    change = decide(_of_bot(metas))
    texts = {peer_plugin.FIELD_NAMES[name]: value for name, value in change.fields.items()}
    if change.roles:
        roles = {**peer_plugin.json_object(metas.get(_ROLES_KEY)), **change.roles}
        kept = {role: limit for role, limit in roles.items() if limit is not None}
        text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
        texts[peer_plugin.ROLES_FIELD] = text if kept else ""
    for name, value in texts.items():
        _write_meta(tx, bot, peer_plugin.BOT_KEY_PREFIX + name, value, metas)
    return change


def _write_meta(tx: Tx, bot: int, key: str, value: str, metas: Mapping[str, str | None]) -> None:
    """Write all rows of a key, or add one; like the peer, keep no row that says nothing."""
    if not value:
        tx.run(_DELETE_META, (bot, key))
    else:
        tx.run(_SET_META if key in metas else _ADD_META, (value, bot, key))


def _update_module(tx: Tx, module: Module, decide: Decide) -> LimitChange:
    name = peer_plugin.SETTINGS_OPTION[module]
    row = tx.one(_LOCK_OPTION, (name,))
    change = decide(_stored(Context(module), {}, {name: row["option_value"]} if row else {}))
    if change:
        option = _option(row["option_value"]) if row else {}
        _apply(option, change)
        written = tx.run(_SET_OPTION if row else _ADD_OPTION, (serialize(option), name))
        if not written:
            raise SettingsChangedError(
                Sentence("WordPress has made the option {name} meanwhile.", name=name)
            )
    return change


def _option(text: str) -> dict[Any, Any]:
    option = unserialize_exactly(text)
    if not isinstance(option, dict):
        raise UnwritableSettingsError(
            Sentence(
                "The bridge cannot write this feature's settings without changing what else "
                "they hold. Nothing was saved; change the limits in WordPress."
            )
        )
    return option


def _apply(option: dict[Any, Any], change: LimitChange) -> None:
    """Change the fields in an option, whose keys are bytes; the peer keeps numbers as such."""
    key = peer_plugin.MODULE_FIELDS_KEY.encode()
    if not isinstance(option.get(key), dict):
        option[key] = {}
    fields = option[key]
    for name, value in change.fields.items():
        is_limit = name in ("user_limit", "guest_limit")
        fields[peer_plugin.FIELD_NAMES[name].encode()] = _number(value) if is_limit else value
    if change.roles:
        field = peer_plugin.ROLES_FIELD.encode()
        fields[field] = _with_roles(fields.get(field), change.roles)


def _number(limit: str) -> int | None:
    return None if limit == UNLIMITED else int(limit)


def _with_roles(stored: object, changes: Mapping[str, str | None]) -> dict[Any, Any] | str:
    """Return the limits of roles in the form that they had: an array, else JSON."""
    limits = {role: int(limit) if limit else limit for role, limit in changes.items()}
    if isinstance(stored, dict):
        return stored | {role.encode(): limit for role, limit in limits.items()}
    text = stored.decode() if isinstance(stored, bytes) else ""
    roles = peer_plugin.json_object(text) | limits
    return json.dumps(roles, separators=(",", ":")).replace("/", "\\/")
