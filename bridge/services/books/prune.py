"""
Deleting what is no longer needed: answers to old keys, settled holds, idle guests' rows, lines of
changes of many accounts, events that were told.
"""

from collections.abc import Callable, Mapping

from bridge.services.failures import Failures
from bridge.store import bulk_lines, bulks, events, guests, holds, idempotency
from bridge.store.db import Database
from bridge.store.tx import Tx

BULK_WAITS_DAYS = 7
"""A change of many accounts that nobody starts is discarded."""

BULK_LINES_DAYS = 90
"""The ledger keeps what was booked; the lines tell for so long what was not."""

_CHUNK = 1000
_CHUNKS = 50
"""At most so many a run, each in a transaction of its own; the rest is for the next run."""


def prune(db: Database) -> int:
    """
    Delete the oldest of what is no longer needed; return how many rows went.

    Raises:
        SetAsideError: Some kinds could not be deleted; the others were.
    """
    days = idempotency.KEPT_FOR_DAYS  # as long as its answer, a hold can be committed again
    kinds: Mapping[str, Callable[[Tx], int]] = {
        "bulks": lambda tx: bulks.discard_old(tx, BULK_WAITS_DAYS),
        "answers": lambda tx: idempotency.prune(tx, _CHUNK),
        "holds": lambda tx: holds.prune(tx, days, _CHUNK),
        "guests": lambda tx: guests.prune(tx, _CHUNK),
        "events": lambda tx: events.prune(tx, _CHUNK),
        "bulk lines": lambda tx: bulk_lines.prune(tx, BULK_LINES_DAYS, _CHUNK),
    }
    gone, failures = 0, Failures("pruned")
    for name, delete in kinds.items():
        with failures.guard(name):
            gone += _in_chunks(db, delete)
    failures.report()
    return gone


def _in_chunks(db: Database, delete: Callable[[Tx], int]) -> int:
    total = 0
    for _ in range(_CHUNKS):
        gone = db.transaction(delete)
        total += gone
        if gone < _CHUNK:
            break
    return total
