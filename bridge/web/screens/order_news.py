"""What became of an order for which somebody has just pressed a button."""

from dataclasses import dataclass

from flask import request

from bridge.domain.ids import OrderId, whole_number
from bridge.domain.order_views import OrderView
from bridge.domain.sentences import Sentence
from bridge.domain.verdicts import OrderState
from bridge.services.orders.follow import FollowedOrder, follow_order
from bridge.web.http.deps import get_bridge

FOLLOWED = ("retry", "assign")
"""Decisions after which the worker looks at the order."""


@dataclass(frozen=True, slots=True)
class OrderNews:
    """
    What to tell of an order. ``tone`` is `good` or `warn`.

    ``is_pending``: the worker has not looked at it yet; the page asks again by itself.
    """

    text: Sentence
    tone: str = "warn"
    why: str = ""
    is_pending: bool = False
    user_id: int | None = None  # who has its tokens


def read_news() -> OrderNews | None:
    """Return the news of the order that the page's address names, if it names one."""
    order_id = whole_number(request.args.get("order", ""))
    if request.args.get("done") not in FOLLOWED or not order_id:
        return None
    return _news(order_id, follow_order(get_bridge().db, OrderId(order_id)))


def _news(order_id: int, followed: FollowedOrder) -> OrderNews:
    order = followed.order
    if order is None:
        return OrderNews(Sentence("The shop has no order {order}.", order=order_id))
    if not followed.is_looked_at:
        text = Sentence("The worker looks at order #{order} now…", order=order.order_number)
        return OrderNews(text, "good", is_pending=True)
    if order.state is OrderState.GRANTED:
        return OrderNews(_granted(order, followed.owner), "good", user_id=order.user_id)
    if order.state is OrderState.SEEN:
        text = Sentence("Order #{order} grants nothing now.", order=order.order_number)
    else:
        text = Sentence("Order #{order} is not granted yet.", order=order.order_number)
    return OrderNews(text, why=order.reason)


def _granted(order: OrderView, owner: str) -> Sentence:
    return Sentence(
        "Order #{order}: {name} has its {count:,} tokens.",
        order=order.order_number,
        name=owner or Sentence("user {id}", id=order.user_id),
        count=order.booked,
    )
