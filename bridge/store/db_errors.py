"""The error codes of MySQL and MariaDB: what passes by itself, and what callers are told."""

import pymysql

from bridge.domain.errors import (
    DatabaseBusyError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    NotMigratedError,
)
from bridge.domain.sentences import Sentence

DUPLICATE_KEY = 1062

_EXISTS = frozenset({1060, 1061})
"""A column, a key is there already."""

_NO_SUCH_TABLE = 1146

_UNKNOWN_COLUMN = 1054

BUSY = frozenset({1213, 1205, 1020, 3101, 1180, 1305})
"""
Deadlock, lock wait, record changed (MariaDB), certification failures (MySQL, Galera), and the
savepoint that went with its transaction.
"""

LOCKED = frozenset({1205, 3572})
"""`NOWAIT` met a lock (MariaDB says what it says after a wait; MySQL has a code of its own)."""

_NO_SUCH_KEY = 1176

LOST = frozenset({2006, 2013, 2055, 1047, 1053, 1927, 4031, 0, _NO_SUCH_KEY})
"""The connection is gone, the node left its cluster, or a key that the connection knew is gone."""

_READ_ONLY = frozenset({1290, 1836, 1792})
"""The server takes no writes, as a replica; a new connection may lead to another server."""

USELESS = LOST | _READ_ONLY
"""After these a connection is not lent again."""

_REFUSED = frozenset({2002, 2003, 1040, 1041, 1203, 1226})
"""No connection to be had, or no more statements this hour; it passes by itself."""

_FULL = frozenset({1021, 1114, 3})
"""No room for what is written."""


def code_of(error: pymysql.MySQLError) -> int:
    """Return the server's or driver's number of an error; 0 without one."""
    code = error.args[0] if error.args else 0
    return code if isinstance(code, int) else 0


def is_duplicate_key(error: pymysql.MySQLError) -> bool:
    """Say whether an INSERT met an existing unique key."""
    return code_of(error) == DUPLICATE_KEY


def adds_what_exists(error: pymysql.MySQLError) -> bool:
    """Say whether an ALTER found its column or key in place."""
    return code_of(error) in _EXISTS


def as_bridge_error(error: pymysql.MySQLError) -> Exception:
    """Translate what callers can act on; anything else is a defect of ours and stays as it is."""
    code = code_of(error)
    if code in (_NO_SUCH_TABLE, _UNKNOWN_COLUMN):
        return NotMigratedError(
            Sentence(
                "A table or column of the site is missing: run `aipkit-bridge migrate`, and "
                "check site.table_prefix."
            )
        )
    if code in BUSY:
        return DatabaseBusyError(
            Sentence("The database stayed busy (error {code}); try again.", code=code)
        )
    if code in LOST | _REFUSED:
        return DatabaseUnavailableError(
            Sentence("The database does not answer (error {code}); try again.", code=code)
        )
    if code in _READ_ONLY:
        return DatabaseUnavailableError(
            Sentence(
                "The database takes no writes now (error {code}: read-only); try again when "
                "it does.",
                code=code,
            )
        )
    if code in _FULL:
        return DatabaseUnavailableError(
            Sentence(
                "The database has no room to write (error {code}); make some, then try again.",
                code=code,
            )
        )
    if code in (1044, 1045, 1049, 1142, 1143, 1227, 1698):
        return DatabaseRefusedError(
            Sentence(
                "The database refuses the bridge (error {code}): check database.url and its "
                "rights.",
                code=code,
            )
        )
    return error
