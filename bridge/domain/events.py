"""What others may want to hear of, and what the ledger and the orders say of it (R34)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.domain.grants import BookingKind
from bridge.domain.ids import Credits, UserId
from bridge.domain.ledger import ContextType, LedgerRow, entry_name
from bridge.domain.low_funds import is_low_balance
from bridge.domain.order_views import OrderView

SECRET_PREFIX = "whsec_"  # noqa: S105  # what the secrets of webhooks begin with


class EventType(StrEnum):
    """The kinds of events, by their public names."""

    GRANTED = "credits.granted"
    REVERSED = "credits.reversed"
    LOW = "balance.low"
    EMPTY = "balance.empty"
    ATTENTION = "order.attention"


@dataclass(frozen=True, slots=True)
class Event:
    """
    Something that happened.

    ``key`` is the same whenever it is found again. ``data`` is what receivers get, in JSON.
    """

    key: str
    type: EventType
    at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to those who listen, by its name, and the kinds of events they want."""

    name: str
    types: frozenset[EventType]


MAIL = "mail"
"""The channel to the WordPress plugin, which writes mails."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way through a channel."""

    event_id: int
    event: Event
    channel: str
    attempts: int
    next_try_at: datetime | None  # None: it has ended
    arrived_at: datetime | None  # None: not yet, or it was given up
    last_error: str


@dataclass(frozen=True, slots=True)
class UsersRow:
    """A ledger row of a user, whoever wrote it."""

    user_id: UserId
    row: LedgerRow

    @property
    def order_id(self) -> int | None:
        """The order that it is of."""
        return self.row.context_id if self.row.context_type == ContextType.ORDER else None

    @property
    def balance_after(self) -> int | None:
        """The balance that the row left; None: its writer has not said."""
        after = self.row.meta.get("balance_after")
        return after if isinstance(after, int) and not isinstance(after, bool) else None


_OF_ORDERS = {
    BookingKind.PURCHASE: EventType.GRANTED,
    BookingKind.REGRANT: EventType.GRANTED,
    BookingKind.CLAWBACK: EventType.REVERSED,
}


def events_of(booked: UsersRow, last_package: Credits) -> Iterator[Event]:
    """
    Find what a ledger row means to others.

    Args:
        booked: The row.
        last_package: What its user bought last, of which anything is left to have (R27).
    """
    row, after = booked.row, booked.balance_after
    if booked.order_id and row.operation in _OF_ORDERS:
        yield _of_entry(
            _OF_ORDERS[BookingKind(row.operation)],
            booked,
            order_id=booked.order_id,
            credits=abs(row.credits_delta),
            balance_after=after,
        )
    if after is None or row.credits_delta >= 0:
        return
    before = after - row.credits_delta
    if after <= 0 < before:
        yield _of_entry(EventType.EMPTY, booked, balance=after)
    elif _is_low(after, last_package) and not _is_low(before, last_package):
        yield _of_entry(EventType.LOW, booked, balance=after, last_package=last_package)


def _is_low(balance: int, last_package: Credits) -> bool:
    return is_low_balance(Credits(balance), last_package)


def _of_entry(type_: EventType, booked: UsersRow, **data: object) -> Event:
    entry_id = booked.row.entry_id
    known = {"user_id": booked.user_id, "entry": entry_name(entry_id)}
    return Event(f"{type_}:{entry_id}", type_, booked.row.at, {**known, **data})


def attention_key(order_id: int, reason_code: str) -> str:
    """Return the key of an order's asking for a person; another reason is another event."""
    return f"{EventType.ATTENTION}:{order_id}:{reason_code}"


def attention_of(order: OrderView, now: datetime) -> Event:
    """Return the event of an order that waits for a person, or whose customer is not known."""
    data = {
        "order_id": order.order_id,
        "order_number": order.order_number,
        "user_id": order.user_id,
        "state": order.state,
        "reason_code": order.reason_code,
        "reason": order.reason,
        "credits": order.due,
    }
    key = attention_key(order.order_id, order.reason_code)
    return Event(key, EventType.ATTENTION, now, data)


_PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between two tries, as the Standard Webhooks specification proposes: some three days."""


def pause_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failed tries; None: it is given up."""
    return _PAUSES[attempts - 1] if attempts <= len(_PAUSES) else None
