"""One order's transaction: read under its lock, judge, book and save, all or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bridge.domain.backfills import Standing
from bridge.domain.errors import LedgerConflictError
from bridge.domain.grants import BookedCredits, Booking, BookingKind, GrantPolicy, plan_booking
from bridge.domain.ids import Credits, LineId, UserId
from bridge.domain.ledger import ORDERS, ContextType, EntryType, LedgerEntry, ReferenceType
from bridge.domain.orders import Order
from bridge.domain.packages import JudgedLine, amounts_of, judge_line
from bridge.domain.sales import paid_for_credits
from bridge.domain.second_looks import second_look_at
from bridge.domain.site import Site
from bridge.domain.verdicts import Surroundings, Verdict, judge_order
from bridge.services.read_site import SiteReader
from bridge.services.spending.load_accounts import load_user, save
from bridge.services.spending.open_accounts import open_account
from bridge.store import (
    accounts,
    annotations,
    ledger,
    order_sums,
    orders,
    wp_options,
    wp_products,
    wp_users,
)
from bridge.store.db import Database
from bridge.store.leases import Fence
from bridge.store.tx import Tx
from bridge.store.wp_products import Items, Products

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingContext:
    """Where orders are booked, and by which rules."""

    db: Database
    site: SiteReader
    policy: GrantPolicy
    ledger_epoch: datetime  # where history ends: see `domain.verdicts.Surroundings`
    annotate: bool
    fence: Fence | None = None  # None: exactly-once needs no lease, it only saves work


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the database says of the products that some orders name."""

    products: Products
    items: Items  # what REST no longer tells of some lines

    def judge(self, order: Order, frozen: Mapping[LineId, Credits]) -> tuple[JudgedLine, ...]:
        """Judge an order's lines by it, except those whose amount is frozen."""
        return tuple(
            judge_line(
                line,
                wp_products.sold_by(line, self.products, self.items),
                frozen=frozen.get(line.line_id),
            )
            for line in order.lines
        )


def book_order(
    context: BookingContext,
    order: Order,
    catalogue: Catalogue,
    *,
    fetch_number: int,
    parent_has_packages: bool = False,
) -> bool:
    """
    Apply one fetched order; return whether anything was booked.

    The rows that the transaction must find to lock are made beforehand, each in a transaction
    of its own.

    Args:
        context: Where and by which rules.
        order: The order with its refunds.
        catalogue: What its lines sold.
        fetch_number: Of its fetch; where a later one was applied, nothing is done.
        parent_has_packages: The order that it was split off has package lines of its own.

    Raises:
        BalanceTooLargeError: The booking would pass what WordPress can store.
        LedgerConflictError: The ledger has a row with the booking's key that is not ours.
        LeaseLostError: Another process does this work now.
    """
    site = context.site.get()
    booking = OrderBooking(context, site, order, catalogue, fetch_number, parent_has_packages)
    conflicts = 0
    while True:
        context.db.transaction(lambda tx: orders.make_order(tx, order.order_id))
        try:
            applied = context.db.transaction(booking.run)
            if applied is not None:
                applied.tell(order)
                return applied.credits != 0
        except accounts.AccountMissingError as missing:
            open_account(context.db, missing.user_id)
        except LedgerConflictError:
            # The peer may have granted between our look at the ledger and our row: then the
            # second look finds its row, and adopts it.
            conflicts += 1
            if conflicts > 1:
                raise


def foresee_order(
    context: BookingContext, order: Order, catalogue: Catalogue, *, parent_has_packages: bool
) -> Standing:
    """Say how a backfilled order would stand after `book_order`; nothing is written or held."""
    site = context.site.get()
    booking = OrderBooking(context, site, order, catalogue, 0, parent_has_packages)
    with context.db.reading() as tx:
        return booking.foresee(tx)


