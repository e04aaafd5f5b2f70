"""What is still to be written into the shop's own orders: an outbox, filled with the booking."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.domain.ids import Credits, OrderId
from bridge.store.tx import Tx
from bridge.store.values import NOW

_ADD = """
    INSERT INTO {p}aipkit_bridge_annotations
           (entry_id, order_id, credits_delta, balance_after, marker, marker_before,
            next_try_at, created_at)
    VALUES {rows}
"""
_DUE = """
    SELECT entry_id, order_id, credits_delta, balance_after, marker, marker_before, marker_done,
           note_done, attempts,
           (SELECT MAX(later.entry_id) FROM {p}aipkit_bridge_annotations later
             WHERE later.order_id = a.order_id) > entry_id AS superseded
      FROM {p}aipkit_bridge_annotations a
     WHERE next_try_at <= UTC_TIMESTAMP(6) ORDER BY entry_id LIMIT %s
"""
_SAVE = """
    UPDATE {p}aipkit_bridge_annotations
       SET marker_done = %(marker_done)s, note_done = %(note_done)s, attempts = attempts + 1,
           last_error = %(error)s,
           next_try_at = IF(%(marker_done)s AND %(note_done)s, NULL,
             UTC_TIMESTAMP(6) + INTERVAL %(pause_s)s SECOND)
     WHERE entry_id = %(entry_id)s
"""
_CLAIM_S = 300
_CLAIM = """
    UPDATE {p}aipkit_bridge_annotations
       SET next_try_at = UTC_TIMESTAMP(6) + INTERVAL %(seconds)s SECOND
     WHERE entry_id = %(entry_id)s AND next_try_at <= UTC_TIMESTAMP(6)
"""
_MARKERS = """
    SELECT marker, marker_before FROM {p}aipkit_bridge_annotations WHERE order_id = %s
"""
_PENDING = """
    SELECT COUNT(*) AS n, COALESCE(MAX(last_error), '') AS error
      FROM {p}aipkit_bridge_annotations WHERE next_try_at IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One ledger row's marker and note."""

    entry_id: int
    order_id: OrderId
    credits_delta: Credits
    balance_after: Credits
    marker: Credits  # net credits booked for the order after the row
    marker_before: Credits  # and before it: what the bridge had written last
    marker_done: bool
    note_done: bool
    attempts: int
    superseded: bool  # a later row of the order writes the marker


@dataclass(frozen=True, slots=True)
class NewAnnotation:
    """Marker and note of a ledger row that was appended just now."""

    entry_id: int
    order_id: OrderId
    credits_delta: Credits
    balance_after: Credits
    marker: Credits
    marker_before: Credits


def add(tx: Tx, asked: Sequence[NewAnnotation]) -> None:
    """Ask for markers and notes, in the transaction that appends their ledger rows."""
    rows = [
        (
            one.entry_id,
            one.order_id,
            one.credits_delta,
            one.balance_after,
            one.marker,
            one.marker_before,
            NOW,
            NOW,
        )
        for one in asked
    ]
    tx.insert_many(_ADD, rows)


def list_due(tx: Tx, limit: int) -> Sequence[Annotation]:
    """Return what to write now, oldest first."""
    return [
        Annotation(
            **{
                **row,
                "marker_done": bool(row["marker_done"]),
                "note_done": bool(row["note_done"]),
                "superseded": bool(row["superseded"]),
            }
        )
        for row in tx.all(_DUE, (limit,))
    ]


def markers_of(tx: Tx, order_id: OrderId) -> frozenset[int]:
    """Return every marker that the bridge may have left in an order; 0 is none at all."""
    rows = tx.all(_MARKERS, (order_id,))
    return frozenset({0}.union(*({row["marker"], row["marker_before"]} for row in rows)))


def claim(tx: Tx, annotation: Annotation) -> bool:
    """Take a row for this process for a while; False if another one has it."""
    return tx.run(_CLAIM, {"entry_id": annotation.entry_id, "seconds": _CLAIM_S}) == 1


def save_progress(
    tx: Tx,
    annotation: Annotation,
    *,
    marker_done: bool,
    note_done: bool,
    error: str = "",
    pause_s: int = 0,
) -> None:
    """Note what the shop has taken, and when to try the rest again."""
    tx.run(
        _SAVE,
        {
            "entry_id": annotation.entry_id,
            "marker_done": marker_done,
            "note_done": note_done,
            "error": error[:500],
            "pause_s": pause_s,
        },
    )


def count_pending(tx: Tx) -> tuple[int, str]:
    """Return how many rows wait, and the error that one of them met."""
    row = tx.one(_PENDING)
    return (int(row["n"]), row["error"]) if row else (0, "")
