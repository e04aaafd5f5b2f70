"""
The transaction of orders: read under their locks, judged, booked and saved, all or nothing.

One order or many: those of a group are decided one after another on what the one before has left,
as if each had a transaction of its own, and written by statements of many rows.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from bridge.domain.backfills import Standing
from bridge.domain.errors import LedgerConflictError
from bridge.domain.grants import BookedCredits, Booking
from bridge.domain.ids import Credits, OrderId, UserId
from bridge.domain.packages import amounts_of
from bridge.domain.sale_lines import SaleLine, sale_lines_of
from bridge.domain.sales import paid_for_credits
from bridge.domain.site import Site
from bridge.domain.verdicts import Reason
from bridge.services.orders.entries import OrderEntries, count_up, is_nobodys
from bridge.services.orders.judge import (
    BookingContext,
    Catalogue,
    Judgement,
    WholeOrder,
    judge_orders,
)
from bridge.services.spending.load_accounts import load_users
from bridge.services.spending.open_accounts import open_accounts
from bridge.store import accounts, order_rows, order_sums, sale_lines, wp_users
from bridge.store.db import Database
from bridge.store.order_rows import LockedOrder, OrderWrite
from bridge.store.tx import Tx

log = structlog.get_logger()

_Bookings: TypeAlias = Mapping[OrderId, Booking]


def book_orders(
    context: BookingContext,
    orders: Sequence[WholeOrder],
    catalogue: Catalogue,
    *,
    fetch_number: int,
    unmade: Collection[OrderId] = (),
    lets_in: bool = False,
) -> "list[BookedOrder]":
    """
    Apply fetched orders together, or none of them; return those that no later fetch overtook.

    The rows that the transaction must find to lock are made beforehand, in transactions of their
    own.

    Args:
        context: Where and by which rules.
        orders: In the order in which they are decided, each at most once.
        catalogue: What their lines sold.
        fetch_number: Of their fetch; where a later one was applied, nothing is done.
        unmade: Those among them whose rows are probably not there yet.
        lets_in: Let them in, as a backfill does; rows of new ones are then written once, with
            all that is in them.

    Raises:
        BalanceTooLargeError: A booking would pass what WordPress can store.
        LedgerConflictError: The ledger has a row with a booking's key that is not ours.
        LeaseLostError: Another process does this work now.
        RowsBusyError: Another program holds a row, and there is more than one order: whoever
            waits for one of them lets the others go first.
    """
    if unmade:
        _make(context, unmade)
    group = _OrderGroup(context, context.site.get(), orders, catalogue, fetch_number, lets_in)
    try:
        booked = _run(group)
    except LedgerConflictError:
        # The peer may have granted between our look at the ledger and our row: then the second
        # look finds its row, and adopts it.
        booked = _run(group)
    _tell(context, [one for one in booked if one.credits])
    return booked


def _tell(context: BookingContext, booked: Sequence["BookedOrder"]) -> None:
    """Write bookings to the log, after the commit."""
    if context.tells_each:
        for one in booked:
            log.info(
                "order_booked",
                order_id=one.order_id,
                user_id=one.user_id,
                credits=one.credits,
                status=one.status,
            )
    elif booked:
        log.info("orders_booked", orders=len(booked), credits=sum(one.credits for one in booked))


def _run(group: "_OrderGroup") -> "list[BookedOrder]":
    """Run a group's transaction, and again when rows were made that it had not found."""
    while True:
        try:
            return group.context.db.transaction(group.run, patient=len(group.orders) == 1)
        except _OrdersMissingError as error:
            _make(group.context, error.order_ids)
        except order_rows.OrdersMadeError:
            let_in(group.context.db, [one.order_id for one in group.orders])
        except accounts.AccountsMissingError as error:
            open_accounts(group.context.db, list(error.user_ids))


def _make(context: BookingContext, order_ids: Collection[OrderId]) -> None:
    context.db.transaction(lambda tx: order_rows.make_orders(tx, order_ids))


def let_in(db: Database, order_ids: Collection[OrderId]) -> None:
    """Let orders in that were completed before `grants.since`, whatever becomes of them."""
    if order_ids:
        db.transaction(lambda tx: order_rows.let_in(tx, order_ids))


def foresee_orders(
    context: BookingContext, orders: Sequence[WholeOrder], catalogue: Catalogue
) -> list[Standing]:
    """Say how backfilled orders would stand after `book_orders`; nothing is written or held."""
    with context.db.reading() as tx:
        kept = order_rows.peek_let_in(tx, [one.order_id for one in orders])
        return [one.foreseen for one in judge_orders(tx, context, orders, kept, catalogue)]


