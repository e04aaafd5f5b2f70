"""Hints to look at an order now: from our plugin, and from WooCommerce's webhooks."""

import structlog
from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import UnauthorizedError
from bridge.domain.ids import OrderId, is_id
from bridge.services.orders.decide import look_at_order
from bridge.web.api.order_bodies import HintBody
from bridge.web.http.auth import require
from bridge.web.http.deps import get_bridge
from bridge.web.http.parsing import checked, json_object, whole_body
from bridge.web.http.sending import send_json
from bridge.woo.webhook import is_signed

log = structlog.get_logger()

bp = Blueprint("hints", __name__)


@bp.post("/v1/hints/order")
def hint_order() -> ResponseReturnValue:
    """Ask the worker to look at an order now; the fetched order decides."""
    require("hint")
    look_at_order(get_bridge().db, OrderId(checked(HintBody, json_object()).order_id))
    return send_json({"status": "accepted"}, 202)


@bp.post("/webhooks/woocommerce")
def receive_webhook() -> ResponseReturnValue:
    """
    Take a delivery as a hint: its body may be old, and two deliveries may share an id.

    The ping that WooCommerce sends when a webhook is made is unsigned and must get 200.
    """
    bridge = get_bridge()
    secret = bridge.settings.woocommerce.webhook_secret.get_secret_value()
    if not secret:
        abort(404)
    if request.mimetype == "application/x-www-form-urlencoded" and "webhook_id" in request.form:
        return send_json({"status": "pong"})
    signature = request.headers.get("X-WC-Webhook-Signature", "")
    if not is_signed(whole_body(), signature, secret):
        raise UnauthorizedError("The delivery is not signed with woocommerce.webhook_secret.")
    topic = request.headers.get("X-WC-Webhook-Resource", "order")
    body = json_object()
    if topic == "order":
        order_id = body.get("id")
        if is_id(order_id):
            look_at_order(bridge.db, OrderId(order_id))
        else:
            # As when the webhook's owner was deleted. WooCommerce switches a webhook off that
            # is refused a few times.
            log.warning("webhook_without_order", code=str(body.get("code", ""))[:80])
    return send_json({"status": "accepted"})
