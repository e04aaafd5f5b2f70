"""The bodies of `/v1/usage`, strictly: whole numbers, known fields, nothing converted."""

import json
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    model_validator,
)

from bridge.domain.holds import DEFAULT_TTL, MAX_TTL, OnExpiry
from bridge.domain.ids import MAX_ID, SESSION_ID_PATTERN, Actor, UserId
from bridge.domain.ledger import TEXT_LENGTHS
from bridge.domain.pricing import KNOWN_KEYS, Scope, Usage
from bridge.domain.quotas import Context, Module
from bridge.web.http.parsing import MAX_UNITS

Units = Annotated[StrictInt, Field(ge=0, le=MAX_UNITS)]
Id = Annotated[StrictInt, Field(gt=0, lt=MAX_ID + 1)]
SessionId = Annotated[StrictStr, Field(pattern=SESSION_ID_PATTERN), AfterValidator(str.lower)]
MAX_METADATA_BYTES = 1024
MAX_METADATA_DEPTH = 16
"""MariaDB's own functions read 32 levels, and the ledger's meta has some around it."""
MAX_EVENTS = 1000


class Body(BaseModel):
    """A body: its known fields, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ActorBody(Body):
    """Who uses: exactly one of the two."""

    user_id: Id | None = None
    session_id: SessionId | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "ActorBody":
        if (self.user_id is None) == (self.session_id is None):
            raise ValueError("give user_id or session_id, and not both")
        return self


def _known_numbers(data: object) -> dict[str, int]:
    if not isinstance(data, dict) or len(data) > 50:
        raise ValueError("an object of at most 50 fields")
    numbers = {}
    for key in sorted(KNOWN_KEYS & data.keys()):
        value = data[key]
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_UNITS:
            raise ValueError(f"{key}: a whole number from 0 to {MAX_UNITS}")
        numbers[key] = value
    return numbers


Data = Annotated[dict[str, int], BeforeValidator(_known_numbers)]
"""What a provider metered; what stands under other keys than the known ones is left alone."""


def _depth(value: object) -> int:
    """Return how many lists and objects stand within each other."""
    depth, layer = 0, [value]
    while layer := [one for one in layer if isinstance(one, dict | list)]:
        depth += 1
        layer = [
            inner for one in layer for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


class ScopeBody(Body):
    """The chatbot or form that was used."""

    type: Literal["chatbot", "ai_form"]
    id: Id


class UsageBody(Body):
    """What the provider metered."""

    provider: Annotated[StrictStr, Field(max_length=TEXT_LENGTHS["provider"])] = ""
    model: Annotated[StrictStr, Field(max_length=TEXT_LENGTHS["model"])] = ""
    operation: Annotated[StrictStr, Field(max_length=TEXT_LENGTHS["operation"])] = ""
    scope: ScopeBody | None = None
    data: Data = Field(default_factory=dict)


class CheckBody(Body):
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
        """Return who uses."""
        if self.actor.user_id is not None:
            return Actor(user_id=UserId(self.actor.user_id))
        return Actor(session_id=self.actor.session_id or "")

    def to_context(self) -> Context:
        """Return which counter is meant."""
        return Context(self.module, self.context_id)

    def to_usage(self) -> Usage:
        """Return what was used, as the price rules see it."""
        usage = self.usage or UsageBody()
        scope = Scope(usage.scope.type, usage.scope.id) if usage.scope else None
        if scope is None and self.module is Module.CHAT and self.context_id is not None:
            scope = Scope("chatbot", self.context_id)
        data = usage.data
        return Usage(self.units, usage.provider, usage.model, usage.operation, data, scope)


class RecordBody(CheckBody):
    """Body of `record`, and of an event of a batch."""

    reference: Annotated[StrictStr, Field(max_length=TEXT_LENGTHS["reference_id"])] = ""
    metadata: dict[StrictStr, object] | None = None

    @model_validator(mode="after")
    def _small_metadata(self) -> "RecordBody":
        if not self.metadata:
            return self
        if _depth(self.metadata) > MAX_METADATA_DEPTH:
            raise ValueError(f"metadata: at most {MAX_METADATA_DEPTH} levels")
        try:
            size = len(json.dumps(self.metadata, allow_nan=False))
        except ValueError:
            raise ValueError("metadata: has a number beyond what JSON can say") from None
        if size > MAX_METADATA_BYTES:
            raise ValueError(f"metadata: at most {MAX_METADATA_BYTES} bytes of JSON")
        return self


class HoldBody(CheckBody):
    """Body of a new hold."""

    ttl_seconds: Annotated[StrictInt, Field(ge=1, le=int(MAX_TTL.total_seconds()))] = int(
        DEFAULT_TTL.total_seconds()
    )
    on_expiry: OnExpiry = OnExpiry.RELEASE


class CommitUsageBody(Body):
    """How much was used of a hold; for what, the hold has said."""

    data: Data = Field(default_factory=dict)


class CommitBody(Body):
    """Body of a commit."""

    units: Units | None = None
    usage: CommitUsageBody | None = None

    @model_validator(mode="after")
    def _something(self) -> "CommitBody":
        if self.units is None and self.usage is None:
            raise ValueError("units: send units or usage")
        return self

    def to_usage(self) -> Usage:
        """Return how much was used."""
        return Usage(self.units, data=self.usage.data if self.usage else {})