class _OrdersMissingError(Exception):
    """Rows of orders must be made first: they are new, or were forgotten meanwhile."""

    def __init__(self, order_ids: Collection[OrderId]) -> None:
        super().__init__(len(order_ids))
        self.order_ids = order_ids


@dataclass(frozen=True, slots=True)
class BookedOrder:
    """What a transaction booked for an order; nothing if it already had what it is due."""

    order_id: OrderId
    user_id: UserId | None
    credits: Credits
    status: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class _OrderGroup:
    """The work of one transaction, which is run again when it lost a race."""

    context: BookingContext
    site: Site
    orders: Sequence[WholeOrder]
    catalogue: Catalogue
    fetch_number: int
    lets_in: bool

    def run(self, tx: Tx) -> list[BookedOrder]:
        ids = [one.order_id for one in self.orders]
        lock = order_rows.lock_let_in if self.lets_in else order_rows.lock_orders
        locked = lock(tx, ids)
        if missing := [order_id for order_id in ids if order_id not in locked]:
            raise _OrdersMissingError(missing)
        current = [one for one in self.orders if self._is_newest(locked[one.order_id])]
        ids = [one.order_id for one in current]
        if self.lets_in and len(current) < len(locked):
            # Whoever judged them since our fetch has not seen them let in.
            order_rows.let_in(tx, locked.keys() - set(ids))
        if not current:
            return []
        judged = judge_orders(tx, self.context, current, locked, self.catalogue)
        counted = order_sums.read(tx, [i for i in ids if not locked[i].is_new])
        bookings, written = self._book(tx, judged)
        writes = [self._written(one, bookings.get(one.order.order_id)) for one in judged]
        order_rows.save_orders(tx, writes, self.fetch_number)
        # Those who show an account look at whether its row has changed.
        shown = _known(one.verdict.account_id for one in writes if one.booked.granted)
        accounts.note_changes(tx, sorted(shown - written))
        order_sums.count(tx, ids, counted)
        sold = {one.order.order_id: (one.order.currency, one.sales) for one in writes}
        known = [i for i in ids if locked[i].applied_number > 0]
        sale_lines.keep(tx, sold, self.site.calendar, known=known)
        if self.context.fence is not None:
            self.context.fence.check(tx)
        return [_booked(one, bookings.get(one.order.order_id)) for one in judged]

    def _is_newest(self, locked: LockedOrder) -> bool:
        return self.fetch_number >= locked.applied_number

    def _book(self, tx: Tx, judged: Sequence[Judgement]) -> tuple[_Bookings, set[UserId]]:
        """Book what the verdicts ask for; return it, and whose accounts were written."""
        asking = [one for one in judged if one.account_to_change is not None]
        if not asking:
            return {}, set()
        takers = _known(one.account_to_change for one in asking if one.takes)
        nobodys = self._nobodys(tx, takers)
        users = _known(one.account_to_change for one in asking if not is_nobodys(one, nobodys))
        besides = _known(one.verdict.account_id for one in judged if one.booked.granted)
        rows, loaded = load_users(tx, self.site, users, besides=besides)
        entries = OrderEntries(self.context, loaded, nobodys)
        for one in asking:
            entries.add(one)
        return entries.bookings, entries.write(tx, rows)

    def _nobodys(self, tx: Tx, takers: Set[UserId]) -> Set[UserId]:
        """Return those of whom clawbacks take who were deleted."""
        if self.context.policy.allow_negative:
            return set()
        return takers - wp_users.existing_users(tx, takers)

    def _written(self, judged: Judgement, booking: Booking | None) -> OrderWrite:
        """Return where the order stands now, and what each of its lines grants for good."""
        locked, booked, order = judged.locked, judged.booked, judged.order
        if booking is not None:
            locked, booked = count_up(locked, booking.kind), booking.after
        sales = self._sales(judged, booked)
        return OrderWrite(
            order,
            locked,
            judged.lines,
            judged.verdict,
            booked,
            sales,
            sold_for=paid_for_credits(sales, booked),
            digest=self.context.policy.digest_with(order.digest()),
        )

    def _sales(self, judged: Judgement, booked: BookedCredits) -> Sequence[SaleLine]:
        """Return what the order brought in; the lines of one that was split off are copies."""
        if judged.verdict.reason is Reason.SUB_ORDER:
            return ()
        return sale_lines_of(judged.order, amounts_of(judged.lines), self.context.policy, booked)


def _known(user_ids: Iterable[UserId | None]) -> set[UserId]:
    return {user_id for user_id in user_ids if user_id is not None}


def _booked(judged: Judgement, booking: Booking | None) -> BookedOrder:
    booked = booking.after if booking else judged.booked
    return BookedOrder(
        judged.order.order_id,
        judged.verdict.account_id,
        booking.delta if booking else Credits(0),
        judged.order.status,
        judged.standing(booked.net),
    )
