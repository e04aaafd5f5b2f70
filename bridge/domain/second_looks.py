"""Looking again at orders that nothing has been heard of: not all that happens moves a date."""

from datetime import datetime, timedelta

from bridge.domain.grants import GrantPolicy
from bridge.domain.orders import Order
from bridge.domain.verdicts import OrderState, Verdict

SECOND_LOOK_AFTER = timedelta(minutes=15)
"""When orders with package lines are looked at again that may still be completed (R13)."""

SECOND_LOOK_FOR = timedelta(days=7)
"""For how long after they were placed they are."""


def second_look_at(
    verdict: Verdict, order: Order, policy: GrantPolicy, now: datetime
) -> datetime | None:
    """Return when to look again at an order with package lines that has not come to an end."""
    is_final = order.status in policy.statuses | policy.reverse_on
    is_old = now - order.created_at >= SECOND_LOOK_FOR
    if verdict.state is not OrderState.SEEN or is_final or is_old:
        return None
    return now + SECOND_LOOK_AFTER
