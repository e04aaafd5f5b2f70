"""
Connections, transactions, and their bounded repeats.

SQL texts name tables as ``{p}orders`` (site prefix) and ``{u}usermeta`` (users' prefix), and the
keys of that one as ``{by_user}`` and ``{by_row}``; this is the one place that puts these in.
"""

import math
import random
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Generic, TypeVar, cast

import pymysql
import structlog
from pymysql.converters import escape_string
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from bridge.domain.errors import (
    DatabaseBusyError,
    DatabaseUnavailableError,
)
from bridge.store.connections import Connection, Connector
from bridge.store.db_errors import BUSY, LOCKED, LOST, USELESS, as_bridge_error, code_of

log = structlog.get_logger()

T = TypeVar("T")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
Row = dict[str, Any]
Args = Mapping[str, object] | Sequence[object] | None

_HAS_TABLE = """
    SELECT 1 FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name = %s
"""
_WHOLE = "whole"
"""The savepoint that stands from START TRANSACTION to COMMIT."""
_TRIES = 8
_TRUST_IDLE_S = 3.0
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.1
_PATIENCE_S = 8.0
_LOST_PAUSE_S = 0.1


BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001  # a column's value
"""What a column says that may not be NULL where a thing never happened."""

END = datetime(9999, 1, 1)  # noqa: DTZ001  # a column's value
"""What it says where a thing will never happen."""


def utc(value: datetime) -> datetime:
    """Mark a `DATETIME` column, always stored in UTC, as such."""
    return value.replace(tzinfo=UTC)


def utc_or_none(value: datetime | None) -> datetime | None:
    """As `utc`, for columns that may be NULL."""
    return None if value is None else utc(value)


def naive(value: datetime | None) -> datetime | None:
    """Turn an aware instant into what a `DATETIME` column takes."""
    return None if value is None else value.astimezone(UTC).replace(tzinfo=None)


@dataclass
class DatabaseStats:
    """Counts since the process started, for `/metrics`."""

    transactions: int = 0
    repeats: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """A statement that returns rows, and what they say."""

    sql: str
    args: Args
    read: Callable[[list[Row]], T]


class NewIds:
    """The ids of the rows of one INSERT that is sent later."""

    def __init__(self, count: int, step: int) -> None:
        """Know none of the *count* ids yet, which are *step* apart."""
        self._count = count
        self._step = step
        self._first = 0

    def sql_of(self, number: int) -> str:
        """Return SQL for a row's id, until the next INSERT into a table that gives ids."""
        return f"LAST_INSERT_ID() + {number * self._step}"

    def begin_at(self, first: int) -> None:
        """Take the first one, as the server told it."""
        self._first = first

    def known(self) -> list[int]:
        """Return them, after the transaction."""
        return [self._first + number * self._step for number in range(self._count)]


@dataclass(frozen=True, slots=True)
class TextWithId:
    """A text with a new row's id in its middle, as a value of a row that is sent behind it."""

    before: str
    ids: NewIds
    number: int
    after: str


def _literal(value: object) -> str:
    """
    Return a value as SQL text, for statements of thousands of values.

    The driver's own way of asking each value for its type costs as much as the database's work.
    """
    make = _LITERALS.get(type(value))
    if make is not None:
        return make(value)
    if isinstance(value, str):  # a word of an enum
        return _quoted(value)
    raise TypeError(f"no SQL literal for {type(value).__name__}")


def _quoted(text: str) -> str:
    return f"'{escape_string(text)}'"


def _with_id(text: TextWithId) -> str:
    return f"CONCAT({_quoted(text.before)}, {text.ids.sql_of(text.number)}, {_quoted(text.after)})"


_LITERALS: Mapping[type, Callable[[Any], str]] = {
    int: str,
    NoneType: lambda _: "NULL",
    str: _quoted,
    bytes: lambda value: f"x'{value.hex()}'",
    datetime: lambda value: f"'{value.isoformat(' ')}'",
    Decimal: lambda value: f"{value:f}",
    TextWithId: _with_id,
}


def _with_rows(sql: str, rows: Sequence[Sequence[object]]) -> str:
    text = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in rows)
    return sql.replace("{rows}", text)


def _hints(keys: Mapping[str, str]) -> dict[str, str]:
    """Return what `usermeta` is to be read by: a user's rows, and all rows in their order."""
    columns = {"{by_user}": "user_id", "{by_row}": "umeta_id"}
    return {
        name: f"FORCE INDEX ({keys[column]})" if column in keys else ""
        for name, column in columns.items()
    }


