"""What a span of the site's days brought in, and what it did to balances."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bridge.domain.ledger import EntryType
from bridge.domain.periods import Calendar
from bridge.domain.reports import ONE_DAY, Moves, ProductSales, Span, Takings, months_until
from bridge.services.reports.sum_balances import Outstanding
from bridge.store import sale_lines, usage_slots
from bridge.store.db import Database
from bridge.store.tx import Tx

MONTHS = 13
"""So many are listed: this one, and one year before it."""


@dataclass(frozen=True, slots=True)
class SpanReport:
    """The figures of a span."""

    span: Span
    products: Sequence[ProductSales]
    moves: Moves


@dataclass(frozen=True, slots=True)
class MonthTakings:
    """What came in in one month, by currency."""

    month: Span
    takings: Sequence[Takings]


def site_today(db: Database, calendar: Calendar) -> date:
    """Return the site's date, by the database's clock."""
    with db.reading() as tx:
        return calendar.date_of(tx.now())


def instants_of(calendar: Calendar, span: Span) -> tuple[datetime, datetime]:
    """Return when a span begins, and when the day after it does."""
    return calendar.begin_of(span.first), calendar.begin_of(span.last + ONE_DAY)


def view_span(
    db: Database, calendar: Calendar, span: Span, outstanding: Outstanding
) -> SpanReport:
    """Return the figures of a span; *outstanding*: what all own now, or lately."""
    since, until = instants_of(calendar, span)
    with db.reading() as tx:
        products = sale_lines.sum_by_product(tx, span)
        return SpanReport(span, products, _moves(tx, since, until, outstanding))


def list_months(db: Database, today: date) -> list[MonthTakings]:
    """Return what came in in each of the last months, newest first."""
    months = months_until(today, MONTHS)
    with db.reading() as tx:
        found = sale_lines.sum_by_part(tx, months)
    pairs = zip(months, found, strict=True)
    return [MonthTakings(month, takings) for month, takings in reversed(list(pairs))]


def _moves(tx: Tx, since: datetime, until: datetime, outstanding: Outstanding) -> Moves:
    moved = usage_slots.sum_moves(tx, since, until)
    spent = usage_slots.sum_spent(tx, since, until)
    credited, reversed_ = _gained_and_lost(moved, EntryType.PURCHASE, EntryType.REFUND)
    given, taken = _gained_and_lost(moved, EntryType.BY_HAND)
    known = {EntryType.PURCHASE, EntryType.REFUND, EntryType.BY_HAND}
    others = sum(gained - lost for kind, (gained, lost) in moved.items() if kind not in known)
    return Moves(
        credited=credited,
        taken_back=reversed_,
        given=given,
        taken=taken,
        others=others,
        spent=spent,
        owed=_owed_at(tx, until, outstanding),
    )


def _gained_and_lost(moved: dict[str, tuple[int, int]], *kinds: str) -> tuple[int, int]:
    pairs = [moved.get(kind, (0, 0)) for kind in kinds]
    return sum(gained for gained, _ in pairs), sum(lost for _, lost in pairs)


def _owed_at(tx: Tx, until: datetime, outstanding: Outstanding) -> int | None:
    """Return what all owned at an instant: what they own now, less what has moved since."""
    if outstanding.credits is None or outstanding.at is None:
        return None
    if until >= outstanding.at:
        return outstanding.credits
    moved = usage_slots.sum_moves(tx, until, outstanding.at)
    since = sum(gained - lost for gained, lost in moved.values())
    return outstanding.credits - since + usage_slots.sum_spent(tx, until, outstanding.at)
