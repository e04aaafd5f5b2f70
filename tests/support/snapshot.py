"""A database as it was, to be put back between tests: all its rows, tables, counters, and more."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from demo.private_server import PrivateServer

_TABLES = """
    SELECT table_name, auto_increment FROM information_schema.tables
     WHERE table_schema = %s AND table_type = 'BASE TABLE' ORDER BY table_name
"""
_COLUMNS = """
    SELECT table_name, column_name, ordinal_position, column_type, is_nullable, column_default,
           extra, collation_name
      FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 3
"""
_INDEXES = """
    SELECT table_name, index_name, seq_in_index, column_name, non_unique, sub_part
      FROM information_schema.statistics WHERE table_schema = %s ORDER BY 1, 2, 3
"""
_CHANGES = """
    SHOW GLOBAL STATUS WHERE Variable_name IN (
      'Com_alter_table', 'Com_create_index', 'Com_create_trigger', 'Com_create_view',
      'Com_drop_index', 'Com_drop_table', 'Com_drop_trigger', 'Com_rename_table',
      'Com_truncate')
"""
_ROWS_CHANGED = """
    SELECT table_name, rows_changed FROM information_schema.table_statistics
     WHERE table_schema = %s AND @@userstat
"""
_TRIGGERS = """
    SELECT trigger_name, event_object_table FROM information_schema.triggers
     WHERE trigger_schema = %s ORDER BY 1
"""
_GLOBALS = """
    SELECT variable_name, global_value FROM information_schema.system_variables
     WHERE read_only = 'NO' AND global_value IS NOT NULL AND variable_name NOT LIKE 'GTID%'
       AND variable_name NOT LIKE 'INNODB_BUFFER_POOL%'
"""
_SUM_OF_GLOBALS = f"SELECT SUM(CRC32(CONCAT(variable_name, global_value))) FROM ({_GLOBALS}) g"
_OPEN = """
    SELECT t.trx_mysql_thread_id FROM information_schema.innodb_trx t
      JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
     WHERE p.db = %s AND p.id <> CONNECTION_ID()
