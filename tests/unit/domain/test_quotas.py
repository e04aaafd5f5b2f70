"""What of a free limit is used and left."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bridge.domain.ids import Credits
from bridge.domain.periods import Calendar, Period
from bridge.domain.quotas import (
    Counter,
    Quota,
    quota_at,
    whole_number,
)

ISTANBUL = Calendar(ZoneInfo("Europe/Istanbul"), 1)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 22, 21, tzinfo=UTC)  # of the 23rd, in Istanbul


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("12.7", 12),
        ("12.", 12),
        (" 12 ", 12),
        ("+3", 3),
        ("-3", -3),
        ("-3.9", -3),
        ("0", 0),
        ("007", 7),
        (str(2**63), 2**63 - 1),  # the largest that PHP holds
        (" ", None),
        ("abc", None),
        ("12abc", None),
        ("1 2", None),
        ("--1", None),
        ("0x1A", None),
        ("٣", None),
        (None, None),
    ],
)
def test_whole_number(text: str | None, number: int | None) -> None:
    assert whole_number(text) == number


def quota(
    used: int, stamp: datetime | None, *, period: Period = Period.DAILY, held: int = 0
) -> Quota:
    counter = Counter(Credits(used), int(stamp.timestamp()) if stamp else 0)
    return quota_at(NOW, counter, Credits(100), period, ISTANBUL, held=Credits(held))


def test_what_was_used_since_the_turn_counts() -> None:
    seen = quota(30, MIDNIGHT)

    assert (seen.used, seen.remaining) == (30, 70)
    assert seen.resets_at == datetime(2026, 11, 23, 21, tzinfo=UTC)


def test_a_due_period_counts_as_unused() -> None:
    seen = quota(30, datetime.fromtimestamp(MIDNIGHT.timestamp() - 1, UTC))

    assert (seen.used, seen.remaining) == (0, 100)


@pytest.mark.parametrize("stamp", [None, datetime(2030, 1, 1, tzinfo=UTC), NOW])
def test_without_a_stamp_or_with_one_in_the_future_it_counts_as_used_now(
    stamp: datetime | None,
) -> None:
    assert quota(30, stamp).used == 30


def test_never_is_never_due() -> None:
    seen = quota(30, datetime(2001, 1, 1, tzinfo=UTC), period=Period.NEVER)

    assert (seen.used, seen.resets_at) == (30, None)


def test_what_is_held_takes_room_but_is_not_used() -> None:
    seen = quota(30, MIDNIGHT, held=50)

    assert (seen.used, seen.remaining) == (30, 20)


@pytest.mark.parametrize(("used", "held"), [(100, 0), (130, 0), (60, 60)])
def test_room_is_never_below_zero(used: int, held: int) -> None:
    assert quota(used, MIDNIGHT, held=held).remaining == 0


def test_unlimited_has_no_room_to_count() -> None:
    seen = quota_at(NOW, Counter(Credits(30), 1), None, Period.DAILY, ISTANBUL)

    assert (seen.limit, seen.remaining) == (None, None)
