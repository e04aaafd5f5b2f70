"""What is found out about a site before anything is changed, and what would stand in the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.domain.php_expressions import Unknown
from bridge.domain.wp_config import WpConfig
from bridge.services.setup.errors import SetupError
from bridge.services.setup.login import Ask
from bridge.store import active_plugins, peer_plugin
from bridge.store.database_users import DatabaseUser, current_user
from bridge.store.db import Database
from bridge.store.raw_options import Shelf, read_value
from bridge.store.server import describe, read_engines
from bridge.store.shop_keys import TABLE as KEYS_TABLE
from bridge.store.site_facts import (
    NetworkSite,
    ShopPerson,
    find_shop_person,
    find_tables,
    list_network,
    list_prefixes,
)
from bridge.store.tx import Tx
from bridge.store.wp_options import read_options

_ORDERS_IN_TABLES = "woocommerce_custom_orders_table_enabled"
_OPTIONS = (
    "home", "blogname", "permalink_structure", "woocommerce_version", _ORDERS_IN_TABLES,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prefixes:
    """How a site's tables are named."""

    site: str
    users: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSite:
    """A site that can be connected."""

    prefixes: Prefixes
    home: str
    name: str
    server: str
    database_user: DatabaseUser
    woocommerce_version: str
    orders_in_tables: bool
    has_peer: bool
    is_network: bool
    key_owner: ShopPerson


def find_prefixes(config: WpConfig | None, db: Database, ask: Ask) -> Prefixes:
    """Find how the tables are named; in a network those of its first site."""
    base = _base_prefix(config, db, ask)
    return Prefixes(base, _users_prefix(config, base))


def is_network(config: WpConfig | None) -> bool:
    """Say whether the site is one of a network."""
    return config is not None and config.constant("MULTISITE") in (True, 1, "1", "true")


def _base_prefix(config: WpConfig | None, db: Database, ask: Ask) -> str:
    """Return `$table_prefix`: as the file says, else the only one that the database has."""
    said = config.variable("table_prefix") if config else Unknown("is not known")
    if isinstance(said, str):
        return said
    with db.reading() as tx:
        found = list_prefixes(tx)
    if not found:
        raise SetupError("This database has no WordPress: check DB_NAME and the host.")
    if len(found) == 1:
        return found[0]
    why = said.why if isinstance(said, Unknown) else "is no text"
    return ask("$table_prefix", f"$table_prefix {why}; there are {', '.join(found)}.")


def _users_prefix(config: WpConfig | None, base: str) -> str:
    users, metas = "CUSTOM_USER_TABLE", "CUSTOM_USER_META_TABLE"
    if config is None or users not in config.constants:
        return base
    names = (config.constant(users), config.constant(metas))
    prefixes = {
        str(name).removesuffix(ending)
        for name, ending in zip(names, ("users", "usermeta"), strict=True)
        if isinstance(name, str) and name.endswith(ending)
    }
    if len(prefixes) != 1 or not all(isinstance(name, str) for name in names):
        raise SetupError(
            f"{users} and {metas} must name the tables PREFIXusers and PREFIXusermeta with one "
            "prefix: the bridge finds users by it."
        )
    return prefixes.pop()


def of_network(db: Database, prefixes: Prefixes, site: str) -> Prefixes:
    """
    Return the prefixes of one of a network's sites, by its address.

    Raises:
        SetupError: There is none.
    """
    with db.reading() as tx:
        sites = list_network(tx)
    wanted = site.split("://")[-1].rstrip("/").lower()
    for one in sites:
        if one.address.lower() == wanted:
            return Prefixes(one.prefix(prefixes.site), prefixes.users)
    raise SetupError(f"“{site}” is no site of this network, which has {_named(sites)}.")


def _named(sites: Sequence[NetworkSite]) -> str:
    return ", ".join(one.address for one in sites) or "no other"


