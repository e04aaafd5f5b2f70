"""`/v1/holds`: reserving credits before work, and settling them after it."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from bridge.domain.answers import Committed, Held
from bridge.domain.holds import Hold, HoldState, Settlement, UnknownHoldError, hold_id_of
from bridge.services.callers import Caller
from bridge.services.spending.holds import (
    ReleaseHold,
    find_hold,
    look_again,
    prepare_commit,
    prepare_hold,
)
from bridge.services.spending.idempotency import Keyed, request_hash
from bridge.web.api.usage import may_act_for
from bridge.web.api.usage_bodies import CommitBody, HoldBody
from bridge.web.http.answers import committed_json, held_json, respond
from bridge.web.http.auth import require
from bridge.web.http.deps import get_bridge
from bridge.web.http.keys import request_key
from bridge.web.http.parsing import checked, idempotency_key, json_object
from bridge.web.http.sending import send_json

bp = Blueprint("holds", __name__, url_prefix="/v1/holds")


@bp.post("")
def place() -> ResponseReturnValue:
    """Reserve the price of a use, or deny it."""
    caller = require("usage")
    key = idempotency_key()
    body = checked(HoldBody, json_object())
    actor = body.to_actor()
    may_act_for(caller, actor)
    bridge = get_bridge()
    operation = prepare_hold(
        bridge.site.get(),
        actor,
        body.to_context(),
        body.to_usage(),
        enabled=bridge.settings.modules.enabled,
        ttl=timedelta(seconds=body.ttl_seconds),
        on_expiry=body.on_expiry,
        key=request_key(caller.name, Keyed.HOLD, key, body.model_dump(mode="json")),
        asked_as=g.request_id,
    )
    return respond(bridge.spending.submit(operation))


@bp.get("/<hold>")
def show(hold: str) -> ResponseReturnValue:
    """Return a hold as it stands now."""
    found = _find(require("usage"), hold)
    return send_json(_hold(*look_again(get_bridge().db, found)))


@bp.post("/<hold>/commit")
def commit(hold: str) -> ResponseReturnValue:
    """Book what was really used."""
    caller = require("usage")
    body = checked(CommitBody, json_object())
    found = _find(caller, hold)
    bridge = get_bridge()
    digest = request_hash(body.model_dump(mode="json"))
    operation = prepare_commit(bridge.site.get(), found, body.to_usage(), digest)
    return respond(bridge.spending.submit(operation))


@bp.post("/<hold>/release")
def release(hold: str) -> ResponseReturnValue:
    """Give back what was reserved."""
    found = _find(require("usage"), hold)
    return respond(
        get_bridge().spending.submit(ReleaseHold(actor=found.actor, hold_id=found.hold_id))
    )


def _find(caller: Caller, name: str) -> Hold:
    """Return a hold; to a token, another user's does not exist."""
    hold = find_hold(get_bridge().db, hold_id_of(name))
    if caller.user_id is not None and (hold.actor.user_id or 0) != caller.user_id:
        raise UnknownHoldError("There is no such hold.")
    return hold


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
