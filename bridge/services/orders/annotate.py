"""Markers and notes in the shop's own orders: tried until they stick, never blocking grants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from bridge.domain.ids import OrderId
from bridge.domain.names import MARKER_KEY
from bridge.services.failures import Failures
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.store import annotations
from bridge.store.annotations import Annotation
from bridge.store.db import Database
from bridge.woo.errors import OrderVanishedError, ShopError, ShopFault, UnreadableOrderError
from bridge.woo.parse import parse_order

log = structlog.get_logger()

_BATCH = 50
_FIRST_PAUSE_S = 30
_LAST_PAUSE_S = 3600
_SHOP_NEEDS_REST = frozenset(
    {
        ShopFault.RATE_LIMITED,
        ShopFault.TIMEOUT,
        ShopFault.UNREACHABLE,
        ShopFault.CERTIFICATE,
        ShopFault.CLOSED,
    }
)


class NoteKeeper(Protocol):
    """The part of the shop that annotating needs."""

    def get_order(self, order_id: OrderId, *, fetch_number: int) -> dict[str, Any]:
        """Return one order."""

    def list_notes(self, order_id: OrderId) -> Sequence[Mapping[str, Any]]:
        """Return its notes."""

    def add_note(self, order_id: OrderId, note: str) -> None:
        """Add a private note."""

    def write_meta(self, order_id: OrderId, key: str, value: str) -> None:
        """Write one order meta."""


@dataclass(frozen=True, slots=True)
class AnnotationRun:
    """How many ledger rows were written into the shop, and how many must wait."""

    done: int = 0
    failed: int = 0


def annotate_orders(db: Database, shop: NoteKeeper) -> AnnotationRun:
    """
    Write what is due; an order that fails is put off and the others go on.

    Raises:
        SetAsideError: A defect of ours with some; it is tried again when its claim has ended.
    """
    with db.reading() as tx:
        due = annotations.list_due(tx, _BATCH)
    done = failed = 0
    failures = Failures("order_annotated")
    for annotation in due:
        if not _claim(db, annotation):
            continue  # another process writes it
        fault = None
        with failures.guard(f"order {annotation.order_id}"):
            fault = _annotate(db, shop, annotation)
            done += fault is None
            failed += fault is not None
        if fault in _SHOP_NEEDS_REST:
            break
    failures.report()
    return AnnotationRun(done, failed)


def _claim(db: Database, annotation: Annotation) -> bool:
    return db.transaction(lambda tx: annotations.claim(tx, annotation))


def _annotate(db: Database, shop: NoteKeeper, annotation: Annotation) -> ShopFault | None:
    """Write one row's note and marker; return what went wrong."""
    marker_done = annotation.marker_done or annotation.superseded
    note_done = annotation.note_done
    try:
        if not note_done:
            _add_note_once(shop, annotation)
            note_done = True
        if not marker_done:
            _write_marker(db, shop, annotation)
            marker_done = True
    except OrderVanishedError:
        marker_done = note_done = True
    except ShopError as error:
        pause_s = min(_LAST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(annotation.attempts, 10))
        reason = str(error)
        db.transaction(
            lambda tx: annotations.save_progress(
                tx,
                annotation,
                marker_done=marker_done,
                note_done=note_done,
                error=reason,
                pause_s=pause_s,
            )
        )
        return error.fault
    db.transaction(
        lambda tx: annotations.save_progress(
            tx, annotation, marker_done=marker_done, note_done=note_done
        )
    )
    return None


def _add_note_once(shop: NoteKeeper, annotation: Annotation) -> None:
    """Add the note unless an earlier try got it through before it died."""
    tag = f"[aipkit-bridge {annotation.entry_id}]"
    notes = shop.list_notes(annotation.order_id)
    if not any(str(note.get("note", "")).endswith(tag) for note in notes):
        shop.add_note(annotation.order_id, f"{_text(annotation)} {tag}")


def _text(annotation: Annotation) -> str:
    verb = "Granted" if annotation.credits_delta > 0 else "Took back"
    amount = f"{abs(annotation.credits_delta):,}"
    return f"{verb} {amount} tokens. New balance: {annotation.balance_after:,}."


def _write_marker(db: Database, shop: NoteKeeper, annotation: Annotation) -> None:
    """Write the net credits booked, unless somebody else wrote another number meanwhile."""
    data = shop.get_order(annotation.order_id, fetch_number=next_fetch_number(db))
    try:
        marker = parse_order(data, ()).marker
    except UnreadableOrderError:
        return
    if marker == annotation.marker:
        return
    with db.reading() as tx:
        ours = annotations.markers_of(tx, annotation.order_id)
    if marker in ours:
        shop.write_meta(annotation.order_id, MARKER_KEY, str(annotation.marker))
    else:
        log.info("foreign_marker_left_alone", order_id=annotation.order_id, marker=marker)
