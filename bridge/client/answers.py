"""What the bridge answers, as values. Fields that a newer bridge adds are left alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

from bridge.client.bodies import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Read from a JSON object with fields of the same names."""

    @classmethod
    def read(cls, body: Json) -> Self:
        """
        Return the answer in *body*.

        Raises:
            KeyError, TypeError, ValueError: The body is something else.
        """
        names = [field.name for field in fields(cls) if field.name in body]
        return cls(**{name: _value(name, body[name]) for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Answer):
    """A button for the visitor: ``variant`` is `primary` or `secondary`."""

    label: str
    url: str
    variant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Answer):
    """What to show a visitor who is denied, as the site's owner wrote it."""

    message: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota(Answer):
    """A free allowance. ``limit``, ``remaining`` None: unlimited; ``resets_at`` None: never."""

    limit: int | None
    used: int
    remaining: int | None
    period: str
    resets_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleUsage(Quota):
    """The allowance of one module; ``context_id`` is the chatbot's id for `chat`, else None."""

    module: str
    context_id: int | None
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Answer):
    """Whether usage would be allowed; ``notice`` comes with a denial."""

    allowed: bool
    reason: str
    required_credits: int
    balance: int
    available: int
    quota: Quota
    notice: Notice | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking(Answer):
    """
    What was booked, in credits.

    ``uncovered`` is what neither balance nor allowance paid. ``entry_id`` None: nothing was used
    and nothing is owed. ``late``: the hold had ended before its commit.
    """

    entry_id: str | None
    billed_credits: int
    from_balance: int
    from_quota: int
    uncovered: int
    balance_after: int
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation(Answer):
    """What a hold reserves, in credits, and until when."""

    hold_id: str
    credits: int
    from_balance: int
    from_quota: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor(Answer):
    """Who uses: a user or a guest's session; the other one is None."""

    user_id: int | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldStatus(Reservation):
    """
    A hold as it stands: ``state`` is `open`, `committed`, `released`, `expired` or `charged`.

    ``commit`` is None until there is one.
    """

    state: str
    on_expiry: str
    actor: Actor
    module: str
    context_id: int | None
    commit: Booking | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Answer):
    """What a user owns; ``balance`` is below 0 while credits are owed."""

    user_id: int
    balance: int
    held: int
    available: int
    modules: tuple[ModuleUsage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest(Answer):
    """What a guest has used of the free allowances."""

    session_id: str
    modules: tuple[ModuleUsage, ...]


_READERS: Mapping[str, Callable[[Any], object]] = {
    "actions": lambda items: tuple(map(Action.read, items)),
    "actor": Actor.read,
    "commit": Booking.read,
    "expires_at": datetime.fromisoformat,
    "modules": lambda items: tuple(map(ModuleUsage.read, items)),
    "notice": Notice.read,
    "quota": Quota.read,
    "resets_at": datetime.fromisoformat,
}
"""By field: the API's names mean one thing each."""


def _value(name: str, given: Any) -> Any:
    read = _READERS.get(name)
    return given if read is None or given is None else read(given)
