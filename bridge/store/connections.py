"""
Opening a connection: to the first of the database's hosts that serves, and what is known of it.

The nodes of a Galera cluster are named in one order, which is kept: who writes to one node has
none of the conflicts that are found only at COMMIT. A node that did not answer is asked last for
a while, since a machine that is off lets each caller wait out the time limit.
"""

import time
from collections.abc import Mapping, Sequence
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import Cursor, DictCursor

from bridge.store.results import Result
from bridge.store.values import in_brackets

# Only type checkers know that it is generic.
if TYPE_CHECKING:
    _Driver = pymysql.connections.Connection[DictCursor]
else:
    _Driver = pymysql.connections.Connection

_AVOID_S = 30.0
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 60
_SESSION = (
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION innodb_lock_wait_timeout = 3, lock_wait_timeout = 5, time_zone = '+00:00',"
    " group_concat_max_len = 1000000,"
    " sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
)
_NODE = """
    SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_status', 'wsrep_ready')
"""
# There are plugins that give WordPress's tables other keys. The last of a column's counts.
_KEYS = """
    SELECT column_name AS name, index_name AS found_by FROM information_schema.statistics
     WHERE table_schema = DATABASE() AND table_name = %s AND seq_in_index = 1
     ORDER BY index_name = column_name, index_name = 'PRIMARY'
"""
_HINTS = {"{by_user}": "user_id", "{by_row}": "umeta_id"}
# What is told through one node is true on all: a transaction, and a read of its own, begin by
# waiting until this node has what the cluster had when it was asked.
_CLUSTER_SESSION = "SET SESSION wsrep_sync_wait = 1"
_NOT_READY = (1047, "This node has left its cluster.")


class Connection(_Driver):
    """A connection, and what its server is."""

    is_clustered = False
    """A node of Galera: it may roll back a transaction between two statements."""

    returns_ids = False
    """An INSERT can tell the ids of its rows (MariaDB since 10.5)."""

    id_step = 1
    """How far apart the ids of one INSERT's rows are, on a server on its own."""

    hints: Mapping[str, str] = MappingProxyType({})
    """By which keys WordPress's `usermeta` is to be read: a user's rows, all in their order."""

    def _read_query_result(self, unbuffered: bool = False) -> int:
        """As the driver, which knows of no other results than its own."""
        assert not unbuffered, "rows are always read whole"
        self._result: Any = None
        result = Result(self)
        result.read()
        self._result = result
        if result.server_status is not None:
            self.server_status = result.server_status
        return result.affected_rows or 0

    def escape(self, obj: object, mapping: Any = None) -> str:
        """Return a value as SQL text; the driver takes as long for the ids of many rows as SQL."""
        return in_brackets(obj) if type(obj) is tuple else str(super().escape(obj, mapping))


class Connector:
    """Opens connections to one server, or to the nodes of one cluster."""

    def __init__(
        self, hosts: Sequence[Mapping[str, Any]], usermeta: str, session: Sequence[str] = ()
    ) -> None:
        """
        Open nothing yet.

        Args:
            hosts: The driver's arguments for each, in the order in which they are tried.
            usermeta: The name of that table.
            session: More statements for each new connection.
        """
        self._hosts = [dict(host) for host in hosts]
        self._usermeta = usermeta
        self._session = session
        self._avoided_until = [0.0] * len(hosts)
        self._lock = Lock()

    def connect(self) -> Connection:
        """
        Open a connection.

        Raises:
            pymysql.MySQLError: No host serves; the first one's error.
        """
        errors = []
        for number in self._in_order():
            try:
                connection = self._open(self._hosts[number])
            except pymysql.MySQLError as error:
                errors.append(error)
                self._avoid(number, _AVOID_S)
            else:
                self._avoid(number, 0)
                return connection
        raise errors[0]

    def _in_order(self) -> list[int]:
        """Return the hosts' numbers: those avoided come last, the longest avoided first."""
        now = time.monotonic()
        with self._lock:
            return sorted(
                range(len(self._hosts)), key=lambda n: (max(0.0, self._avoided_until[n] - now), n)
            )

    def _avoid(self, number: int, seconds: float) -> None:
        with self._lock:
            self._avoided_until[number] = time.monotonic() + seconds

    def _open(self, arguments: Mapping[str, Any]) -> Connection:
        connection = Connection(
            **arguments,
            charset="utf8mb4",
            autocommit=True,
            cursorclass=cast("type[DictCursor]", Cursor),  # results make dictionaries
            client_flag=CLIENT.MULTI_STATEMENTS,
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=_READ_TIMEOUT_S,
            write_timeout=_READ_TIMEOUT_S,
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: Connection) -> None:
        with connection.cursor() as cursor:
            for statement in (*_SESSION, *self._session):
                cursor.execute(statement)
            cursor.execute("SELECT VERSION() AS version, @@auto_increment_increment AS step")
            server = cursor.fetchone()
            assert server is not None
            connection.returns_ids = "MariaDB" in server["version"]
            connection.id_step = server["step"]
            cursor.execute(_KEYS, (self._usermeta,))
            keys = {row["name"]: row["found_by"] for row in cursor.fetchall()}
            connection.hints = {
                name: f"FORCE INDEX ({keys[column]})" if column in keys else ""
                for name, column in _HINTS.items()
            }
            cursor.execute(_NODE)
            node = {str(row["Variable_name"]): row["Value"] for row in cursor.fetchall()}
            # Servers with the library but in no cluster say "Disconnected".
            if node.get("wsrep_cluster_status", "Disconnected") != "Disconnected":
                if node["wsrep_ready"] != "ON":
                    raise pymysql.OperationalError(*_NOT_READY)
                cursor.execute(_CLUSTER_SESSION)
                connection.is_clustered = True
