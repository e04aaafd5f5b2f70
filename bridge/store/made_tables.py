"""The tables that `migrate` makes, as far as `init --undo` may take them away again."""

import re
from collections.abc import Collection, Sequence

from bridge.store.migrate import known_migrations
from bridge.store.site_facts import find_tables
from bridge.store.tx import Tx

_MADE = re.compile(r"CREATE TABLE IF NOT EXISTS (?P<name>\{[pu]\}\w+)")
_OTHER_BRIDGES = """
    SELECT COUNT(*) AS number FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name LIKE '%aipkit\\_bridge\\_migrations'
"""
_WITH_BOOKS = (
    "{u}aipkit_bridge_accounts",
    "{p}aipkit_bridge_orders",
    "{u}aipkit_bridge_holds",
    "{p}aipkit_bridge_guests",
)
"""If one of these has a row, the bridge has booked something or may have."""


def list_made(tx: Tx) -> frozenset[str]:
    """Return the names of all tables that `migrate` would make and that exist now."""
    return find_tables(tx, [_name(tx, name) for name in _all()])


def has_books(tx: Tx) -> bool:
    """Say whether anything was booked with these tables."""
    names = find_tables(tx, [_name(tx, name) for name in _WITH_BOOKS])  # some may be gone by now
    return any(tx.one(f"SELECT 1 FROM {name} LIMIT 1") for name in names)  # noqa: S608  # ours


def list_droppable(tx: Tx, existed: Collection[str]) -> Sequence[str]:
    """Return which tables came by `migrate`, are empty or the bridge's own, and nobody else's."""
    found = []
    row = tx.one(_OTHER_BRIDGES)
    is_shared = row is not None and row["number"] > 1
    for name in sorted(list_made(tx) - {*existed}):
        if is_shared and name in {tx.users_prefix + shared for shared in _SHARED}:
            continue
        if "aipkit_bridge_" in name or tx.one(f"SELECT 1 FROM `{name}` LIMIT 1") is None:  # noqa: S608  # ours
            found.append(name)
    return found


def drop_sql(name: str) -> str:
    """Return the statement that drops a table of `list_droppable`."""
    return f"DROP TABLE IF EXISTS `{name}`"


def _all() -> Sequence[str]:
    texts = [text for migration in known_migrations() for text in migration.statements]
    return ["{p}aipkit_bridge_migrations", *(m["name"] for t in texts for m in _MADE.finditer(t))]


def _name(tx: Tx, name: str) -> str:
    return name.replace("{p}", tx.site_prefix).replace("{u}", tx.users_prefix)


_SHARED = frozenset(name.removeprefix("{u}") for name in _all() if name.startswith("{u}"))
"""Tables that all sites of a network use together."""
