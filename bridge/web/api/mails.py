"""`/v1/mails`: what the WordPress plugin writes mails of, by the site's own mailer."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from bridge.domain.events import Delivery
from bridge.services.events.mails import note_sent, note_unsent, take_mails
from bridge.web.api.mail_bodies import UnsentBody
from bridge.web.http.auth import require
from bridge.web.http.deps import get_bridge
from bridge.web.http.parsing import checked, json_object
from bridge.web.http.sending import send_json
from bridge.web.http.values import instant

bp = Blueprint("mails", __name__)

_AT_ONCE = 50


@bp.post("/v1/mails/take")
def take() -> ResponseReturnValue:
    """Give out the next events to write of; what nobody reports comes again in ten minutes."""
    require("mail")
    return send_json({"items": [_json(one) for one in take_mails(get_bridge().db, _AT_ONCE)]})


@bp.post("/v1/mails/<int:event_id>/sent")
def sent(event_id: int) -> ResponseReturnValue:
    """Take note that the mail was sent."""
    require("mail")
    note_sent(get_bridge().db, event_id)
    return send_json({"status": "accepted"})


@bp.post("/v1/mails/<int:event_id>/unsent")
def unsent(event_id: int) -> ResponseReturnValue:
    """Take note of why it was not: `error`."""
    require("mail")
    note_unsent(get_bridge().db, event_id, checked(UnsentBody, json_object()).error)
    return send_json({"status": "accepted"})


def _json(delivery: Delivery) -> dict[str, Any]:
    event = delivery.event
    return {
        "id": delivery.event_id,
        "type": event.type,
        "at": instant(event.at),
        "data": event.data,
    }
