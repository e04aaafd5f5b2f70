"""The bodies of `/v1/usage`, strictly: whole numbers, known fields, nothing converted."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

from bridge.domain.ids import UserId
from bridge.domain.pricing import Scope, Usage
from bridge.domain.quotas import Module
from bridge.services.check_usage import Actor
from bridge.store.peer_plugin import Context

MAX_UNITS = 2**53 - 1
"""Numbers that every JSON reader keeps exact."""

Units = Annotated[StrictInt, Field(ge=0, le=MAX_UNITS)]
Id = Annotated[StrictInt, Field(gt=0, lt=2**63)]
Name = Annotated[StrictStr, Field(max_length=191)]
SessionId = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ActorBody(_Body):
    """Who uses: exactly one of the two."""

    user_id: Id | None = None
    session_id: SessionId | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "ActorBody":
        if (self.user_id is None) == (self.session_id is None):
            raise ValueError("give user_id or session_id, and not both")
        return self


class ScopeBody(_Body):
    """The chatbot or form that was used."""

    type: Literal["chatbot", "ai_form"]
    id: Id


class UsageBody(_Body):
    """What the provider metered."""

    provider: Name = ""
    model: Name = ""
    operation: Name = ""
    scope: ScopeBody | None = None
    data: dict[StrictStr, object] = Field(default_factory=dict, max_length=50)

    @model_validator(mode="after")
    def _known_numbers(self) -> "UsageBody":
        for key, value in self.data.items():
            is_whole = isinstance(value, int) and not isinstance(value, bool)
            if isinstance(value, int | float) and not (is_whole and 0 <= value <= MAX_UNITS):
                raise ValueError(f"data.{key}: a whole number from 0 to {MAX_UNITS}")
        return self


class CheckBody(_Body):
    """Body of `check`; also the start of `record` and of a hold."""

    actor: ActorBody
    module: Module
    context_id: Id | None = None
    units: Units | None = None
    usage: UsageBody | None = None

    @model_validator(mode="after")
    def _context_fits(self) -> "CheckBody":
        if (self.module is Module.CHAT) != (self.context_id is not None):
            raise ValueError("context_id: the chatbot's id for chat, null for other modules")
        if self.units is None and self.usage is None:
            raise ValueError("units: send units or usage")
        return self

    def to_actor(self) -> Actor:
        """Return who uses; session ids are kept in lower case."""
        if self.actor.user_id is not None:
            return Actor(user_id=UserId(self.actor.user_id))
        return Actor(session_id=(self.actor.session_id or "").lower())

    def to_context(self) -> Context:
        """Return which counter is meant."""
        return Context(self.module, self.context_id)

    def to_usage(self) -> Usage:
        """Return what was used, as the price rules see it."""
        usage = self.usage or UsageBody()
        scope = Scope(usage.scope.type, usage.scope.id) if usage.scope else None
        if scope is None and self.module is Module.CHAT and self.context_id is not None:
            scope = Scope("chatbot", self.context_id)
        numbers = {key: value for key, value in usage.data.items() if isinstance(value, int)}
        return Usage(self.units, usage.provider, usage.model, usage.operation, numbers, scope)
