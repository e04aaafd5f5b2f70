"""What the bridge is asked, as typed dictionaries: the keyword arguments of `Client`."""

from collections.abc import Mapping
from typing import Any, Literal, Required, TypedDict

Json = Mapping[str, Any]

Module = Literal["chat", "ai_forms", "image_generator"]


class Scope(TypedDict):
    """The chatbot or AI form whose own price rules count."""

    type: Literal["chatbot", "ai_form"]
    id: int


class Usage(TypedDict, total=False):
    """What the provider metered; ``data`` may be the provider's own usage object."""

    provider: str
    model: str
    operation: str
    scope: Scope
    data: Mapping[str, object]


class Place(TypedDict, total=False):
    """
    Who uses what: all that the calls of one conversation share.

    The actor is ``user_id`` or ``session_id``; ``context_id`` is the chatbot's id for `chat`.
    None is as if left out, here and below.
    """

    user_id: int | None
    session_id: str | None
    module: Required[Module]
    context_id: int | None


class Use(Place, total=False):
    """How much of it, too: ``units`` or ``usage`` is needed."""

    units: int | None
    usage: Usage | None


class RecordedUse(Use, total=False):
    """A use to be booked; the ledger keeps ``reference`` and ``metadata``."""

    reference: str | None
    metadata: Mapping[str, object] | None


class Event(RecordedUse):
    """A use in a batch. Its key is kept with the work, so that the batch can be sent again."""

    idempotency_key: str


class HeldUse(Use, total=False):
    """A use to be reserved: 600 seconds, and nothing is owed on expiry, unless told otherwise."""

    ttl_seconds: int | None
    on_expiry: Literal["release", "charge"] | None


def body_of(use: Use) -> Json:
    """Return the JSON body."""
    fields = given(**use)
    actor = {name: fields.pop(name) for name in ("user_id", "session_id") if name in fields}
    return {"actor": actor, **fields}


def given(**fields: object) -> dict[str, object]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
