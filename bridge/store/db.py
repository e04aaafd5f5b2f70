"""The site's database: a bounded pool of connections, and transactions that repeat themselves."""

import math
import random
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pymysql
import structlog
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from bridge.domain.errors import (
    DatabaseBusyError,
    DatabaseUnavailableError,
)
from bridge.domain.sentences import Sentence
from bridge.store.connections import Connector
from bridge.store.db_errors import BUSY, LOCKED, LOST, USELESS, as_bridge_error, code_of
from bridge.store.tx import Args, RowsBusyError, Tx

log = structlog.get_logger()

T = TypeVar("T")

_TRIES = 8
_TRUST_IDLE_S = 3.0
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.1
_PATIENCE_S = 8.0
_LOST_PAUSE_S = 0.1


@dataclass
class DatabaseStats:
    """Counts since the process started, for `/metrics`."""

    transactions: int = 0
    repeats: int = 0
    failures: int = 0


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
                    raise DatabaseBusyError(
                        Sentence("Another program keeps a row locked.")
                    ) from error
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
        while True:
            now = time.monotonic()
            used_at = float(connection.info.get("used_at", now))
            # It is asked after a while, or since another one was found lost.
            may_be_gone = now - used_at > _TRUST_IDLE_S or used_at <= self._lost_at
            if not may_be_gone or _is_alive(connection):
                return connection
            connection.invalidate()
            connection.close()
            connection = self._pool.connect()

    @contextmanager
    def _connection(self) -> Generator[PoolProxiedConnection]:
        try:
            connection = self._checked(self._pool.connect())
        except pymysql.MySQLError as error:
            raise as_bridge_error(error) from error
        except Exception as error:
            if type(error).__module__.startswith("sqlalchemy"):
                raise DatabaseUnavailableError(
                    Sentence("All database connections are busy; raise database.pool_size.")
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
