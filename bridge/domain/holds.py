"""Holds: credits reserved for one request, until it commits, releases, or its time is up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from bridge.domain.decisions import Payment, Split
from bridge.domain.errors import BridgeError
from bridge.domain.ids import Actor, Credits
from bridge.domain.ledger import LedgerEntry
from bridge.domain.pricing import Usage
from bridge.domain.quotas import Context

_HEX = frozenset("0123456789abcdef")
MAX_TTL = timedelta(days=1)
DEFAULT_TTL = timedelta(minutes=10)


class UnknownHoldError(BridgeError):
    """There is no such hold, or it is not the caller's."""

    code = "unknown_hold"


class HoldCommittedError(BridgeError):
    """What is committed cannot be released."""

    code = "hold_committed"


class HoldChargedError(BridgeError):
    """What its expiry charged cannot be released, only committed with what was really used."""

    code = "hold_charged"


class HoldState(StrEnum):
    """Where a hold stands; the value is what database and API say."""

    OPEN = "open"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"  # by time, with nothing taken
    CHARGED = "charged"  # by time, with the whole price taken


class OnExpiry(StrEnum):
    """What becomes of a hold whose time is up."""

    RELEASE = "release"
    CHARGE = "charge"


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a hold was committed: by which request, how it was paid, and when."""

    request_hash: bytes
    payment: Payment
    late: bool  # the hold had ended before
    entry: LedgerEntry | int | None  # its row, until that is written: then its id; None: no use

    @property
    def entry_id(self) -> int | None:
        """The id of its row, which is written."""
        assert not isinstance(self.entry, LedgerEntry), "only its transaction sees it before"
        return self.entry


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation. ``charged`` is what its expiry booked, at ``expires_at``."""

    hold_id: bytes
    actor: Actor
    context: Context
    usage: Usage
    credits: Credits
    from_balance: Credits
    from_quota: Credits
    on_expiry: OnExpiry
    expires_at: datetime
    state: HoldState = HoldState.OPEN
    charged: Split | None = None
    settlement: Settlement | None = None

    def is_due(self, now: datetime) -> bool:
        """Say whether its time is up and nothing has become of it yet."""
        return self.state is HoldState.OPEN and self.expires_at <= now

    def state_at(self, now: datetime) -> HoldState:
        """Return its state by the clock, which needs no job."""
        if not self.is_due(now):
            return self.state
        return HoldState.CHARGED if self.on_expiry is OnExpiry.CHARGE else HoldState.EXPIRED


@dataclass(frozen=True, slots=True)
class OpenHold:
    """What a request that is under way reserves, and for how long."""

    context: Context | None  # None: another site's
    on_expiry: OnExpiry
    from_balance: Credits
    from_quota: Credits
    created_at: datetime
    expires_at: datetime


def hold_name(hold_id: bytes) -> str:
    """Return the id as callers see it."""
    return f"hold_{hold_id.hex()}"


def row_key(hold_id: bytes, of: Literal["charge", "commit", "adjust"]) -> str:
    """Return the key of the row that its expiry, its commit, or its commit after that books."""
    return f"aipkit_bridge_{hold_name(hold_id)}_{of}"


def hold_id_of(name: str) -> bytes:
    """
    Return the id that a name stands for.

    Raises:
        UnknownHoldError: No hold is ever called so.
    """
    digits = name.removeprefix("hold_")
    if len(name) != 37 or len(digits) != 32 or not _HEX.issuperset(digits):
        raise UnknownHoldError("There is no such hold.")
    return bytes.fromhex(digits)


def kept_of(price: Credits, charged: Split) -> Split:
    """Return the part of a charge that a smaller price keeps: in the order it was taken."""
    from_balance = min(price, charged.from_balance)
    from_quota = min(price - from_balance, charged.from_quota)
    rest = price - from_balance
    return Split(
        Credits(from_balance),
        Credits(from_quota),
        Credits(rest - from_quota),
        Credits(min(rest, charged.counted)),
    )
