"""`/v1/holds`: reserving credits before work, and settling them after it."""

from datetime import timedelta
from typing import Any

from flask import Blueprint

from bridge.domain.answers import Committed, Held
from bridge.domain.holds import Hold, HoldState, Settlement, hold_id_of
from bridge.services.callers import Caller
from bridge.services.spending.holds import (
    find_hold,
    look_again,
    prepare_commit,
    prepare_hold,
    prepare_release,
)
from bridge.services.spending.idempotency import KeyPurpose, request_hash
from bridge.web.api.usage import may_act_for
from bridge.web.api.usage_bodies import CommitBody, HoldBody
from bridge.web.http.answers import committed_json, held_json, reply
from bridge.web.http.auth import caller_of
from bridge.web.http.calls import Call, CallView
from bridge.web.http.keys import request_key
from bridge.web.http.parsing import checked, header_key, json_object_in
from bridge.web.http.sending import Reply, json_reply

bp = Blueprint("holds", __name__, url_prefix="/v1/holds")


@bp.post("")
@CallView
def place(call: Call) -> Reply:
    """Reserve the price of a use, or deny it."""
    bridge = call.bridge
    caller = _caller(call)
    key = header_key(call.idempotency_key)
    body = checked(HoldBody, json_object_in(call.read_body))
    actor = body.to_actor()
    may_act_for(caller, actor)
    operation = prepare_hold(
        bridge.site.get(),
        actor,
        body.to_context(),
        body.to_usage(),
        enabled=bridge.settings.modules.enabled,
        ttl=timedelta(seconds=body.ttl_seconds),
        on_expiry=body.on_expiry,
        key=request_key(bridge, caller.name, KeyPurpose.HOLD, key, body.model_dump(mode="json")),
        asked_as=call.request_id,
    )
    return reply(bridge.spending.submit(operation))


@bp.get("/<hold>")
@CallView
def show(call: Call, hold: str) -> Reply:
    """Return a hold as it stands now."""
    caller, db = _caller(call), call.bridge.db
    found = find_hold(db, hold_id_of(hold), caller.user_id)
    return json_reply(_hold(*look_again(db, found)))


@bp.post("/<hold>/commit")
@CallView
def commit(call: Call, hold: str) -> Reply:
    """Book what was really used."""
    caller, bridge = _caller(call), call.bridge
    body = checked(CommitBody, json_object_in(call.read_body))
    operation = prepare_commit(
        bridge.site.get(),
        hold_id_of(hold),
        body.to_usage(),
        request_hash(body.model_dump(mode="json")),
        caller.user_id,
    )
    return reply(bridge.spending.submit(operation))


@bp.post("/<hold>/release")
@CallView
def release(call: Call, hold: str) -> Reply:
    """Give back what was reserved."""
    caller = _caller(call)
    operation = prepare_release(hold_id_of(hold), caller.user_id)
    return reply(call.bridge.spending.submit(operation))


def _caller(call: Call) -> Caller:
    return caller_of(call.bridge, call.authorization, "usage")


def _hold(hold: Hold, state: HoldState) -> dict[str, Any]:
    guest = hold.actor.user_id is None
    return {
        **held_json(Held.by(hold)),
        "state": state,
        "on_expiry": hold.on_expiry,
        "actor": (
            {"session_id": hold.actor.session_id} if guest else {"user_id": hold.actor.user_id}
        ),
        "module": hold.context.module,
        "context_id": hold.context.bot_id,
        "commit": hold.settlement and _commit(hold.settlement),
    }


def _commit(settlement: Settlement) -> dict[str, Any]:
    return committed_json(Committed.by(settlement, settlement.entry_id))
