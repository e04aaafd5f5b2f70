"""Importing fetched orders: each is booked exactly once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.domain.grants import GrantPolicy
from bridge.domain.ids import OrderId
from bridge.domain.orders import Order
from bridge.domain.verdicts import OrderState
from bridge.services.orders.book_groups import OrderBooker
from bridge.services.orders.record_trouble import record_defect, record_unreadable
from bridge.services.orders.whole_orders import ImportContext, concerns_us, read_known
from bridge.store import orders
from bridge.woo.errors import UnreadableOrderError
from bridge.woo.parse import order_id_of, parse_order

Json = Mapping[str, Any]

_ASKING = frozenset({OrderState.WAITING, OrderState.ATTENTION, OrderState.UNCLAIMED})


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a page of orders."""

    fetched: int = 0
    applied: int = 0
    booked: int = 0

    def plus(self, other: "ImportResult") -> "ImportResult":
        """Return the sum."""
        return ImportResult(
            self.fetched + other.fetched,
            self.applied + other.applied,
            self.booked + other.booked,
        )


def import_orders(
    context: ImportContext, items: Sequence[Any], *, fetch_number: int
) -> ImportResult:
    """
    Apply the orders of one fetch; what is unchanged costs nothing.

    An order that cannot be judged is listed with its reason and stops nothing else. Those that
    need further requests come last.

    Args:
        context: Where and by which rules.
        items: Orders as the shop sent them.
        fetch_number: Taken from the database before the fetch; an order to which a later
            fetch was applied already is left alone.

    Raises:
        DatabaseUnavailableError: Orders before the failing one are applied.
        LeaseLostError: Another process does this work now.
    """
    parsed = _parse(context, items, fetch_number)
    with context.db.reading() as tx:
        seen = orders.read_seen(tx, [order.order_id for order in parsed])
        changed = [order for order in parsed if not _unchanged(order, seen, context.policy)]
        known = read_known(tx, changed, seen)
    due = _unchanged_but_due(parsed, changed, seen)
    if due:
        final = context.policy.statuses | context.policy.reverse_on
        context.db.transaction(lambda tx: orders.put_off(tx, due, fetch_number, final=final))
    concerned = [order for order in changed if concerns_us(order, known, context.policy)]
    booker = OrderBooker(context, known, fetch_number)
    booked = booker.book({order: parsed[order] for order in concerned})
    return ImportResult(len(items), len(concerned), sum(one.credits != 0 for one in booked))


def _parse(context: ImportContext, items: Sequence[Any], fetch_number: int) -> dict[Order, Json]:
    """Return the orders that can be read, each with what the shop sent; record the others."""
    parsed: dict[Order, Json] = {}
    for item in items:
        try:
            parsed[parse_order(item, ())] = item
        except UnreadableOrderError as error:
            record_unreadable(context, error.order_id, error, fetch_number)
        except Exception as error:  # noqa: BLE001  # one order's defect must not stop the others
            record_defect(context, order_id_of(item), error, fetch_number)
    return parsed


def _unchanged(
    order: Order, seen: Mapping[OrderId, orders.KnownOrder], policy: GrantPolicy
) -> bool:
    kept = seen.get(order.order_id)
    if kept is None or kept.digest != policy.digest_with(order.digest()):
        return False
    return not (kept.state in _ASKING and kept.look_due)


def _unchanged_but_due(
    parsed: Collection[Order], changed: Sequence[Order], seen: Mapping[OrderId, orders.KnownOrder]
) -> list[OrderId]:
    rest = {order.order_id for order in parsed} - {order.order_id for order in changed}
    return [order_id for order_id in rest if seen[order_id].look_due]


def ids_of(items: Sequence[Any]) -> set[OrderId]:
    """Return the ids of fetched orders, as far as they can be read."""
    ids = set()
    for item in items:
        try:
            ids.add(order_id_of(item))
        except UnreadableOrderError:
            continue
    return ids
