"""Users of the database server: what the one in use may do, and one of the bridge's own."""

import re
from dataclasses import dataclass

from bridge.store.tx import Tx

_WHO = "SELECT CURRENT_USER() AS who, DATABASE() AS name"
_GRANTS = "SHOW GRANTS FOR CURRENT_USER()"
_CREATE = "CREATE USER %s@%s IDENTIFIED BY %s"
_GRANT = """
    GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON {name}.* TO %s@%s
"""
_DROP = "DROP USER IF EXISTS %s@%s"
_GRANT_LINE = re.compile(r"GRANT (?P<rights>.+?) ON (?P<on>\S+) TO .*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DatabaseUser:
    """A user as the server knows it, and the database that is in use."""

    name: str
    host: str
    database: str
    may_make_users: bool


def current_user(tx: Tx) -> DatabaseUser:
    """Return whom the server takes this connection for."""
    row = tx.one(_WHO)
    assert row is not None
    name, _, host = str(row["who"]).rpartition("@")
    lines = [str(next(iter(row.values()))) for row in tx.all(_GRANTS)]
    return DatabaseUser(name, host, str(row["name"]), _may_make_users(lines))


def _may_make_users(lines: list[str]) -> bool:
    """Say whether grants hold for the whole server both making users and handing rights on."""
    for line in lines:
        found = _GRANT_LINE.fullmatch(line)
        if found is None or found["on"] != "*.*" or "WITH GRANT OPTION" not in line:
            continue
        rights = {right.strip() for right in found["rights"].split(",")}
        if "CREATE USER" in rights or any(right.startswith("ALL") for right in rights):
            return True
    return False


def make_user(tx: Tx, name: str, host: str, password: str, database: str) -> None:
    """Make a user who may do what the bridge does, in one database."""
    tx.run(_CREATE, (name, host, password))
    # In a GRANT `_` and `%` of a database's name stand for any letters.
    quoted = database.replace("`", "``").replace("_", "\\_").replace("%", "\\%%")
    tx.run(_GRANT.replace("{name}", f"`{quoted}`"), (name, host))


def drop_user(tx: Tx, name: str, host: str) -> None:
    """Take a user away, if it is there."""
    tx.run(_DROP, (name, host))
