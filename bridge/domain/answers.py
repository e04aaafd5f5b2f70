"""What is told to whoever spends or changes balances: values, which only `web` makes text of."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bridge.domain.decisions import Payment, Reason
from bridge.domain.holds import Hold, HoldState, Settlement
from bridge.domain.ids import Credits
from bridge.domain.notices import Notice


@dataclass(frozen=True, slots=True)
class Booked:
    """A use is booked."""

    entry_id: int | None  # None: nothing was used
    payment: Payment


@dataclass(frozen=True, slots=True)
class Held:
    """Credits are reserved."""

    hold_id: bytes
    credits: Credits
    from_balance: Credits
    from_quota: Credits
    expires_at: datetime

    @classmethod
    def by(cls, hold: Hold) -> "Held":
        """Return what a hold reserves."""
        return cls(hold.hold_id, hold.credits, hold.from_balance, hold.from_quota, hold.expires_at)


@dataclass(frozen=True, slots=True)
class Denied:
    """Neither balance nor free limit cover it: nothing is reserved."""

    reason: Reason
    detail: str
    notice: Notice
    asked_as: str
    """What the caller's side called the request: its own business, and told again with it."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What was really used of a hold is booked."""

    entry_id: int | None  # None: nothing was used
    payment: Payment
    late: bool  # the hold had ended before

    @classmethod
    def by(cls, settlement: Settlement, entry_id: int | None) -> "Committed":
        """Return how a hold was committed, on the row of this id."""
        return cls(entry_id, settlement.payment, settlement.late)


@dataclass(frozen=True, slots=True)
class Released:
    """A hold reserves nothing, by this request or before it."""

    hold_id: bytes
    state: HoldState


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A balance is changed by hand."""

    entry_id: int
    balance_after: Credits


@dataclass(frozen=True, slots=True)
class UsageReset:
    """Free limits begin anew."""

    forgiven: Credits  # credits that were used of them


@dataclass(frozen=True, slots=True)
class UpToDate:
    """An account is written as it stands now: housekeeping, which nobody waits for."""


KeptAnswer: TypeAlias = Booked | Held | Denied | Adjusted | UsageReset
"""Answers to requests that have an idempotency key."""

Answer: TypeAlias = KeptAnswer | Committed | Released | UpToDate
