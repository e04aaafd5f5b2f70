"""Rows of `options`, and of a network's `sitemeta`, to the byte: changed, and put back later."""

from collections.abc import Collection
from enum import StrEnum

from bridge.store.tx import Tx


class Shelf(StrEnum):
    """Where a value stands."""

    SITE = "site"
    NETWORK = "network"


_READ = {
    Shelf.SITE: "SELECT option_value AS value FROM {p}options WHERE option_name = %s",
    Shelf.NETWORK: "SELECT meta_value AS value FROM {u}sitemeta WHERE meta_key = %s",
}
# What only the plugin's own pages need is loaded by none of the others.
_INSERT = {
    Shelf.SITE: """
        INSERT INTO {p}options (option_name, option_value, autoload) VALUES (%s, %s, 'no')
    """,
    Shelf.NETWORK: "INSERT INTO {u}sitemeta (site_id, meta_key, meta_value) VALUES (1, %s, %s)",
}
_UPDATE = {
    Shelf.SITE: "UPDATE {p}options SET option_value = %s WHERE option_name = %s",
    Shelf.NETWORK: "UPDATE {u}sitemeta SET meta_value = %s WHERE meta_key = %s",
}
_DELETE = {
    Shelf.SITE: "DELETE FROM {p}options WHERE option_name = %s",
    Shelf.NETWORK: "DELETE FROM {u}sitemeta WHERE meta_key = %s",
}
_BEGINNING_WITH = """
    SELECT option_name FROM {p}options WHERE option_name LIKE %s OR option_name LIKE %s
        OR option_name LIKE %s
"""


def lock_value(tx: Tx, shelf: Shelf, name: str) -> str | None:
    """Return a value as it is stored, held until the transaction ends; None without a row."""
    row = tx.one(f"{_READ[shelf]} FOR UPDATE", (name,))
    return None if row is None else str(row["value"])


def read_value(tx: Tx, shelf: Shelf, name: str) -> str | None:
    """Return a value as it is stored; None without a row."""
    row = tx.one(_READ[shelf], (name,))
    return None if row is None else str(row["value"])


def write_value(tx: Tx, shelf: Shelf, name: str, value: str | None) -> None:
    """Store a value that was locked; None takes its row away."""
    if value is None:
        tx.run(_DELETE[shelf], (name,))
    elif read_value(tx, shelf, name) is None:
        tx.run(_INSERT[shelf], (name, value))
    else:
        tx.run(_UPDATE[shelf], (value, name))


def names_beginning_with(tx: Tx, prefix: str) -> Collection[str]:
    """Return the site's options with a prefix, and its transients with that prefix."""
    escaped = prefix.replace("_", "\\_")
    likes = [f"{kind}{escaped}%" for kind in ("", "\\_transient\\_", "\\_transient\\_timeout\\_")]
    return [str(row["option_name"]) for row in tx.all(_BEGINNING_WITH, likes)]
