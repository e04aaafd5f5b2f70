"""`/v1/accounts/{user}/adjustments`: balances changed by hand."""

from typing import Annotated

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import Field, StrictInt, StrictStr, StringConstraints, model_validator

from bridge.domain.ids import Actor, Credits
from bridge.domain.ledger import MAX_REASON
from bridge.services.spending.adjust import Adjustment, ByDelta, SetTo, adjust
from bridge.services.spending.idempotency import KeyPurpose
from bridge.web.api.usage_bodies import Body
from bridge.web.http.answers import respond
from bridge.web.http.auth import require_back_end
from bridge.web.http.deps import get_bridge
from bridge.web.http.keys import request_key
from bridge.web.http.parsing import MAX_UNITS, checked, idempotency_key, json_object, to_user_id

bp = Blueprint("adjustments", __name__, url_prefix="/v1/accounts")

Amount = Annotated[StrictInt, Field(ge=-MAX_UNITS, le=MAX_UNITS)]
Reason = Annotated[
    StrictStr, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON)
]


class AdjustmentBody(Body):
    """By how much, or from what to what; and why."""

    delta: Amount | None = None
    set_to: Annotated[StrictInt, Field(ge=0, le=MAX_UNITS)] | None = None
    expected_balance: Amount | None = None
    reason: Reason

    @model_validator(mode="after")
    def _one_way(self) -> "AdjustmentBody":
        missing = (self.set_to is None) + (self.expected_balance is None)
        if missing != (0 if self.delta is None else 2):
            raise ValueError("delta: send delta, or set_to with expected_balance")
        if self.delta == 0:
            raise ValueError("delta: a whole number, not 0")
        return self

    def to_change(self) -> ByDelta | SetTo:
        """Return the change."""
        if self.delta is not None:
            return ByDelta(Credits(self.delta))
        assert self.set_to is not None
        assert self.expected_balance is not None
        return SetTo(Credits(self.set_to), Credits(self.expected_balance))


@bp.post("/<int:user_id>/adjustments")
def add_adjustment(user_id: int) -> ResponseReturnValue:
    """Change a balance."""
    caller = require_back_end("admin")
    key = idempotency_key()
    body = checked(AdjustmentBody, json_object())
    user = to_user_id(user_id)
    bridge = get_bridge()
    asked = {**body.model_dump(mode="json"), "user_id": user_id}
    adjustment = Adjustment(
        actor=Actor(user),
        change=body.to_change(),
        reason=body.reason,
        by=caller.name,
        key=request_key(bridge, caller.name, KeyPurpose.ADJUST, key, asked),
    )
    return respond(adjust(bridge.db, bridge.spending, adjustment))
