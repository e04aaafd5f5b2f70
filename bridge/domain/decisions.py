"""Who pays for a price: purchased balance first, then the free limit (R19)."""

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

    def plus(self, other: "Split", sign: int = 1) -> "Split":
        """Return both together, or with *sign* -1 the difference: below 0, what goes back."""
        return Split(
            Credits(self.from_balance + sign * other.from_balance),
            Credits(self.from_quota + sign * other.from_quota),
            Credits(self.uncovered + sign * other.uncovered),
            Credits(self.counted + sign * other.counted),
        )

    def payment(self, billed: Credits, balance_after: Credits) -> "Payment":
        """Return how *billed* was paid."""
        return Payment(billed, self.from_balance, self.from_quota, self.uncovered, balance_after)


@dataclass(frozen=True, slots=True)
class Payment:
    """What a use cost, how that was paid, and what was left of the balance."""

    billed: Credits
    from_balance: Credits
    from_quota: Credits
    uncovered: Credits
    balance_after: Credits


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


def split(
    price: Credits,
    spendable: Spendable,
    *,
    held_balance: Credits = Credits(0),
    held_quota: Credits = Credits(0),
) -> Split:
    """
    Say how a price is booked that is owed whatever the limits: `record` never refuses.

    The rest beyond the balance is counted in full, save where the limit is 0; what lies beyond
    the limit is ``uncovered``.

    Args:
        price: In credits.
        spendable: What can be drawn on; for a commit, with its own hold left out.
        held_balance: What the hold had reserved of the balance. Used first, as far as it is
            still there.
        held_quota: What it had reserved of the free limit; used next.
    """
    room = spendable.quota.remaining
    reserved = min(price, held_balance, spendable.available)
    kept = min(price - reserved, held_quota if room is None else min(held_quota, room))
    open_price = price - reserved - kept
    from_balance = reserved + min(spendable.available - reserved, open_price)
    rest = price - from_balance
    from_quota = rest if room is None else min(rest, room)
    counted = 0 if spendable.quota.limit == 0 else rest
    return Split(
        Credits(from_balance), Credits(from_quota), Credits(rest - from_quota), Credits(counted)
    )