def find_site(db: Database, prefixes: Prefixes, *, is_network: bool) -> FoundSite:
    """
    Find what there is.

    Raises:
        SetupError: Something stands in the way; the text says what to do.
    """
    with db.reading() as tx:
        _check_tables(tx)
        options = read_options(tx, _OPTIONS)
        if not options.get("home"):
            raise SetupError(f"The table {prefixes.site}options names no address (home).")
        _check_shop(tx, options, is_network=is_network)
        person = find_shop_person(tx)
        if person is None:
            raise SetupError(
                "The site has no administrator and no shop manager in whose name the bridge could "
                "ask the shop: make one, or check CUSTOM_USER_TABLE."
            )
        return FoundSite(
            prefixes=prefixes,
            home=options["home"].rstrip("/"),
            name=options.get("blogname", ""),
            server=describe(tx)["version"],
            database_user=current_user(tx),
            woocommerce_version=options.get("woocommerce_version", ""),
            orders_in_tables=options.get(_ORDERS_IN_TABLES) == "yes",
            has_peer=has_plugin(tx, peer_plugin.PLUGIN_FILE),
            is_network=is_network,
            key_owner=person,
        )


def has_plugin(tx: Tx, plugin: str) -> bool:
    """Say whether a plugin is active, here or for the whole network."""
    shelves = [Shelf.SITE]
    if tx.has_table(f"{tx.users_prefix}sitemeta"):
        shelves.append(Shelf.NETWORK)
    return any(
        active_plugins.is_active(
            read_value(tx, shelf, active_plugins.OPTION[shelf]), shelf, plugin
        )
        for shelf in shelves
    )


def _check_tables(tx: Tx) -> None:
    needed = (f"{tx.site_prefix}options", f"{tx.users_prefix}users", f"{tx.users_prefix}usermeta")
    missing = [name for name in needed if name not in find_tables(tx, needed)]
    if missing:
        raise SetupError(
            f"The database has no table {missing[0]}: check $table_prefix and DB_NAME."
        )
    metas = needed[-1]
    if read_engines(tx, [metas])[metas].lower() != "innodb":
        raise SetupError(
            f"Table {metas} has no transactions: run ALTER TABLE {metas} ENGINE=InnoDB, and "
            "then this again."
        )


def _check_shop(tx: Tx, options: Mapping[str, str], *, is_network: bool) -> None:
    has_keys = tx.has_table(tx.site_prefix + KEYS_TABLE)
    if not has_keys or not options.get("woocommerce_version"):
        others = (
            f", or name the site that has it by --site, of {_named(list_network(tx))}"
            if is_network
            else ""
        )
        raise SetupError(
            f"{options['home']} has no WooCommerce: install and activate it{others}; then run "
            "this again."
        )
    if not options.get("permalink_structure"):
        raise SetupError(
            "WooCommerce's API needs readable addresses: in Settings > Permalinks choose any but "
            "“Plain”, then run this again."
        )


@dataclass(frozen=True, slots=True)
class WordPressFolders:
    """Where WordPress's code is on this machine."""

    content: Path
    plugins: Path

    @property
    def has_object_cache(self) -> bool:
        """Whether options are kept outside the database too, until that is told to forget."""
        return (self.content / "object-cache.php").exists()


def find_folders(config_file: Path, config: WpConfig, ask: Ask) -> WordPressFolders:
    """Find the folder of the plugins, as wp-config.php or WordPress's own place tell it."""
    content = config.constant("WP_CONTENT_DIR")
    plugins = config.constant("WP_PLUGIN_DIR")
    if not isinstance(content, str):
        content = str(_find_root(config_file, config, ask) / "wp-content")
    return WordPressFolders(
        Path(content), Path(plugins) if isinstance(plugins, str) else Path(content) / "plugins"
    )


def _find_root(config_file: Path, config: WpConfig, ask: Ask) -> Path:
    """WordPress's own folder: where the file is, or one below, since it may stand above."""
    said = config.constant("ABSPATH")
    beside = [config_file.parent, *sorted(p for p in config_file.parent.iterdir() if p.is_dir())]
    known = [Path(said)] if isinstance(said, str) else []
    for folder in (*known, *beside):
        if (folder / "wp-includes" / "version.php").is_file():
            return folder
    return Path(ask("ABSPATH", f"WordPress's folder is not beside {config_file}."))
