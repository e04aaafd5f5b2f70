"""A span is made of the fewest years, months and days, each day once."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.calendar_parts import Kind, Parts, parts_of
from bridge.domain.reports import Span
from tests.support.oracle import explore

days = st.dates(date(2023, 12, 1), date(2026, 2, 1))


@explore(50)
@given(days, st.integers(0, 900))
def test_property_parts_follow_each_other_from_end_to_end(first: date, more: int) -> None:
    span = Span(first, first + timedelta(days=more))

    parts = parts_of(span)

    assert parts[0].span.first == span.first
    assert parts[-1].span.last == span.last
    for one, next_one in pairwise(parts):
        assert one.span.last + timedelta(days=1) == next_one.span.first
        assert one.kind is not next_one.kind
    assert len(parts) <= 5


def test_a_span_over_years() -> None:
    assert parts_of(Span(date(2023, 11, 29), date(2026, 2, 3))) == [
        Parts(Kind.DAY, Span(date(2023, 11, 29), date(2023, 11, 30))),
        Parts(Kind.MONTH, Span(date(2023, 12, 1), date(2023, 12, 31))),
        Parts(Kind.YEAR, Span(date(2024, 1, 1), date(2025, 12, 31))),
        Parts(Kind.MONTH, Span(date(2026, 1, 1), date(2026, 1, 31))),
        Parts(Kind.DAY, Span(date(2026, 2, 1), date(2026, 2, 3))),
    ]


def test_one_month_is_one_part() -> None:
    [month] = parts_of(Span(date(2024, 2, 1), date(2024, 2, 29)))

    assert month.kind is Kind.MONTH
    assert month.is_one
    [months] = parts_of(Span(date(2024, 2, 1), date(2024, 3, 31)))
    assert not months.is_one