@dataclass(frozen=True, slots=True)
class _BookingResult:
    """What a transaction booked; nothing if the order already had what it is due."""

    credits: Credits = Credits(0)
    user_id: UserId | None = None

    def tell(self, order: Order) -> None:
        """Write a booking to the log, after the commit."""
        if self.credits:
            log.info(
                "order_booked",
                order_id=order.order_id,
                user_id=self.user_id,
                credits=self.credits,
                status=order.status,
            )


@dataclass(frozen=True, slots=True)
class _Judgement:
    """An order under its lock, and what the rules say of it."""

    locked: orders.LockedOrder
    lines: tuple[JudgedLine, ...]
    verdict: Verdict
    booked: BookedCredits
    """The credits booked for the order, including those adopted now."""


@dataclass(frozen=True, slots=True)
class OrderBooking:
    """The work of one order's transaction, which is run again when it lost a race."""

    context: BookingContext
    site: Site
    order: Order
    catalogue: Catalogue
    fetch_number: int
    parent_has_packages: bool

    def run(self, tx: Tx) -> _BookingResult | None:
        """Return what was booked; None if the row was forgotten under our hands."""
        locked = orders.lock_order(tx, self.order.order_id)
        if locked is None:
            return None
        if self.fetch_number < locked.applied_number:
            return _BookingResult()
        judged = self._judge(tx, locked)
        counted = order_sums.read(tx, self.order.order_id)
        booking = self._book(tx, judged)
        self._save(tx, judged, booking)
        order_sums.count(tx, self.order.order_id, counted)
        if self.context.fence is not None:
            self.context.fence.check(tx)
        return _BookingResult(booking.delta if booking else Credits(0), judged.verdict.account_id)

    def foresee(self, tx: Tx) -> Standing:
        """Judge it as if a backfill had let it in; without locks, so only as of now."""
        kept = orders.peek_order(tx, self.order.order_id)
        let_in = replace(kept, record=replace(kept.record, backfilled=True))
        judged = self._judge(tx, let_in)
        verdict = judged.verdict
        due = judged.booked.net if verdict.due is None else verdict.due
        booked = judged.booked.net if verdict.account_id is None else due
        return Standing(
            verdict.state,
            verdict.reason,
            booked=booked,
            at_stake=Credits(max(0, due - booked)),
            is_adopted=verdict.adopt is not None,
        )

    def _judge(self, tx: Tx, locked: orders.LockedOrder) -> _Judgement:
        order, policy = self.order, self.context.policy
        lines = self.catalogue.judge(order, locked.frozen)
        verdict = judge_order(order, lines, locked.record, self._look_around(tx, locked), policy)
        if verdict.look_again_at is None and amounts_of(lines):
            again = second_look_at(verdict, order, policy, locked.now)
            verdict = replace(verdict, look_again_at=again)
        booked = locked.record.booked
        if verdict.adopt is not None:
            booked = BookedCredits(granted=verdict.adopt.credits)
        return _Judgement(locked, lines, verdict, booked)

    def _look_around(self, tx: Tx, locked: orders.LockedOrder) -> Surroundings:
        """Read, under the order's lock, what else decides about it."""
        order, record = self.order, locked.record
        first = record.account_id is None
        customer = record.assigned_to or UserId(order.customer_id) or None
        may_claim = first and self.context.policy.claim_by_email and customer is None
        return Surroundings(
            now=locked.now,
            ledger_epoch=self.context.ledger_epoch,
            foreign_purchase=ledger.find_foreign_purchase(tx, order.order_id) if first else None,
            marker=max(order.marker, wp_options.order_marker(tx, order.order_id)) if first else 0,
            peer_may_grant=first and wp_options.peer_may_grant(tx),
            customer_exists=customer is not None and wp_users.user_exists(tx, customer),
            email_owner=(
                wp_users.find_older_account(tx, order.email, order.created_at)
                if may_claim
                else None
            ),
            refunds_other_package=_refunds_other_package(tx, order),
            parent_has_packages=self.parent_has_packages,
        )

    def _book(self, tx: Tx, judged: _Judgement) -> Booking | None:
        """Book what the verdict asks for: balance, ledger row and outbox together."""
        verdict, booked = judged.verdict, judged.booked
        if verdict.due is None or verdict.account_id is None or verdict.due == booked.due_before:
            return None
        if self._is_nobodys(tx, verdict.account_id, takes=verdict.due < booked.due_before):
            nothing = Credits(0)
            return plan_booking(verdict.due, booked, stored_balance=nothing, allow_negative=False)
        rows, loaded = load_user(tx, self.site, verdict.account_id)
        account = loaded.account
        booking = plan_booking(
            verdict.due,
            booked,
            stored_balance=account.funds.stored,
            allow_negative=self.context.policy.allow_negative,
        )
        assert booking is not None, self.order.order_id  # due differs from what is booked
        if booking.kind is None:
            return booking
        entry = account.change(
            booking.delta, lambda before, after: self._row(judged, booking, before, after)
        )
        entry_id = save(tx, rows, [loaded]).of(entry)
        if self.context.annotate:
            annotations.add(
                tx,
                entry_id=entry_id,
                order_id=self.order.order_id,
                delta=booking.delta,
                balance_after=account.funds.balance,
                marker=booking.after.net,
                marker_before=booked.net,
            )
        return booking

    def _is_nobodys(self, tx: Tx, user_id: UserId, *, takes: bool) -> bool:
        """Say whether a clawback meets a deleted user: nothing is made for nobody."""
        may_owe = self.context.policy.allow_negative
        return takes and not may_owe and not wp_users.user_exists(tx, user_id)

    def _row(self, judged: _Judgement, booking: Booking, before: int, after: int) -> LedgerEntry:
        """Return the row in the shape that the peer plugin writes (R9)."""
        assert booking.kind is not None
        is_clawback = booking.kind is BookingKind.CLAWBACK
        order, verdict = self.order, judged.verdict
        numbered = _count_up(judged.locked, booking)
        keys = {
            BookingKind.PURCHASE: ledger.purchase_key(order.order_id),
            BookingKind.REGRANT: ledger.order_key(
                order.order_id, BookingKind.REGRANT, numbered.regrants
            ),
            BookingKind.CLAWBACK: ledger.order_key(
                order.order_id, BookingKind.CLAWBACK, numbered.clawbacks
            ),
        }
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
            idempotency_key=keys[booking.kind],
            meta=meta,
        )

    def _save(self, tx: Tx, judged: _Judgement, booking: Booking | None) -> None:
        """Keep where the order stands now, and what each of its lines grants for good."""
        locked, booked = judged.locked, judged.booked
        if booking is not None:
            locked, booked = _count_up(locked, booking), booking.after
        orders.freeze_lines(tx, self.order, judged.lines)
        adoption = locked.record.adoption or judged.verdict.adopt
        orders.save_order(
            tx,
            self.order,
            locked,
            judged.verdict,
            booked,
            sold_for=paid_for_credits(self.order, amounts_of(judged.lines), booked, adoption),
            digest=self.context.policy.digest_with(self.order.digest()),
            fetch_number=self.fetch_number,
        )
        if judged.verdict.account_id is not None and booked.granted:
            accounts.note_change(tx, judged.verdict.account_id)


def _refunds_other_package(tx: Tx, order: Order) -> bool:
    """Say whether a refund's line takes back a token package that no line of the order has."""
    parts = [part for refund in order.refunds for part in refund.unlinked]
    ids = {i for part in parts if part.takes and not part.fits for i in part.product_ids} - {0}
    products = wp_products.read_products(tx, ids)
    return any(metas.is_package == "yes" for metas in products.values())


def _count_up(locked: orders.LockedOrder, booking: Booking) -> orders.LockedOrder:
    return replace(
        locked,
        regrants=locked.regrants + (booking.kind is BookingKind.REGRANT),
        clawbacks=locked.clawbacks + (booking.kind is BookingKind.CLAWBACK),
    )
