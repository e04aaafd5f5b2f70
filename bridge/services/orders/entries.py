"""What orders change of accounts in memory, and the ledger rows and notes that tell of it."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

from bridge.domain.grants import Booking, BookingKind, plan_booking
from bridge.domain.ids import Credits, OrderId, UserId
from bridge.domain.ledger import ORDERS, ContextType, EntryType, LedgerEntry, ReferenceType
from bridge.domain.packages import amounts_of
from bridge.services.orders.judge import BookingContext, Judgement
from bridge.services.spending.load_accounts import LoadedAccount, LockedRows, save
from bridge.store import annotations, ledger
from bridge.store.annotations import NewAnnotation
from bridge.store.order_rows import LockedOrder
from bridge.store.tx import Tx


@dataclass(frozen=True, slots=True)
class _Entered:
    """A ledger row of an order, and the balance after it."""

    judged: Judgement
    booking: Booking
    entry: LedgerEntry
    balance: Credits


@dataclass(slots=True)
class OrderEntries:
    """Loaded accounts while orders are booked on them, one after another."""

    context: BookingContext
    loaded: Mapping[UserId, LoadedAccount]
    nobodys: Set[UserId]
    bookings: dict[OrderId, Booking] = field(default_factory=dict)
    _entered: list[_Entered] = field(default_factory=list)

    def add(self, judged: Judgement) -> None:
        """
        Book what an order's verdict asks for.

        Raises:
            BalanceTooLargeError: The booking would pass what WordPress can store.
        """
        user_id = judged.account_to_change
        assert user_id is not None, judged.order.order_id
        if is_nobodys(judged, self.nobodys):
            self._plan(judged, Credits(0))
            return
        account = self.loaded[user_id].account
        booking = self._plan(judged, account.funds.stored)
        if booking.kind is None:
            return
        entry = account.change(
            booking.delta, lambda before, after: _row(judged, booking, before, after)
        )
        self._entered.append(_Entered(judged, booking, entry, account.funds.balance))
        account.settle_debt()

    def _plan(self, judged: Judgement, stored: Credits) -> Booking:
        assert judged.verdict.due is not None, judged.order.order_id
        booking = plan_booking(
            judged.verdict.due,
            judged.booked,
            stored_balance=stored,
            allow_negative=self.context.policy.allow_negative,
        )
        assert booking is not None, judged.order.order_id  # due differs from what is booked
        self.bookings[judged.order.order_id] = booking
        return booking

    def write(self, tx: Tx, rows: LockedRows) -> set[UserId]:
        """Write the accounts that changed, ledger rows and outbox; return whose they are."""
        changed = {one.entry.user_id for one in self._entered if one.entry.user_id is not None}
        if not changed:
            return changed
        ids = save(tx, rows, [self.loaded[user_id] for user_id in sorted(changed)])
        if self.context.annotate:
            annotations.add(tx, [_annotation(one, ids.of(one.entry)) for one in self._entered])
        return changed


def is_nobodys(judged: Judgement, nobodys: Set[UserId]) -> bool:
    """Say whether a clawback meets a deleted user: nothing is made for nobody."""
    return judged.takes and judged.verdict.account_id in nobodys


def _annotation(one: _Entered, entry_id: int) -> NewAnnotation:
    return NewAnnotation(
        entry_id=entry_id,
        order_id=one.judged.order.order_id,
        credits_delta=one.booking.delta,
        balance_after=one.balance,
        marker=one.booking.after.net,
        marker_before=one.judged.booked.net,
    )


def _row(judged: Judgement, booking: Booking, before: int, after: int) -> LedgerEntry:
    """Return the row in the shape that the peer plugin writes (R9)."""
    assert booking.kind is not None
    is_clawback = booking.kind is BookingKind.CLAWBACK
    order, verdict = judged.order, judged.verdict
    meta: dict[str, object] = {
        "tokens_granted": booking.after.net,
        "balance_before": before,
        "balance_after": after,
        "lines": {str(k): v for k, v in amounts_of(judged.lines).items()},
        "order_status": order.status,
    }
    if verdict.claimed_as:
        meta["claimed_as"] = verdict.claimed_as
    return LedgerEntry(
        user_id=verdict.account_id,
        entry_type=EntryType.REFUND if is_clawback else EntryType.PURCHASE,
        operation=booking.kind,
        module=ORDERS,
        context_type=ContextType.ORDER,
        context_id=order.order_id,
        credits_delta=booking.delta,
        usage_total_units=abs(booking.delta),
        reference_type=ReferenceType.ORDER,
        reference_id=str(order.order_id),
        idempotency_key=_key(judged, booking.kind),
        meta=meta,
    )


def _key(judged: Judgement, kind: BookingKind) -> str:
    order_id = judged.order.order_id
    if kind is BookingKind.PURCHASE:
        return ledger.purchase_key(order_id)
    numbered = count_up(judged.locked, kind)
    number = numbered.regrants if kind is BookingKind.REGRANT else numbered.clawbacks
    return ledger.order_key(order_id, kind, number)


def count_up(locked: LockedOrder, kind: BookingKind | None) -> LockedOrder:
    """Return an order's row with one more booking of a kind that is numbered."""
    if kind not in (BookingKind.REGRANT, BookingKind.CLAWBACK):
        return locked
    return replace(
        locked,
        regrants=locked.regrants + (kind is BookingKind.REGRANT),
        clawbacks=locked.clawbacks + (kind is BookingKind.CLAWBACK),
    )
