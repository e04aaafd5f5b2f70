"""What a backfill found and did, or would do, with a shop's past orders."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.domain.ids import Credits
from bridge.domain.verdicts import OrderState


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an order stands, in as much as a backfill tells of it."""

    state: OrderState
    reason: str
    booked: Credits  # net, those adopted included
    at_stake: Credits = Credits(0)  # what it would be due besides
    is_adopted: bool = False


class Outcome(StrEnum):
    """What became of an order; the value is what a report is kept under."""

    GRANTED = "granted"
    ADOPTED = "adopted"
    BOOKED_BEFORE = "booked_before"
    UNCLAIMED = "unclaimed"
    WAITING = "waiting"
    ASKING = "asking"
    NOTHING_DUE = "nothing_due"
    PRODUCT_GONE = "product_gone"
    NO_PACKAGE = "no_package"


@dataclass(frozen=True, slots=True)
class BackfillSpan:
    """Which orders are meant: those that count as completed in a span of time."""

    since: datetime | None  # None: all from the first on
    until: datetime  # `grants.since`: what is completed from then on is the worker's

    def has(self, finished_at: datetime) -> bool:
        """Say whether an order completed then is meant."""
        return finished_at < self.until and (self.since is None or finished_at >= self.since)


@dataclass(slots=True)
class BackfillReport:
    """How many orders came out how, and the credits of that."""

    orders: Counter[str] = field(default_factory=Counter)
    credits: Counter[str] = field(default_factory=Counter)
    asking: Counter[str] = field(default_factory=Counter)  # by reason
    at_stake: Counter[str] = field(default_factory=Counter)  # by reason

    @property
    def read(self) -> int:
        """How many orders of the span were looked at; one that is granted and asks is one."""
        also_granted = self.orders[_GRANTED_AND_ASKING]
        return sum(self.orders[outcome] for outcome in Outcome) - also_granted

    def note(self, outcome: Outcome, credits: int = 0) -> None:
        """Count an order."""
        self.orders[outcome] += 1
        self.credits[outcome] += credits

    def note_standing(self, standing: Standing) -> None:
        """Count an order that had no booking before, as it stands now."""
        if standing.booked:
            is_adopted = standing.is_adopted
            self.note(Outcome.ADOPTED if is_adopted else Outcome.GRANTED, standing.booked)
        if standing.state is OrderState.ATTENTION:
            self.orders[_GRANTED_AND_ASKING] += bool(standing.booked)
            self.note(Outcome.ASKING, standing.at_stake)
            self.asking[standing.reason] += 1
            self.at_stake[standing.reason] += standing.at_stake
        elif not standing.booked:
            self.note(_WITHOUT_BOOKING.get(standing.state, Outcome.NOTHING_DUE), standing.at_stake)

    def add(self, other: "BackfillReport") -> None:
        """Count what another has counted."""
        for mine, theirs in (
            (self.orders, other.orders),
            (self.credits, other.credits),
            (self.asking, other.asking),
            (self.at_stake, other.at_stake),
        ):
            mine.update(theirs)

    def to_fields(self) -> dict[str, Any]:
        """Return what `from_fields` makes the same report of."""
        return {
            "orders": dict(self.orders),
            "credits": dict(self.credits),
            "asking": dict(self.asking),
            "at_stake": dict(self.at_stake),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "BackfillReport":
        """Return the report that was kept as *fields*; an empty one of none."""
        return cls(**{name: Counter(counts) for name, counts in fields.items()})


_GRANTED_AND_ASKING = "granted_and_asking"
_WITHOUT_BOOKING = {
    OrderState.UNCLAIMED: Outcome.UNCLAIMED,
    OrderState.WAITING: Outcome.WAITING,
}