"""
Rows = tuple[tuple[Any, ...], ...]


@dataclass
class Snapshot:
    """
    Keeps a copy of every table of one database, whatever tables there are.

    What a test can leave behind and `put_back` takes away: rows, AUTO_INCREMENT counters, tables,
    columns, indexes, triggers, the server's global variables (a clock among them), and sessions
    that still hold locks. Tables are filled again if the server has counted changes of their rows.
    """

    server: PrivateServer
    name: str
    state: str = "kept"

    def __post_init__(self) -> None:
        """Copy the database as it is now; *state* tells several copies of one apart."""
        self._kept = f"{self.name}_{self.state}"
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {self._kept}")
            cursor.execute("SET GLOBAL userstat = 1")
            self._rows_seen = self._rows_changed(cursor)
            tables = self._counters(cursor)
            for table in tables:
                cursor.execute(f"CREATE TABLE {self._kept}.{table} LIKE {self.name}.{table}")
                cursor.execute(f"INSERT INTO {self._kept}.{table} SELECT * FROM {table}")
            self._counters_kept = tables
            self._shape_kept = self._shape(cursor)
            self._globals_kept = _globals(cursor)
            self._sum_of_globals_kept = _sum_of_globals(cursor)
            self._changes_seen = _changes(cursor)

    def put_back(self) -> None:
        """Let the database be as it was when this was made."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET lock_wait_timeout = 1, innodb_lock_wait_timeout = 1")
            while not self._could_put_back(cursor):
                self._end_transactions(cursor)

    def _could_put_back(self, cursor: Cursor) -> bool:
        """Put everything back; say no if somebody still holds locks."""
        try:
            self._put_back(cursor)
        except pymysql.OperationalError as error:
            if error.args[0] != ER.LOCK_WAIT_TIMEOUT:
                raise
            return False
        return True

    def _put_back(self, cursor: Cursor) -> None:
        may_differ = self._may_have_another_shape(cursor)
        if may_differ and self._shape(cursor) != self._shape_kept:
            self._make_tables_anew(cursor)
        rows_changed = self._rows_changed(cursor)
        is_sure = rows_changed and not may_differ and not self._has_open_transactions(cursor)
        self._refill(
            cursor,
            [
                table
                for table in self._counters_kept
                if not is_sure or rows_changed.get(table, 0) != self._rows_seen.get(table, 0)
            ],
        )
        self._put_counters_back(cursor)
        self._put_globals_back(cursor)
        self._changes_seen = _changes(cursor)

    def _refill(self, cursor: Cursor, tables: list[str]) -> None:
        """Fill these tables again; what others change meanwhile is seen the next time."""
        cursor.execute(
            "SET foreign_key_checks = 0, unique_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO',"
            " GLOBAL userstat = 1"  # which a server that was started anew has forgotten
        )
        rows_changed = self._rows_changed(cursor)
        cursor.execute("START TRANSACTION")
        for table in tables:
            deleted = cursor.execute(f"DELETE FROM {table}")
            inserted = cursor.execute(f"INSERT INTO {table} SELECT * FROM {self._kept}.{table}")
            rows_changed[table] = rows_changed.get(table, 0) + deleted + inserted
        cursor.execute("COMMIT")
        self._rows_seen = rows_changed

    def drop(self) -> None:
        """Forget it; the database stays as it is."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {self._kept}")

    def _connect(self) -> Any:
        return self.server.connect(database=self.name)

    def _counters(self, cursor: Cursor) -> dict[str, int | None]:
        """Return all tables, each with the id that comes next."""
        cursor.execute(_TABLES, (self.name,))
        return dict(cast("tuple[tuple[str, int | None], ...]", cursor.fetchall()))

    def _may_have_another_shape(self, cursor: Cursor) -> bool:
        """Say whether to compare all columns, which takes as long as all the rest."""
        if _changes(cursor) != self._changes_seen:
            return True
        return self._counters(cursor).keys() != self._counters_kept.keys()

    def _shape(self, cursor: Cursor) -> list[Rows]:
        shape = []
        for sql in (_COLUMNS, _INDEXES, _TRIGGERS):
            cursor.execute(sql, (self.name,))
            shape.append(cursor.fetchall())
        return shape

    def _rows_changed(self, cursor: Cursor) -> dict[str, int]:
        """Return how many rows of each table were changed; nothing if the server did not count."""
        cursor.execute(_ROWS_CHANGED, (self.name,))
        return dict(cast("tuple[tuple[str, int], ...]", cursor.fetchall()))

    def _has_open_transactions(self, cursor: Cursor) -> bool:
        return bool(cursor.execute(_OPEN, (self.name,)))

    def _end_transactions(self, cursor: Cursor) -> None:
        """End sessions that a test left in a transaction; all others have ended theirs by now."""
        cursor.execute("ROLLBACK")
        cursor.execute(_OPEN, (self.name,))
        for (number,) in cursor.fetchall():
            with suppress(pymysql.OperationalError):  # one that has just ended by itself
                cursor.execute(f"KILL {number}")

    def _make_tables_anew(self, cursor: Cursor) -> None:
        cursor.execute(f"DROP DATABASE {self.name}")
        cursor.execute(f"CREATE DATABASE {self.name}")
        cursor.execute(f"USE {self.name}")
        for table in self._counters_kept:
            cursor.execute(f"CREATE TABLE {table} LIKE {self._kept}.{table}")

    def _put_counters_back(self, cursor: Cursor) -> None:
        for table, counter in self._counters(cursor).items():
            kept = self._counters_kept[table]
            if counter != kept:
                cursor.execute(f"ALTER TABLE {table} AUTO_INCREMENT = {kept}")

    def _put_globals_back(self, cursor: Cursor) -> None:
        if _sum_of_globals(cursor) == self._sum_of_globals_kept:
            return
        for name, value in _globals(cursor).items():
            kept = self._globals_kept[name]
            if value != kept:
                cursor.execute(f"SET GLOBAL {name} = %s", (int(kept) if kept.isdigit() else kept,))


def _changes(cursor: Cursor) -> Rows:
    """Return how often the server has changed the shape of anything."""
    cursor.execute(_CHANGES)
    return cursor.fetchall()


def _sum_of_globals(cursor: Cursor) -> object:
    """Return what tells whether any of `_globals` is another one: to read all takes longer."""
    cursor.execute(_SUM_OF_GLOBALS)
    return cursor.fetchone()


def _globals(cursor: Cursor) -> dict[str, str]:
    """Return the server's variables that can be set while it runs."""
    cursor.execute(_GLOBALS)
    return dict(cast("tuple[tuple[str, str], ...]", cursor.fetchall()))
