"""The record of the worker's jobs, which the status page shows."""

from bridge.store import jobs
from bridge.store.db import Database


def record_start(db: Database, name: str, owner: str) -> None:
    """Record that a job starts."""
    db.transaction(lambda tx: jobs.start(tx, name, owner))


def record_end(db: Database, name: str, *, duration_ms: int, error: str = "") -> None:
    """Record how it ended; *error* empty = well."""
    db.transaction(lambda tx: jobs.end(tx, name, duration_ms=duration_ms, error=error))
