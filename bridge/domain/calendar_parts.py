"""A span of days as whole years, months and days, of which sums are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from bridge.domain.reports import ONE_DAY, Span, month_of


class Kind(IntEnum):
    """What a kept sum is of; stored."""

    DAY = 1
    MONTH = 2
    YEAR = 3


_LONGEST_FIRST = (Kind.YEAR, Kind.MONTH, Kind.DAY)


@dataclass(frozen=True, slots=True)
class Parts:
    """Years, months or days one behind another: those that begin in a span."""

    kind: Kind
    span: Span

    @property
    def is_one(self) -> bool:
        """Whether it is just one."""
        return whole(self.kind, self.span.first).last >= self.span.last


def whole(kind: Kind, day: date) -> Span:
    """Return the year, month or day that a day is in."""
    if kind is Kind.YEAR:
        return Span(date(day.year, 1, 1), date(day.year, 12, 31))
    return month_of(day) if kind is Kind.MONTH else Span(day, day)


def parts_of(span: Span) -> list[Parts]:
    """Return the fewest years, months and days that make a span, in their order."""
    parts: list[Parts] = []
    for kind, one in _one_by_one(span):
        if parts and parts[-1].kind is kind:
            parts[-1] = Parts(kind, Span(parts[-1].span.first, one.last))
        else:
            parts.append(Parts(kind, one))
    return parts


def _one_by_one(span: Span) -> Iterator[tuple[Kind, Span]]:
    day = span.first
    while day <= span.last:
        kind = next(kind for kind in _LONGEST_FIRST if _fits(whole(kind, day), day, span))
        one = whole(kind, day)
        yield kind, one
        day = one.last + ONE_DAY


def _fits(one: Span, day: date, span: Span) -> bool:
    return one.first == day and one.last <= span.last
