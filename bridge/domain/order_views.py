"""Orders as lists and figures show them."""

from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits
from bridge.domain.verdicts import OrderState


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as lists show it."""

    order_id: int
    order_number: str
    user_id: int | None
    status: str
    state: OrderState
    reason_code: str
    reason: str
    due: Credits
    booked: Credits
    shortfall: Credits
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderCounts:
    """Orders by where they stand, for the status page."""

    seen: int
    granted: int
    waiting: int
    unclaimed: int
    attention: int
    shortfall: Credits


@dataclass(frozen=True, slots=True)
class DismissedOrder:
    """An order that was taken off the lists, and is as it was then."""

    order_id: int
    order_number: str
    reason: str
    dismissed_reason: str
    dismissed_by: str
    dismissed_at: datetime
