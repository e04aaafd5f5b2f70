"""`/v1/orders`: orders by where they stand, and what people decide about them."""

from types import NoneType
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import UserId
from bridge.domain.order_views import OrderView
from bridge.domain.verdicts import OrderState
from bridge.services.orders.decide import assign_order, dismiss_order, orders_in_state, retry_order
from bridge.web.api.order_bodies import AssignBody, DismissBody
from bridge.web.http.auth import require_back_end
from bridge.web.http.deps import get_bridge
from bridge.web.http.parsing import (
    checked,
    json_object,
    page_arguments,
    to_order_id,
)
from bridge.web.http.sending import send_json
from bridge.web.http.values import instant, page_json

bp = Blueprint("orders", __name__, url_prefix="/v1/orders")

_LISTED = (OrderState.ATTENTION, OrderState.UNCLAIMED, OrderState.GRANTED)


@bp.get("")
def list_orders() -> ResponseReturnValue:
    """Return orders in one state, newest first."""
    require_back_end("read")
    wanted = request.args.get("state", OrderState.ATTENTION)
    if wanted not in _LISTED:
        raise InvalidInputError(f"state: one of {', '.join(_LISTED)}.")
    before, limit = page_arguments(NoneType)
    page = orders_in_state(get_bridge().db, OrderState(wanted), before=before, limit=limit)
    return send_json(page_json(page, _item))


@bp.post("/<int:order_id>/retry")
def retry(order_id: int) -> ResponseReturnValue:
    """Look at the order now."""
    require_back_end("admin")
    return send_json(_item(retry_order(get_bridge().db, to_order_id(order_id))), 202)


@bp.post("/<int:order_id>/assign")
def assign(order_id: int) -> ResponseReturnValue:
    """Say whose a guest's order is: body `{"user_id"}`."""
    caller = require_back_end("admin")
    user_id = UserId(checked(AssignBody, json_object()).user_id)
    view = assign_order(get_bridge().db, to_order_id(order_id), user_id, by=caller.name)
    return send_json(_item(view), 202)


@bp.post("/<int:order_id>/dismiss")
def dismiss(order_id: int) -> ResponseReturnValue:
    """Take the order off the lists: body `{"reason"}`."""
    caller = require_back_end("admin")
    reason = checked(DismissBody, json_object()).reason
    view = dismiss_order(get_bridge().db, to_order_id(order_id), reason, by=caller.name)
    return send_json(_item(view))


def _item(view: OrderView) -> dict[str, Any]:
    return {
        "order_id": view.order_id,
        "order_number": view.order_number,
        "user_id": view.user_id,
        "status": view.status,
        "state": view.state,
        "reason": view.reason,
        "reason_code": view.reason_code,
        "due": view.due,
        "booked": view.booked,
        "shortfall": view.shortfall,
        "at": instant(view.at),
    }
