"""`/v1/guests/{session_id}`: what a guest has used of what."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import TypeAdapter, ValidationError

from bridge.domain.errors import InvalidInputError
from bridge.services.accounts.view_account import view_guest
from bridge.web.api.usage_bodies import SessionId
from bridge.web.http.auth import require
from bridge.web.http.deps import get_bridge
from bridge.web.http.sending import send_json
from bridge.web.http.values import module_json

bp = Blueprint("guests", __name__, url_prefix="/v1/guests")

_SESSION = TypeAdapter(SessionId)


@bp.get("/<session_id>")
def show_guest(session_id: str) -> ResponseReturnValue:
    """Return a guest's quotas; a token of a guest may ask, one of a user may not."""
    require("read").may_see(0)
    try:
        session_id = _SESSION.validate_python(session_id)
    except ValidationError:
        raise InvalidInputError("session_id: 1 to 64 letters, digits, _ or -.") from None
    bridge = get_bridge()
    usages = view_guest(
        bridge.db, bridge.site.get(), session_id, enabled=bridge.settings.modules.enabled
    )
    return send_json({"session_id": session_id, "modules": [module_json(u) for u in usages]})
