"""`/v1/usage`: what AI features ask before and tell after they spend."""

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from bridge.domain.errors import ForbiddenError, InvalidInputError
from bridge.domain.notices import Notice
from bridge.domain.quotas import Quota
from bridge.services.check_usage import Answer, check_usage
from bridge.web.accounts import instant
from bridge.web.auth import Caller, require
from bridge.web.deps import get_bridge
from bridge.web.parsing import json_object
from bridge.web.usage_bodies import CheckBody

bp = Blueprint("usage", __name__, url_prefix="/v1/usage")


@bp.post("/check")
def check() -> ResponseReturnValue:
    """Say whether usage would be allowed, and what it would cost."""
    caller = require("usage")
    body = read_body(caller, json_object())
    bridge = get_bridge()
    answer = check_usage(
        bridge.db,
        bridge.site.get(),
        body.to_actor(),
        body.to_context(),
        body.to_usage(),
        enabled=bridge.settings.modules.enabled,
    )
    return jsonify(_answer(answer))


def read_body(caller: Caller, given: dict[str, Any]) -> CheckBody:
    """
    Return the body; a token acts for its own user, or as a guest for a session, only.

    Raises:
        InvalidInputError: Names the first field that is wrong.
        ForbiddenError: The token is for somebody else.
    """
    try:
        body = CheckBody.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        text = first["msg"].removeprefix("Value error, ")
        raise InvalidInputError(f"{field}: {text}.") from None
    if caller.user_id is not None and (body.actor.user_id or 0) != caller.user_id:
        raise ForbiddenError("This token is for another user.")
    return body


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "allowed": answer.decision.allowed,
        "reason": answer.decision.reason,
        "required_credits": answer.price.credits,
        "balance": answer.balance,
        "available": answer.spendable.available,
        "quota": quota_json(answer.spendable.quota),
        "notice": notice_json(answer.notice),
    }


def quota_json(quota: Quota) -> dict[str, Any]:
    """Return a quota as the API tells it; null is unlimited."""
    return {
        "limit": quota.limit,
        "used": quota.used,
        "remaining": quota.remaining,
        "period": quota.period,
        "resets_at": instant(quota.resets_at),
    }


def notice_json(notice: Notice | None) -> dict[str, Any] | None:
    """Return what to tell the visitor."""
    if notice is None:
        return None
    actions = [{"label": a.label, "url": a.url, "variant": a.variant} for a in notice.actions]
    return {"message": notice.message, "actions": actions}
