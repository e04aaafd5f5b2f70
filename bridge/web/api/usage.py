"""`/v1/usage`: what AI features ask before and tell after they spend."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from bridge.domain.errors import BridgeError, ForbiddenError, InvalidInputError
from bridge.domain.ids import Actor
from bridge.services.callers import Caller
from bridge.services.spending.check import Check, check_usage
from bridge.services.spending.idempotency import Keyed
from bridge.services.spending.outcomes import Failed
from bridge.services.spending.spend import RecordUse, prepare_record
from bridge.web.api.usage_bodies import MAX_EVENTS, CheckBody, RecordBody
from bridge.web.http.answers import respond, result_of
from bridge.web.http.auth import require
from bridge.web.http.deps import get_bridge
from bridge.web.http.keys import request_key
from bridge.web.http.parsing import checked, idempotency_key, json_object, printable_key
from bridge.web.http.sending import send_json
from bridge.web.http.values import notice_json, quota_json

bp = Blueprint("usage", __name__, url_prefix="/v1/usage")


@bp.post("/check")
def check() -> ResponseReturnValue:
    """Say whether usage would be allowed, and what it would cost."""
    caller = require("usage")
    body = checked(CheckBody, json_object())
    may_act_for(caller, body.to_actor())
    bridge = get_bridge()
    answer = check_usage(
        bridge.db,
        bridge.site.get(),
        body.to_actor(),
        body.to_context(),
        body.to_usage(),
        enabled=bridge.settings.modules.enabled,
    )
    return send_json(_answer(answer))


@bp.post("/record")
def record() -> ResponseReturnValue:
    """Book what was used."""
    caller = require("usage")
    key = idempotency_key()
    operation = _record(caller, key, checked(RecordBody, json_object()))
    return respond(get_bridge().spending.submit(operation))


@bp.post("/batch")
def batch() -> ResponseReturnValue:
    """Book many uses, each on its own: what is wrong with one leaves the others alone."""
    caller = require("usage")
    prepared = [_event(caller, event, at) for at, event in enumerate(_events(json_object()))]
    operations = [one for one in prepared if isinstance(one, RecordUse)]
    booked = iter(get_bridge().spending.submit_all(operations))
    outcomes = [next(booked) if isinstance(one, RecordUse) else one for one in prepared]
    return send_json({"results": [result_of(outcome) for outcome in outcomes]})


def _events(body: dict[str, Any]) -> Sequence[Any]:
    unknown = body.keys() - {"events"}
    if unknown:
        raise InvalidInputError(f"{min(unknown)[:100]}: is not a known field.")
    events = body.get("events")
    if not isinstance(events, list) or not 1 <= len(events) <= MAX_EVENTS:
        raise InvalidInputError(f"events: a list of 1 to {MAX_EVENTS} events.")
    return events


def _event(caller: Caller, event: object, at: int) -> RecordUse | Failed:
    """Return an event's operation, or what is wrong with it."""
    where = f"events.{at}"
    try:
        if not isinstance(event, dict):
            raise InvalidInputError(f"{where}: must be an object.")
        key = printable_key(event.get("idempotency_key"), f"{where}.idempotency_key")
        fields = {name: value for name, value in event.items() if name != "idempotency_key"}
        return _record(caller, key, checked(RecordBody, fields, at=f"{where}."))
    except BridgeError as error:
        return Failed(error)


def _record(caller: Caller, key: str, body: RecordBody) -> RecordUse:
    actor = body.to_actor()
    may_act_for(caller, actor)
    bridge = get_bridge()
    return prepare_record(
        bridge.site.get(),
        actor,
        body.to_context(),
        body.to_usage(),
        enabled=bridge.settings.modules.enabled,
        key=request_key(caller.name, Keyed.RECORD, key, body.model_dump(mode="json")),
        reference=body.reference,
        metadata=body.metadata,
    )


def may_act_for(caller: Caller, actor: Actor) -> None:
    """Refuse a token that acts for another user; one of a guest is for sessions only."""
    if caller.user_id is not None and (actor.user_id or 0) != caller.user_id:
        raise ForbiddenError("This token is for another user.")


def _answer(answer: Check) -> dict[str, Any]:
    return {
        "allowed": answer.decision.allowed,
        "reason": answer.decision.reason,
        "required_credits": answer.price.credits,
        "balance": answer.balance,
        "available": answer.spendable.available,
        "quota": quota_json(answer.spendable.quota),
        "notice": answer.notice and notice_json(answer.notice),
    }
