"""
Statements of a connection in use, and in which packets they are sent.

SQL texts name tables as ``{p}orders`` (site prefix) and ``{u}usermeta`` (users' prefix), and the
keys of that one as ``{by_user}`` and ``{by_row}``; this is the one place that puts these in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

import pymysql
from sqlalchemy.pool import PoolProxiedConnection

from bridge.store.columns import utc
from bridge.store.connections import Connection
from bridge.store.db_errors import LOCKED, code_of
from bridge.store.values import NewIds, with_rows

T = TypeVar("T")
Row = dict[str, Any]
Args = Mapping[str, object] | Sequence[object] | None

_HAS_TABLE = """
    SELECT 1 FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name = %s
"""
_WHOLE = "whole"
"""The savepoint that stands from START TRANSACTION to COMMIT."""


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """A statement that returns rows, and what they say."""

    sql: str
    args: Args
    read: Callable[[list[Row]], T]


class RowsBusyError(Exception):
    """Somebody else holds a row that was to be locked without waiting; roll back."""


class UnwatchedStatementError(Exception):
    """
    A statement that nobody watched was refused, by a key or by a column.

    All is rolled back: the same again, watching each statement, tells which it was and why.
    """


@lru_cache(512)
def _with_names(sql: str, names: tuple[tuple[str, str], ...]) -> str:
    for name, text in names:
        sql = sql.replace(name, text)
    return sql


class Tx:
    """One connection in use; inside `Database.transaction` also one transaction."""

    def __init__(
        self,
        connection: PoolProxiedConnection,
        prefixes: Mapping[str, str],
        tables: set[str],
    ) -> None:
        self._connection = cast("Connection", connection.dbapi_connection)
        self._cursor = self._connection.cursor()
        self._names = (*prefixes.items(), *self._connection.hints.items())
        self._tables = tables
        self._later: list[str] = []
        self._has_begun = False
        self._numbered: dict[int, NewIds] = {}
        """Those of `_later`, by their place in it, whose rows get ids."""
        self._is_unwatched = False
        self.site_prefix = prefixes["{p}"]
        self.users_prefix = prefixes["{u}"]

    def begin(self) -> None:
        """
        Begin a transaction, in one packet with its first statement.

        A node of Galera that aborts a transaction between two statements of a packet says so to
        nobody and goes on with the next one: its writes would stand without those before. So the
        session commits nothing by itself meanwhile, and COMMIT is reached only past a savepoint
        that is as old as the transaction, and gone with it.
        """
        if self._connection.is_clustered:
            self._later += ["SET autocommit = 0", "START TRANSACTION", f"SAVEPOINT {_WHOLE}"]
        else:
            self._later.append("START TRANSACTION")

    def commit(self) -> None:
        """Commit; a transaction that is not whole any more raises, with code 1305."""
        if self._connection.is_clustered:
            self._later += [f"RELEASE SAVEPOINT {_WHOLE}", "COMMIT"]
            self._send("SET autocommit = 1")
        else:
            self._send("COMMIT")

    def roll_back(self) -> None:
        """Undo everything; what waits to be sent is dropped first, lest it stand alone."""
        self._later, self._numbered = [], {}
        if not self._has_begun:
            return
        if self._connection.is_clustered:
            self._later.append("ROLLBACK")
            self._send("SET autocommit = 1")
        else:
            self._send("ROLLBACK")

    def run(self, sql: str, args: Args = None) -> int:
        """Run a statement; return how many rows it *changed* (not: matched)."""
        return self._send(self._prefixed(sql), args)

    def _send(self, sql: str, args: Args = None) -> int:
        """As `run`, of a text that has its prefixes: values in it may look like them."""
        if not self._later:
            self._has_begun = True
            self._cursor.execute(sql, args)
        else:
            self._send_packet(self._cursor.mogrify(sql, args))
        return int(self._cursor.rowcount)

    def _send_packet(self, *texts: str) -> None:
        """Send what waits, and these behind it; the cursor is then at the first of these."""
        before, numbered = self._later, self._numbered
        self._later, self._numbered = [], {}
        self._has_begun = True
        try:
            self._cursor.execute(";\n".join((*before, *texts)))
            for place in range(len(before)):
                if place in numbered:
                    numbered[place].begin_at(int(self._cursor.lastrowid))
                self._cursor.nextset()
        except (pymysql.IntegrityError, pymysql.DataError) as error:
            if self._is_unwatched:
                raise UnwatchedStatementError from error
            raise

    def later(self, sql: str, args: Args = None) -> None:
        """
        Send a statement in one packet with the next one that is run: nobody waits for its answer.

        An error of it is raised there. COMMIT sends what is left.
        """
        self._later.append(self._cursor.mogrify(self._prefixed(sql), args))

    def _prefixed(self, sql: str) -> str:
        return _with_names(sql, self._names)

    def insert(self, sql: str, args: Args = None) -> int:
        """Run an INSERT; return the id that the database gave."""
        self.run(sql, args)
        return int(getattr(self._cursor, "lastrowid", 0) or 0)

    def insert_many(self, sql: str, rows: Sequence[Sequence[object]]) -> int:
        """Run one INSERT of many rows, at ``{rows}`` of *sql*; return how many rows it changed."""
        return self._send(with_rows(self._prefixed(sql), rows))

    def insert_and_number(self, sql: str, rows: Sequence[Sequence[object]]) -> list[int]:
        """
        As `insert_many`; return the id that each row was given, in their order.

        How far apart ids are changes while a cluster runs, so the database itself tells them.
        MySQL cannot; there a statement's rows follow each other by a step that is fixed.
        """
        text = with_rows(self._prefixed(sql), rows)
        if self._connection.returns_ids:
            self._send(f"{text.rstrip()} RETURNING id")
            return [int(row["id"]) for row in self._cursor.fetchall()]
        self._later.append(text)
        row = self.one("SELECT LAST_INSERT_ID() AS first, @@auto_increment_increment AS step")
        assert row is not None
        return [int(row["first"]) + number * int(row["step"]) for number in range(len(rows))]

    def insert_unwatched(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """
        As `insert_many_later`, of rows that are seldom refused.

        Raises:
            UnwatchedStatementError: From whatever sends it or what comes behind it, if a key or a
                column refuses a row.
        """
        self._is_unwatched = True
        self.insert_many_later(sql, rows)

    @property
    def can_number_later(self) -> bool:
        """Whether `insert_and_number_later` may be used: a node of a cluster tells ids itself."""
        return not self._connection.is_clustered

    def insert_and_number_later(self, sql: str, rows: Sequence[Sequence[object]]) -> NewIds:
        """
        As `insert_unwatched`, of rows whose ids are known when they have been sent.

        One statement's ids are consecutive on a server on its own, by a step that is fixed.
        """
        ids = NewIds(len(rows), self._connection.id_step)
        self._numbered[len(self._later)] = ids
        self.insert_unwatched(sql, rows)
        return ids

    def insert_many_later(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """As `insert_many` and `later`."""
        self._later.append(with_rows(self._prefixed(sql), rows))

    def one(self, sql: str, args: Args = None) -> Row | None:
        """Return the first row, or None."""
        self.run(sql, args)
        row: Row | None = self._cursor.fetchone()
        return row

    def all(self, sql: str, args: Args = None) -> list[Row]:
        """Return all rows; the statement bounds how many."""
        self.run(sql, args)
        return list(self._cursor.fetchall())

    def ask(self, query: Query[T]) -> T:
        """Return what one query finds."""
        return query.read(self.all(query.sql, query.args))

    def ask_together(self, *queries: Query[Any]) -> list[Any]:
        """Return what each of some queries finds, sent in one packet and run in this order."""
        found = [self._begin_asking(queries)]
        while self._cursor.nextset():
            found.append(list(self._cursor.fetchall()))
        return [query.read(rows) for query, rows in zip(queries, found, strict=True)]

    def ask_then_lock(self, *queries: Query[Any]) -> list[Any]:
        """
        As `ask_together`, where the last one has NOWAIT: None if somebody else holds a row of it.

        Whoever gets None must book nothing: some servers roll the transaction back then.
        """
        found = [self._begin_asking(queries)]
        try:
            while self._cursor.nextset():
                found.append(list(self._cursor.fetchall()))
        except pymysql.OperationalError as error:
            if len(found) < len(queries) - 1 or code_of(error) not in LOCKED:
                raise
        told = [query.read(rows) for query, rows in zip(queries, found, strict=False)]
        return told if len(found) == len(queries) else [*told, None]

    def _begin_asking(self, queries: Sequence[Query[Any]]) -> list[Row]:
        """Send queries; return the rows of the first."""
        texts = [self._cursor.mogrify(self._prefixed(query.sql), query.args) for query in queries]
        self._send_packet(*texts)
        return list(self._cursor.fetchall())

    def lock_now(self, sql: str, args: Args = None) -> list[Row]:
        """
        Run a `… FOR UPDATE`; return its rows, held until the transaction ends.

        Rows that other programs write are locked like this: to wait for one would keep all
        who wait for what this transaction holds already.

        Raises:
            RowsBusyError: Somebody else holds one of them.
        """
        try:
            return self.all(f"{sql.rstrip()} NOWAIT", args)
        except pymysql.OperationalError as error:
            if code_of(error) in LOCKED:
                raise RowsBusyError from error
            raise

    def has_table(self, name: str) -> bool:
        """Say whether a table (with its prefix) exists; a yes is remembered."""
        if name not in self._tables and self.one(_HAS_TABLE, (name,)) is not None:
            self._tables.add(name)
        return name in self._tables

    def now(self) -> datetime:
        """Return the database's clock, the only one that is stored or compared."""
        row = self.one("SELECT UTC_TIMESTAMP(6) AS now")
        assert row is not None
        return utc(row["now"])
