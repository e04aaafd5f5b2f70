"""What one order needs besides its own page: refunds, products, and the order it is a part of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.domain.grants import GrantPolicy
from bridge.domain.ids import OrderId
from bridge.domain.orders import Order
from bridge.domain.verdicts import line_to_ask_about
from bridge.services.orders.judge import BookingContext, Catalogue, WholeOrder
from bridge.services.orders.record_trouble import ParentUnreadableError, RefundsUnreadableError
from bridge.store import ledger, orders, wp_products
from bridge.store.tx import Tx
from bridge.store.wp_products import Items
from bridge.woo.errors import OrderVanishedError, ShopError, UnreadableOrderError
from bridge.woo.parse import parse_order

Json = Mapping[str, Any]


class OrderShop(Protocol):
    """The part of the shop that one order may need besides its own page."""

    def get_order(self, order_id: OrderId, *, fetch_number: int) -> Json:
        """Return one order, whatever its status."""

    def list_refunds(self, order_id: OrderId, *, fetch_number: int) -> Sequence[Json]:
        """Return all refunds of an order, with their lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportContext(BookingContext):
    """What every import needs."""

    shop: OrderShop


@dataclass(frozen=True, slots=True)
class KnownOrders:
    """What one page of orders needs from the database, read at once."""

    seen: Mapping[OrderId, orders.KnownOrder]
    purchased: frozenset[OrderId]
    catalogue: Catalogue


def read_known(
    tx: Tx,
    changed: Sequence[Order],
    seen: Mapping[OrderId, orders.KnownOrder],
    sold: Items | None = None,
) -> KnownOrders:
    """Read what judging some orders needs besides the orders; *seen*: what is kept of them."""
    return KnownOrders(
        seen=seen,
        purchased=ledger.find_purchased_orders(tx, [order.order_id for order in changed]),
        catalogue=read_catalogue(tx, changed, sold),
    )


def read_catalogue(tx: Tx, changed: Sequence[Order], sold: Items | None = None) -> Catalogue:
    """Read what the orders' lines sold; *sold*: what the order items say, if it is known."""
    items = wp_products.read_items(tx, changed) if sold is None else sold
    named = [(i.product_id, i.variation_id) for order in changed for i in order.lines]
    ids = {i for pair in (*named, *items.values()) for i in pair} - {0}
    return Catalogue(wp_products.read_products(tx, ids), items)


def concerns_us(
    order: Order, known: KnownOrders, policy: GrantPolicy, *, backfilled: bool = False
) -> bool:
    """Say whether the order has, or may have, to do with credits; others leave no trace."""
    if order.order_id in known.seen or order.order_id in known.purchased or order.marker:
        return True
    judged = known.catalogue.judge(order, {})
    if any(j.unit_amount is not None for j in judged):
        return True
    return line_to_ask_about(order, judged, policy, backfilled=backfilled) is not None


def needs_requests(order: Order) -> bool:
    """Say whether an order's own page does not tell all of it."""
    return bool(order.refund_heads or order.may_be_part_of_another)


def complete_order(
    context: ImportContext, known: KnownOrders, order: Order, item: Json, fetch_number: int
) -> WholeOrder:
    """
    Return an order with what only further requests tell.

    Raises:
        BridgeError: It could not be read: to grant without that would be too much.
    """
    return WholeOrder(
        _with_refunds(context, order, item, fetch_number),
        _parent_has_packages(context, order, known, fetch_number),
    )


def _with_refunds(context: ImportContext, order: Order, item: Json, fetch_number: int) -> Order:
    """Return the order with its refunds' lines, which must be fetched apart."""
    if not order.refund_heads:
        return order
    try:
        refunds = context.shop.list_refunds(order.order_id, fetch_number=fetch_number)
    except ShopError as error:
        raise RefundsUnreadableError(error) from None
    whole = parse_order(item, refunds)
    fetched = {refund.refund_id for refund in whole.refunds}
    if not {refund_id for refund_id, _ in order.refund_heads} <= fetched:
        # A cache, or a key that may not see them: to book without them would be too much.
        raise UnreadableOrderError(order.order_id, "refunds")
    return whole


def _parent_has_packages(
    context: ImportContext, order: Order, known: KnownOrders, fetch_number: int
) -> bool:
    """
    Say whether a marketplace split the order off one that is granted itself.

    Raises:
        UnreadableOrderError: The parent cannot be read: to grant both would be too much.
    """
    judged = known.catalogue.judge(order, {})
    if not order.may_be_part_of_another or not any(j.unit_amount for j in judged):
        return False
    parent_id = OrderId(order.parent_id)
    with context.db.reading() as tx:
        if orders.has_packages(tx, parent_id):
            return True
    try:
        item = context.shop.get_order(parent_id, fetch_number=fetch_number)
        parent = parse_order(item, ())
    except OrderVanishedError:
        return False  # it names no order, or one that grants nothing any more
    except (ShopError, UnreadableOrderError) as error:
        raise ParentUnreadableError(order, error) from None
    with context.db.reading() as tx:
        judged = read_catalogue(tx, [parent]).judge(parent, {})
    return any(j.unit_amount is not None for j in judged)
