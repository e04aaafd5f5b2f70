"""When each job last ran, and how it ended."""

from collections.abc import Sequence

from bridge.domain.jobs import JobView
from bridge.store.columns import utc_or_none
from bridge.store.tx import Tx

_START = """
    INSERT INTO {p}aipkit_bridge_jobs (name, owner, runs, started_at)
    VALUES (%(name)s, %(owner)s, 1, UTC_TIMESTAMP(6))
    ON DUPLICATE KEY UPDATE owner = VALUES(owner), runs = runs + 1, started_at = VALUES(started_at)
"""
_END = """
    UPDATE {p}aipkit_bridge_jobs
       SET finished_at = UTC_TIMESTAMP(6), duration_ms = %(duration_ms)s,
           succeeded_at = IF(%(error)s = '', UTC_TIMESTAMP(6), succeeded_at),
           failed_at = IF(%(error)s = '', failed_at, UTC_TIMESTAMP(6)),
           last_error = %(error)s
     WHERE name = %(name)s
"""
_LIST = """
    SELECT name, runs, started_at, finished_at, succeeded_at, failed_at, duration_ms, last_error
      FROM {p}aipkit_bridge_jobs ORDER BY name
"""


def start(tx: Tx, name: str, owner: str) -> None:
    """Record that a job starts."""
    tx.run(_START, {"name": name, "owner": owner})


def end(tx: Tx, name: str, *, duration_ms: int, error: str = "") -> None:
    """Record how it ended; *error* empty = well."""
    tx.run(_END, {"name": name, "duration_ms": duration_ms, "error": error[:500]})


def list_jobs(tx: Tx) -> Sequence[JobView]:
    """Return all jobs that ever ran."""
    instants = ("started_at", "finished_at", "succeeded_at", "failed_at")
    return [
        JobView(**{**row, **{name: utc_or_none(row[name]) for name in instants}})
        for row in tx.all(_LIST)
    ]
