"""
Booking many orders, some to a transaction.

A group is booked as a whole or not at all. One that fails is halved, until the order that is in
the way stands alone: only that one is recorded with what is wrong, or put off.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from bridge.domain.errors import (
    BridgeError,
    DatabaseBusyError,
    DatabaseUnavailableError,
    LeaseLostError,
    NotMigratedError,
)
from bridge.domain.ids import OrderId
from bridge.domain.orders import Order
from bridge.services.orders.book import BookedOrder, book_orders, let_in
from bridge.services.orders.judge import WholeOrder
from bridge.services.orders.record_trouble import record_defect, record_fault, record_vanished
from bridge.services.orders.whole_orders import (
    ImportContext,
    KnownOrders,
    complete_order,
    needs_requests,
)
from bridge.store import orders
from bridge.woo.errors import OrderVanishedError

log = structlog.get_logger()

Json = Mapping[str, Any]
T = TypeVar("T")

MAX_ORDERS = 250
"""Orders a transaction: its accounts must not be held for long, nor overflow a cluster."""

_PUT_OFF_S = 60


@dataclass(frozen=True, slots=True)
class OrderBooker:
    """Books orders of one fetch, whatever is wrong with some of them."""

    context: ImportContext
    known: KnownOrders
    fetch_number: int
    lets_in: bool = False  # as a backfill does

    def book(self, found: Mapping[Order, Json]) -> list[BookedOrder]:
        """
        Book orders, each with what the shop sent; return what became of them.

        Those are left out that were recorded for people, put off, or known better already. Orders
        that need further requests come last.

        Raises:
            DatabaseUnavailableError: Some groups may have been booked.
            LeaseLostError: Another process does this work now.
        """
        plain = [WholeOrder(order) for order in found if not needs_requests(order)]
        asked = [order for order in found if needs_requests(order)]
        whole = (self._complete(order, found[order]) for order in asked)
        booked: list[BookedOrder] = []
        for some in (plain, (one for one in whole if one is not None)):
            for group in groups_of(some):
                for done in halving(group, self._book_group, self._record):
                    booked += done
        return booked

    def _complete(self, order: Order, item: Json) -> WholeOrder | None:
        """Return an order with what only further requests tell; None if it was recorded."""
        try:
            return complete_order(self.context, self.known, order, item, self.fetch_number)
        except Exception as error:  # noqa: BLE001  # one order's defect must not stop the others
            raise_if_it_stops_all(error)
            self._record(WholeOrder(order), error)
            return None

    def _book_group(self, group: Sequence[WholeOrder]) -> list[BookedOrder]:
        seen = self.known.seen
        unmade = [] if self.lets_in else [i.order_id for i in group if i.order_id not in seen]
        return book_orders(
            self.context,
            group,
            self.known.catalogue,
            fetch_number=self.fetch_number,
            unmade=unmade,
            lets_in=self.lets_in,
        )

    def _record(self, whole: WholeOrder, error: Exception) -> list[BookedOrder]:
        """Record what is wrong with one order; nothing of it is booked."""
        context, order, order_id = self.context, whole.order, whole.order_id
        if self.lets_in:
            let_in(context.db, [order_id])
        if isinstance(error, OrderVanishedError):
            record_vanished(context, order_id, self.fetch_number)
        elif isinstance(error, DatabaseBusyError):
            # Another program keeps the customer's rows: this order waits, not all of them.
            log.info("order_put_off", order_id=order_id, reason=str(error))
            context.db.transaction(lambda tx: orders.hint(tx, order_id, in_s=_PUT_OFF_S))
        elif isinstance(error, BridgeError):
            record_fault(context, order, error, self.fetch_number)
        else:
            record_defect(context, order_id, error, self.fetch_number)
        return []


def halving(
    group: Sequence[WholeOrder],
    work: Callable[[Sequence[WholeOrder]], T],
    give_up: Callable[[WholeOrder, Exception], T],
) -> Iterator[T]:
    """
    Yield what work on a group gives, or on its halves if it fails, down to single orders.

    Args:
        group: Some orders.
        work: Done with all or nothing.
        give_up: What is done with an order that fails alone.
    """
    try:
        done = work(group)
    except Exception as error:  # noqa: BLE001  # likewise
        raise_if_it_stops_all(error)
        if len(group) > 1:
            middle = len(group) // 2
            for half in (group[:middle], group[middle:]):
                yield from halving(half, work, give_up)
            return
        done = give_up(group[0], error)
    yield done


def raise_if_it_stops_all(error: Exception) -> None:
    """Raise an error that is none of one order's."""
    is_down = isinstance(error, DatabaseUnavailableError) and not isinstance(
        error, DatabaseBusyError
    )
    if is_down or isinstance(error, NotMigratedError | LeaseLostError):
        raise error


def groups_of(found: Iterable[WholeOrder]) -> Iterator[list[WholeOrder]]:
    """Yield orders in groups of one transaction; one that comes twice is in two of them."""
    group: dict[OrderId, WholeOrder] = {}
    for one in found:
        if len(group) == MAX_ORDERS or one.order_id in group:
            yield list(group.values())
            group = {}
        group[one.order_id] = one
    if group:
        yield list(group.values())
