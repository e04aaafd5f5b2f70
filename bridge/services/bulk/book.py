"""
Booking a change of many accounts, line by line, exactly once.

The worker books some seconds at a time. Each line has an idempotency key of its own: what was
booked before the worker died, or was taken over, is answered again and not booked again.
"""

import time
from collections.abc import Sequence

import structlog

from bridge.domain.bulks import Bulk, BulkKind, BulkLine, BulkState, LineState
from bridge.domain.errors import BridgeError, DatabaseUnavailableError
from bridge.domain.ids import Actor, Credits, UserId
from bridge.services.spending.adjust import (
    Adjustment,
    BalanceChangedError,
    BalanceTooSmallError,
    ByDelta,
    SetTo,
    adjust_all,
)
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.idempotency import KeyPurpose, request_key
from bridge.services.spending.outcomes import Receipt
from bridge.services.spending.undo import UndoRequest, undo_all
from bridge.store import bulk_lines, bulks
from bridge.store.db import Database
from bridge.store.tx import Tx

log = structlog.get_logger()

RUN_FOR_S = 5.0
_CHUNK = 500


def bulks_to_book(db: Database) -> bool:
    """Say whether a change was started and is not booked to its end."""
    with db.reading() as tx:
        return bulks.find_first(tx, BulkState.BOOKING) is not None


def book_bulks(
    db: Database, spending: GroupCommit, site_url: str, *, run_for_s: float = RUN_FOR_S
) -> None:
    """
    Book on for some seconds.

    Raises:
        DatabaseUnavailableError: The next run goes on.
    """
    stop_at = time.monotonic() + run_for_s
    while time.monotonic() < stop_at:
        with db.reading() as tx:
            bulk = bulks.find_first(tx, BulkState.BOOKING)
            lines = _next_lines(tx, bulk) if bulk else []
        if bulk is None:
            return
        if lines:
            _book(db, spending, site_url, bulk, lines)
        else:
            _finish(db, bulk.bulk_id)


def _finish(db: Database, bulk_id: int) -> None:
    db.transaction(lambda tx: bulks.finish(tx, bulk_id))
    log.info("bulk_done", bulk_id=bulk_id)


def _next_lines(tx: Tx, bulk: Bulk) -> list[BulkLine]:
    return bulk_lines.list_lines(tx, bulk.bulk_id, LineState.READY, limit=_CHUNK)


def _book(
    db: Database, spending: GroupCommit, site_url: str, bulk: Bulk, lines: Sequence[BulkLine]
) -> None:
    if bulk.kind is BulkKind.UNDO:
        outcomes = undo_all(db, spending, site_url, [_undo(bulk, line) for line in lines])
    else:
        outcomes = adjust_all(db, spending, [_adjustment(site_url, bulk, line) for line in lines])
    booked, refused = dict[int, int](), []
    unsettled: Exception | None = None
    for line, outcome in zip(lines, outcomes, strict=True):
        if isinstance(outcome, Receipt):
            booked[line.line_no] = outcome.answer.entry_id
            continue
        error = outcome.error
        if isinstance(error, DatabaseUnavailableError):
            unsettled = error
        else:
            refused.append((line.line_no, _why(error, line)))

    def settle(tx: Tx) -> None:
        bulks.lock(tx, bulk.bulk_id)
        booked_now, refused_now = bulk_lines.settle(tx, bulk.bulk_id, booked, refused)
        bulks.count(tx, bulk.bulk_id, booked=booked_now, refused=refused_now)

    db.transaction(settle)
    if unsettled is not None:
        raise unsettled


def _undo(bulk: Bulk, line: BulkLine) -> UndoRequest:
    return UndoRequest(
        UserId(line.user_id), line.undoes, bulk.reason, bulk.started_by, bulk.bulk_id
    )


def _adjustment(site_url: str, bulk: Bulk, line: BulkLine) -> Adjustment:
    if line.expected is None:
        change: ByDelta | SetTo = ByDelta(line.delta)
    else:
        change = SetTo(Credits(line.expected + line.delta), line.expected)
    asked = {"user": line.user_id, "delta": line.delta, "expected": line.expected}
    key = request_key(
        site_url, f"bulk:{bulk.bulk_id}", KeyPurpose.ADJUST, str(line.line_no), asked
    )
    return Adjustment(
        actor=Actor(UserId(line.user_id)),
        change=change,
        reason=line.reason or bulk.reason,
        by=bulk.started_by,
        key=key,
        bulk_id=bulk.bulk_id,
    )


def _why(error: Exception, line: BulkLine) -> str:
    if not isinstance(error, BridgeError):  # a defect: the line is listed, the others go on
        log.error("bulk_line_crashed", line=line.line_no, user=line.user_id, exc_info=error)
        return f"It could not be booked ({type(error).__name__}: see the log); book it by hand."
    if isinstance(error, BalanceChangedError):
        return f"The balance is {error.balance:,} by now; it was {line.expected:,} when looked at."
    if isinstance(error, BalanceTooSmallError):
        return f"The balance is {error.balance:,} by now; {-line.delta:,} is too much."
    return str(error)
