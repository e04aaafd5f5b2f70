"""`/v1/usage`: what AI features ask before and tell after they spend."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint

from bridge.domain.errors import BridgeError, ForbiddenError, InvalidInputError
from bridge.domain.ids import Actor
from bridge.services.callers import Caller
from bridge.services.spending.check import Check, check_usage
from bridge.services.spending.idempotency import KeyPurpose
from bridge.services.spending.outcomes import Failure
from bridge.services.spending.spend import RecordUse, prepare_record
from bridge.web.api.usage_bodies import MAX_EVENTS, CheckBody, RecordBody
from bridge.web.http.answers import reply, result_of
from bridge.web.http.auth import caller_of
from bridge.web.http.calls import Call, CallView
from bridge.web.http.keys import request_key
from bridge.web.http.parsing import checked, header_key, json_object_in, printable_key
from bridge.web.http.sending import Reply, json_reply
from bridge.web.http.values import notice_json, quota_json
from bridge.wiring import Bridge

bp = Blueprint("usage", __name__, url_prefix="/v1/usage")


@bp.post("/check")
@CallView
def check(call: Call) -> Reply:
    """Say whether usage would be allowed, and what it would cost."""
    bridge = call.bridge
    caller = caller_of(bridge, call.authorization, "usage")
    body = checked(CheckBody, json_object_in(call.read_body))
    may_act_for(caller, body.to_actor())
    answer = check_usage(
        bridge.db,
        bridge.site.get(),
        body.to_actor(),
        body.to_context(),
        body.to_usage(),
        enabled=bridge.settings.modules.enabled,
    )
    return json_reply(_answer(answer))


@bp.post("/record")
@CallView
def record(call: Call) -> Reply:
    """Book what was used."""
    caller = caller_of(call.bridge, call.authorization, "usage")
    key = header_key(call.idempotency_key)
    body = checked(RecordBody, json_object_in(call.read_body))
    return reply(call.bridge.spending.submit(_record(call.bridge, caller, key, body)))


@bp.post("/batch")
@CallView
def batch(call: Call) -> Reply:
    """Book many uses, each on its own: what is wrong with one leaves the others alone."""
    bridge = call.bridge
    caller = caller_of(bridge, call.authorization, "usage")
    events = _events(json_object_in(call.read_body))
    prepared = [_event(bridge, caller, event, at) for at, event in enumerate(events)]
    operations = [one for one in prepared if isinstance(one, RecordUse)]
    booked = iter(bridge.spending.submit_all(operations))
    outcomes = [next(booked) if isinstance(one, RecordUse) else one for one in prepared]
    return json_reply({"results": [result_of(one, call.request_id) for one in outcomes]})


def _events(body: dict[str, Any]) -> Sequence[Any]:
    unknown = body.keys() - {"events"}
    if unknown:
        raise InvalidInputError(f"{min(unknown)[:100]}: is not a known field.")
    events = body.get("events")
    if not isinstance(events, list) or not 1 <= len(events) <= MAX_EVENTS:
        raise InvalidInputError(f"events: a list of 1 to {MAX_EVENTS} events.")
    return events


def _event(bridge: Bridge, caller: Caller, event: object, at: int) -> RecordUse | Failure:
    """Return an event's operation, or what is wrong with it."""
    where = f"events.{at}"
    try:
        if not isinstance(event, dict):
            raise InvalidInputError(f"{where}: must be an object.")
        key = printable_key(event.get("idempotency_key"), f"{where}.idempotency_key")
        fields = {name: value for name, value in event.items() if name != "idempotency_key"}
        return _record(bridge, caller, key, checked(RecordBody, fields, at=f"{where}."))
    except BridgeError as error:
        return Failure(error)


def _record(bridge: Bridge, caller: Caller, key: str, body: RecordBody) -> RecordUse:
    actor = body.to_actor()
    may_act_for(caller, actor)
    return prepare_record(
        bridge.site.get(),
        actor,
        body.to_context(),
        body.to_usage(),
        enabled=bridge.settings.modules.enabled,
        key=request_key(bridge, caller.name, KeyPurpose.RECORD, key, body.model_dump(mode="json")),
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
