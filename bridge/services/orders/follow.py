"""What became of an order that the worker was asked to look at."""

from dataclasses import dataclass

from bridge.domain.ids import OrderId
from bridge.domain.order_views import OrderView
from bridge.store import order_looks, orders, wp_users
from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class FollowedOrder:
    """An order, and whether the worker has looked at it since it was asked to."""

    order: OrderView | None  # None: the shop has no such order, or nobody has looked for it
    is_looked_at: bool
    owner: str  # the name of the user who has it; empty: nobody


def follow_order(db: Database, order_id: OrderId) -> FollowedOrder:
    """Return how an order stands now."""
    with db.reading() as tx:
        order = orders.find_order(tx, order_id)
        user = wp_users.find_profile(tx, order.user_id) if order and order.user_id else None
        is_looked_at = order_looks.was_looked_at(tx, order_id)
    return FollowedOrder(order, is_looked_at, user.name if user else "")
