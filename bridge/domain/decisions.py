"""Who pays for a price: purchased balance first, then the free limit (rules 5 and 7)."""

from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.ids import Credits
from bridge.domain.quotas import Quota


class Reason(StrEnum):
    """Why usage is allowed or denied; the API's `reason`."""

    BALANCE = "balance"
    UNLIMITED = "unlimited"
    QUOTA = "quota"
    DISABLED = "disabled"
    QUOTA_EXCEEDED = "quota_exceeded"


@dataclass(frozen=True, slots=True)
class Spendable:
    """What one account can draw on for one module, at one instant."""

    available: Credits  # max(0, balance - held)
    quota: Quota


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a price is covered, and why."""

    allowed: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Split:
    """How a price is paid; the three add up to it. ``counted`` goes to the module's counter."""

    from_balance: Credits
    from_quota: Credits
    uncovered: Credits
    counted: Credits


def decide(price: Credits, spendable: Spendable) -> Decision:
    """Say whether balance, then room, cover the price; a price of 0 needs some of either."""
    available, quota = spendable.available, spendable.quota
    room = quota.remaining
    if available > 0 and available >= price:
        return Decision(True, Reason.BALANCE)
    if room is None:
        return Decision(True, Reason.UNLIMITED)
    if room > 0 and room >= price - available:
        return Decision(True, Reason.QUOTA)
    return Decision(False, Reason.DISABLED if quota.limit == 0 else Reason.QUOTA_EXCEEDED)


def split(price: Credits, spendable: Spendable) -> Split:
    """
    Say how a price is booked that is owed whatever the limits: `record` never refuses.

    The rest beyond the balance is counted in full, save where the limit is 0; what lies beyond
    the limit is ``uncovered``.
    """
    from_balance = min(spendable.available, price)
    rest = price - from_balance
    room = spendable.quota.remaining
    from_quota = rest if room is None else min(rest, room)
    counted = 0 if spendable.quota.limit == 0 else rest
    return Split(
        Credits(from_balance), Credits(from_quota), Credits(rest - from_quota), Credits(counted)
    )
