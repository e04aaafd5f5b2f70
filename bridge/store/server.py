"""What the database server is: its version, the settings that matter, its cluster, its engines."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.store.tx import Tx

_DESCRIBE = """
    SELECT VERSION() AS version, @@innodb_flush_log_at_trx_commit AS flush_at_commit,
           @@character_set_database AS charset
"""

_CLUSTER = """
    SHOW GLOBAL STATUS WHERE Variable_name IN (
      'wsrep_cluster_status', 'wsrep_local_state_comment', 'wsrep_cluster_size',
      'wsrep_incoming_addresses')
"""

_ENGINES = """
    SELECT table_name AS name, engine AS engine FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name IN %s
"""


def describe(tx: Tx) -> dict[str, str]:
    """Return the server's version and the settings that matter, as texts."""
    row = tx.one(_DESCRIBE)
    assert row is not None
    return {name: str(value) for name, value in row.items()}


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A node of Galera as it sees itself and its cluster."""

    state: str
    """`Synced` when it serves like the others."""
    size: int
    """Nodes in the cluster now."""
    addresses: frozenset[str]
    """Where clients reach the nodes: `host:port`."""
    has_safe_settings: bool
    """Writes rows, and gives ids without a lock, as a cluster needs."""


def read_cluster(tx: Tx) -> ClusterNode | None:
    """Return the cluster that the server is a node of; None for a server on its own."""
    status = {str(row["Variable_name"]): str(row["Value"]) for row in tx.all(_CLUSTER)}
    if status.get("wsrep_cluster_status", "Disconnected") == "Disconnected":
        return None
    settings = tx.one("SELECT @@binlog_format = 'ROW' AND @@innodb_autoinc_lock_mode = 2 AS safe")
    return ClusterNode(
        state=status["wsrep_local_state_comment"],
        size=int(status["wsrep_cluster_size"]),
        addresses=frozenset(status["wsrep_incoming_addresses"].split(",")),
        has_safe_settings=settings is not None and bool(settings["safe"]),
    )


def read_engines(tx: Tx, names: Sequence[str]) -> dict[str, str]:
    """Return the storage engine of each named table that exists."""
    return {row["name"]: str(row["engine"]) for row in tx.all(_ENGINES, (tuple(names),))}
