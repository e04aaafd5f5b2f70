"""One use as its user sees it: what it cost, and who paid (R26)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits


@dataclass(frozen=True, slots=True)
class ActivityItem:
    """
    What was booked at one instant; figures below 0 went back to the user.

    Where only the price is on record, all parts are 0.
    """

    at: datetime
    model: str
    credits: Credits
    from_balance: Credits = Credits(0)
    from_quota: Credits = Credits(0)
    uncovered: Credits = Credits(0)


def booked_use(
    at: datetime, model: str, credits_delta: Credits, meta: Mapping[str, object]
) -> ActivityItem:
    """
    Return a usage row of the ledger as a use.

    The column says what the balance paid; the rest is in the row's meta, which the peer writes
    as well. A garbled meta leaves the column.
    """
    from_balance = Credits(-credits_delta)
    credits = _whole(meta.get("billed_credits"), from_balance)
    rest = _whole(meta.get("quota_units"), Credits(credits - from_balance))
    uncovered = _whole(meta.get("uncovered"), Credits(0))
    return ActivityItem(at, model, credits, from_balance, Credits(rest - uncovered), uncovered)


def _whole(value: object, default: Credits) -> Credits:
    if isinstance(value, int) and not isinstance(value, bool):
        return Credits(value)
    return default
