"""`/admin/webhooks`: what was sent to other programs, and sending it again."""

from typing import Annotated

import structlog
from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from pydantic import BeforeValidator

from bridge.domain.paging import read_cursor
from bridge.services.events.deliver import list_deliveries, send_again
from bridge.web.http.deps import get_bridge
from bridge.web.http.formatting import mark
from bridge.web.http.links import url_for
from bridge.web.http.parsing import Form, checked_form
from bridge.web.http.values import without_query
from bridge.web.screens.admin import require_admin
from bridge.web.screens.frame import init_screens, render

log = structlog.get_logger()

bp = Blueprint("webhooks", __name__, url_prefix="/admin/webhooks")
init_screens(bp)

_DONE = {"again": mark("It is sent again now. Reload the page in a few seconds.")}


class AgainForm(Form):
    """To whom."""

    channel: Annotated[str, BeforeValidator(str)]


@bp.get("")
def show_list() -> ResponseReturnValue:
    """Show the deliveries, those of the newest events first."""
    admin, bridge = require_admin(), get_bridge()
    before = read_cursor(request.args.get("cursor", ""), str)
    return render(
        "admin/webhooks.html",
        bridge.site.get(),
        screen="status",
        admin=admin,
        page=list_deliveries(bridge.db, bridge.webhooks, before),
        addresses={one.channel.name: without_query(one.url) for one in bridge.webhooks},
        done=_DONE.get(request.args.get("done", "")),
        is_first=before is None,
    )


@bp.post("/<int:event_id>/again")
def again(event_id: int) -> ResponseReturnValue:
    """Have an event that has ended sent anew: field `channel`."""
    admin, channel = require_admin(), checked_form(AgainForm).channel
    send_again(get_bridge().db, event_id, channel)
    log.info("decided", what="send_again", by=admin.caller, event_id=event_id)
    return redirect(url_for("webhooks.show_list", done="again"), 303)
