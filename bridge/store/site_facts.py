"""What a database tells of a WordPress site before the bridge has ever worked on it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bridge.domain.ids import UserId
from bridge.store.tx import Tx
from bridge.store.wp_users import capabilities_key, roles_in

_OPTIONS_TABLES = """
    SELECT own.table_name AS name FROM information_schema.tables own
      JOIN information_schema.tables posts ON posts.table_schema = DATABASE()
       AND posts.table_name = INSERT(own.table_name, CHAR_LENGTH(own.table_name) - 6, 7, 'posts')
     WHERE own.table_schema = DATABASE() AND own.table_name LIKE '%options'
     ORDER BY own.table_name
"""
_OWNERS = """
    SELECT person.ID AS id, person.user_login AS login, meta.meta_value AS roles
      FROM {u}users person
      JOIN {u}usermeta meta ON meta.user_id = person.ID AND meta.meta_key = %s
     WHERE meta.meta_value LIKE '%%administrator%%' OR meta.meta_value LIKE '%%shop\\_manager%%'
     ORDER BY person.ID LIMIT 1000
"""
_SITES = "SELECT blog_id, domain, path FROM {u}blogs ORDER BY blog_id LIMIT 10000"
_HAS_OPTION = "SELECT 1 FROM `{table}` WHERE option_name = %s"
_TABLES = """
    SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name IN %s
"""


@dataclass(frozen=True, slots=True)
class ShopPerson:
    """Somebody in whose name the bridge may ask the shop."""

    user_id: UserId
    login: str
    is_administrator: bool


@dataclass(frozen=True, slots=True)
class NetworkSite:
    """A site of a network."""

    blog_id: int
    address: str  # host and path, without scheme and without a slash at the end

    def prefix(self, base: str) -> str:
        """Return that of its tables, which begins with the network's own."""
        return base if self.blog_id == 1 else f"{base}{self.blog_id}_"


def list_prefixes(tx: Tx) -> Sequence[str]:
    """Return the table prefixes of the WordPress sites in this database."""
    return [str(row["name"]).removesuffix("options") for row in tx.all(_OPTIONS_TABLES)]


def find_tables(tx: Tx, names: Collection[str]) -> frozenset[str]:
    """Return which of the named tables exist."""
    return frozenset(str(row["name"]) for row in tx.all(_TABLES, (tuple(names),)))


def find_shop_person(tx: Tx) -> ShopPerson | None:
    """Return the first administrator, else the first shop manager."""
    people = []
    for row in tx.all(_OWNERS, (capabilities_key(tx),)):
        roles = roles_in(row["roles"], ("administrator", "shop_manager"))
        if roles:
            is_administrator = "administrator" in roles
            people.append(ShopPerson(UserId(row["id"]), row["login"], is_administrator))
    return min(people, key=lambda one: (not one.is_administrator, one.user_id), default=None)


def list_network(tx: Tx) -> Sequence[NetworkSite]:
    """Return the sites of the network; empty where there is none."""
    if not tx.has_table(f"{tx.users_prefix}blogs"):
        return []
    return [
        NetworkSite(int(row["blog_id"]), f"{row['domain']}{row['path']}".rstrip("/"))
        for row in tx.all(_SITES)
    ]


def list_others_with_option(tx: Tx, name: str) -> Sequence[NetworkSite]:
    """Return the network's other sites that have stored an option."""
    tables = {f"{site.prefix(tx.users_prefix)}options": site for site in list_network(tx)}
    tables.pop(f"{tx.site_prefix}options", None)
    return [
        tables[table]
        for table in sorted(find_tables(tx, tables) if tables else ())
        if tx.one(_HAS_OPTION.format(table=table), (name,))
    ]