class RowsBusyError(Exception):
    """Somebody else holds a row that was to be locked without waiting; roll back."""


class UnwatchedStatementError(Exception):
    """
    A statement that nobody watched was refused, by a key or by a column.

    All is rolled back: the same again, watching each statement, tells which it was and why.
    """


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
        self._names = {**prefixes, **_hints(self._connection.keys)}
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

    def later(self, sql: str) -> None:
        """
        Send a statement in one packet with the next one that is run: nobody waits for its answer.

        An error of it is raised there. COMMIT sends what is left.
        """
        self._queue(self._prefixed(sql))

    def _queue(self, sql: str) -> None:
        """As `later`, of a text that has its prefixes."""
        self._later.append(sql)

    def _prefixed(self, sql: str) -> str:
        for name, text in self._names.items():
            sql = sql.replace(name, text)
        return sql

    def insert(self, sql: str, args: Args = None) -> int:
        """Run an INSERT; return the id that the database gave."""
        self.run(sql, args)
        return int(getattr(self._cursor, "lastrowid", 0) or 0)

    def insert_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one INSERT of many rows, at ``{rows}`` of *sql*."""
        self._send(_with_rows(self._prefixed(sql), rows))

    def insert_and_number(self, sql: str, rows: Sequence[Sequence[object]]) -> list[int]:
        """
        As `insert_many`; return the id that each row was given, in their order.

        How far apart ids are changes while a cluster runs, so the database itself tells them.
        MySQL cannot; there a statement's rows follow each other by a step that is fixed.
        """
        text = _with_rows(self._prefixed(sql), rows)
        if self._connection.returns_ids:
            self._send(f"{text.rstrip()} RETURNING id")
            return [int(row["id"]) for row in self._cursor.fetchall()]
        self._queue(text)
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
        self._queue(_with_rows(self._prefixed(sql), rows))

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

    def ask_then_lock(
        self, first: Query[T], second: Query[T2], lock: Query[T3]
    ) -> tuple[T, T2, T3 | None]:
        """
        As `ask_together`, where the last query has NOWAIT; None: somebody else holds a row of it.

        Whoever gets None must book nothing: some servers roll the transaction back then.
        """
        found = [self._begin_asking((first, second, lock))]
        try:
            while self._cursor.nextset():
                found.append(list(self._cursor.fetchall()))
        except pymysql.OperationalError as error:
            if len(found) < 2 or code_of(error) not in LOCKED:
                raise
        locked = lock.read(found[2]) if len(found) > 2 else None
        return first.read(found[0]), second.read(found[1]), locked

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


class Database:
    """The site's database: a bounded pool, and transactions that repeat themselves."""

    def __init__(
        self,
        hosts: Sequence[Mapping[str, Any]],
        *,
        site_prefix: str,
        users_prefix: str,
        pool_size: int = 8,
        session: Sequence[str] = (),
    ) -> None:
        """
        Open nothing yet.

        Args:
            hosts: The driver's arguments for the server, or for each node of a cluster.
            site_prefix: Validated; goes into SQL as it is.
            users_prefix: Likewise.
            pool_size: Connections at most; a caller waits up to 5 s for one.
            session: More statements for each new connection; tests set the clock with them.
        """
        self._prefixes = {"{p}": site_prefix, "{u}": users_prefix}
        self.site_prefix = site_prefix
        self.stats = DatabaseStats()
        self._connector = Connector(hosts, f"{users_prefix}usermeta", session)
        self._tables: set[str] = set()
        self._lost_at = -math.inf
        self._pool = QueuePool(
            self._connect,
            pool_size=pool_size,
            max_overflow=0,
            timeout=5,
            recycle=240,
            reset_on_return=None,  # transactions end themselves; a reset would cost a round trip
        )

    def _connect(self) -> Any:
        # The driver's types are not those that the pool asks for.
        return self._connector.connect()

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.dispose()

    @contextmanager
    def reading(self) -> Generator[Tx]:
        """Lend a connection for reads: each statement sees what is committed when it runs."""
        with self._connection() as connection:
            try:
                yield Tx(connection, self._prefixes, self._tables)
            except pymysql.MySQLError as error:
                _drop_if_lost(connection, error)
                raise as_bridge_error(error) from error

    def transaction(self, work: Callable[[Tx], T], *, patient: bool = True) -> T:
        """
        Run *work* in one transaction, and again from the start when it lost a race.

        Args:
            work: Must begin by reading, under a lock, what tells it whether it happened already:
                a connection lost in COMMIT leaves the outcome unknown, and it is run again.
            patient: Try for some seconds to get rows that another program holds.

        Raises:
            RowsBusyError: Unless *patient*: somebody holds a row.
            DatabaseUnavailableError: Not reachable, or busy through all tries.
            NotMigratedError: A table of ours is missing.
        """
        give_up_at = time.monotonic() + _PATIENCE_S
        attempt = 0
        while True:
            try:
                result = self._once(work)
            except RowsBusyError as error:
                if not patient:
                    raise
                if time.monotonic() >= give_up_at:
                    raise DatabaseBusyError("Another program keeps a row locked.") from error
                pause_s = min(_FIRST_PAUSE_S * 2**attempt, _LONGEST_PAUSE_S)
            except pymysql.MySQLError as error:
                pause_s = self._pause_after(error, attempt, patient=patient)
            else:
                self.stats.transactions += 1
                return result
            self.stats.repeats += 1
            time.sleep(random.uniform(0, pause_s))  # noqa: S311  # jitter
            attempt += 1

    def _pause_after(self, error: pymysql.MySQLError, attempt: int, *, patient: bool) -> float:
        """Return how long to wait before the next try; raises if there is to be none."""
        code = code_of(error)
        if code in LOCKED and not patient:
            raise RowsBusyError from error
        if code not in BUSY | LOST or attempt >= _TRIES - 1:
            self.stats.failures += 1
            raise as_bridge_error(error) from error
        return float((_FIRST_PAUSE_S if code in BUSY else _LOST_PAUSE_S) * 2**attempt)

    def run(self, sql: str, args: Args = None) -> int:
        """Run one statement in a transaction of its own; return how many rows it changed."""
        return self.transaction(lambda tx: tx.run(sql, args))

    def define(self, sql: str) -> None:
        """
        Run a statement that makes or changes a table, which commits by itself.

        Raises:
            DatabaseBusyError: Other programs kept the table in use, through all tries.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                with self.reading() as tx:
                    tx.run(sql)
                    return
            except DatabaseBusyError:
                if not tries_left:
                    raise

    def _once(self, work: Callable[[Tx], T]) -> T:
        with self._connection() as connection:
            tx = Tx(connection, self._prefixes, self._tables)
            try:
                tx.begin()
                result = work(tx)
                tx.commit()
            except BaseException as error:
                # 1205 undoes only the statement: without this the rest would be committed later.
                _roll_back(connection, tx, error)
                raise
            return result

    def _checked(self, connection: PoolProxiedConnection) -> PoolProxiedConnection:
        """Return a connection that lives: one that was idle may have been closed meanwhile."""
        while self._may_be_gone(connection) and not _is_alive(connection):
            connection.invalidate()
            connection.close()
            connection = self._pool.connect()
        return connection

    def _may_be_gone(self, connection: PoolProxiedConnection) -> bool:
        """Say whether to ask first: after a while, or since another one was found lost."""
        now = time.monotonic()
        used_at = float(connection.info.get("used_at", now))
        return now - used_at > _TRUST_IDLE_S or used_at <= self._lost_at

    @contextmanager
    def _connection(self) -> Generator[PoolProxiedConnection]:
        try:
            connection = self._checked(self._pool.connect())
        except pymysql.MySQLError as error:
            raise as_bridge_error(error) from error
        except Exception as error:
            if type(error).__module__.startswith("sqlalchemy"):
                raise DatabaseUnavailableError(
                    "All database connections are busy; raise database.pool_size."
                ) from error
            raise
        try:
            yield connection
        finally:
            if connection.is_valid:
                connection.info["used_at"] = time.monotonic()
            else:
                self._lost_at = time.monotonic()
            connection.close()


def _is_alive(connection: PoolProxiedConnection) -> bool:
    driver = connection.dbapi_connection
    assert driver is not None
    try:
        driver.ping(reconnect=False)
    except pymysql.MySQLError:
        return False
    return True


def _roll_back(connection: PoolProxiedConnection, tx: Tx, error: BaseException) -> None:
    if isinstance(error, pymysql.MySQLError) and code_of(error) in USELESS:
        connection.invalidate()
        return
    try:
        tx.roll_back()
    except pymysql.MySQLError:
        connection.invalidate()


def _drop_if_lost(connection: PoolProxiedConnection, error: pymysql.MySQLError) -> None:
    if code_of(error) in USELESS:
        connection.invalidate()
