"""When free limits start anew, in the site's own calendar."""

import json
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.periods import Calendar, Period, is_due, next_turn, offsets_between, site_zone
from tests.support.folders import FIXTURES
from tests.support.oracle import explore

RECORDED: list[dict[str, Any]] = json.loads(
    (FIXTURES / "conformance/period_resets.json").read_text()
)
TURNING = [Period.DAILY, Period.WEEKLY, Period.MONTHLY]
HELSINKI = Calendar(ZoneInfo("Europe/Helsinki"), 1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar_of(case: dict[str, Any]) -> Calendar:
    zone = site_zone(case["timezone_string"], str(case["gmt_offset"]))
    return Calendar(zone, case["start_of_week"])


def test_every_recorded_period_is_due_as_the_peer_said() -> None:
    assert len(RECORDED) == 720
    differing = [
        case
        for case in RECORDED
        if case["due"]
        is not is_due(
            case["last_reset"],
            datetime.fromtimestamp(case["now"], UTC),
            Period(case["period"]),
            calendar_of(case),
        )
    ]

    assert differing == []


# Zones


@pytest.mark.parametrize(
    ("name", "offset", "hours"),
    [
        ("Europe/Istanbul", "", 3.0),
        ("Europe/Istanbul", "-5", 3.0),
        ("", "5.5", 5.5),
        ("", "5.75", 5.75),
        ("", "-11", -11.0),
        ("", "-3.5", -3.5),
        ("", "14", 14.0),
        ("", "0", 0.0),
        ("", "", 0.0),
        ("UTC", "3", 0.0),
        ("Mars/Olympus", "2", 2.0),
        ("Mars/Olympus", "", 0.0),
        ("../../etc/passwd", "2", 2.0),
        ("Europe", "2", 2.0),
        ("x\0y", "2", 2.0),
        ("", "abc", 0.0),
        ("", "99", 0.0),
        ("", "nan", 0.0),
        ("", "1e400", 0.0),
        ("", "inf", 0.0),
    ],
)
def test_the_sites_zone_falls_back_from_name_to_offset_to_utc(
    name: str, offset: str, hours: float
) -> None:
    zone = site_zone(name, offset)

    assert utc("2026-01-15T12:00").astimezone(zone).utcoffset() == timedelta(hours=hours)


# Turns


@pytest.mark.parametrize(
    ("period", "week_start", "after", "turn"),
    [
        (Period.DAILY, 1, "2026-11-22T22:00:00", "2026-11-23T22:00:00"),  # midnight itself
        (Period.DAILY, 1, "2026-11-22T21:59:59", "2026-11-22T22:00:00"),
        (Period.DAILY, 1, "2026-11-22T22:00:01", "2026-11-23T22:00:00"),
        (Period.DAILY, 1, "2026-12-31T12:00:00", "2026-12-31T22:00:00"),
        # 2026-11-22 is a Sunday
        (Period.WEEKLY, 1, "2026-11-22T12:00:00", "2026-11-22T22:00:00"),
        (Period.WEEKLY, 0, "2026-11-22T12:00:00", "2026-11-28T22:00:00"),
        (Period.WEEKLY, 6, "2026-11-22T12:00:00", "2026-11-27T22:00:00"),
        (Period.WEEKLY, 1, "2026-11-22T22:00:00", "2026-11-29T22:00:00"),
        (Period.MONTHLY, 1, "2026-11-22T12:00:00", "2026-11-30T22:00:00"),
        (Period.MONTHLY, 1, "2026-11-30T22:00:00", "2026-12-31T22:00:00"),
        (Period.MONTHLY, 1, "2027-01-31T12:00:00", "2027-01-31T22:00:00"),
        (Period.MONTHLY, 1, "2027-02-10T12:00:00", "2027-02-28T22:00:00"),
        (Period.MONTHLY, 1, "2028-02-10T12:00:00", "2028-02-29T22:00:00"),
        # summer time begins on 2026-03-29 and ends on 2026-10-25
        (Period.DAILY, 1, "2026-03-29T12:00:00", "2026-03-29T21:00:00"),
        (Period.DAILY, 1, "2026-10-25T12:00:00", "2026-10-25T22:00:00"),
        (Period.MONTHLY, 1, "2026-03-10T12:00:00", "2026-03-31T21:00:00"),
    ],
)
def test_periods_turn_at_local_midnight(
    period: Period, week_start: int, after: str, turn: str
) -> None:
    calendar = Calendar(HELSINKI.zone, week_start)

    assert next_turn(utc(after), period, calendar) == utc(turn)


def test_never_never_turns() -> None:
    assert next_turn(utc("2026-11-22T12:00"), Period.NEVER, HELSINKI) is None
    assert not is_due(1, utc("2026-11-22T12:00"), Period.NEVER, HELSINKI)


@pytest.mark.parametrize(
    ("zone", "day", "first_instant"),
    [
        # midnight is skipped: the day begins at 01:00
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),
        ("Africa/Cairo", "2023-04-28", "2023-04-27T22:00"),
        ("Asia/Beirut", "2021-03-28", "2021-03-27T22:00"),
        ("America/Asuncion", "2023-10-01", "2023-10-01T04:00"),
        ("America/Havana", "2026-03-08", "2026-03-08T05:00"),
        # the hour before midnight comes twice: the day begins once
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00"),
        ("Africa/Cairo", "2023-10-27", "2023-10-26T22:00"),
        ("Asia/Beirut", "2021-10-31", "2021-10-30T22:00"),
        # midnight comes twice: the first of the two
        ("America/Havana", "2026-11-01", "2026-11-01T04:00"),
        ("Atlantic/Azores", "2021-10-31", "2021-10-31T00:00"),
        # the whole 30th of December was skipped
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
    ],
)
def test_a_day_begins_at_its_first_instant_where_clocks_jump_at_midnight(
    zone: str, day: str, first_instant: str
) -> None:
    calendar = Calendar(ZoneInfo(zone), 1)
    first = utc(first_instant)
    before = first - timedelta(seconds=1)
    assert calendar.date_of(first) == date.fromisoformat(day)
    assert calendar.date_of(before) < date.fromisoformat(day)

    assert next_turn(before, Period.DAILY, calendar) == first
    assert next_turn(first - timedelta(hours=5), Period.DAILY, calendar) == first
    assert is_due(int(before.timestamp()), first, Period.DAILY, calendar)
    after = next_turn(first, Period.DAILY, calendar)
    assert after is not None
    assert timedelta(hours=22) <= after - first <= timedelta(hours=26)


@pytest.mark.parametrize(
    ("last_reset", "due"),
    [
        ("2026-11-22T21:59:59", True),
        ("2026-11-22T22:00:00", False),
        ("2026-11-23T11:59:59", False),
        ("2026-11-23T12:00:00", False),
        ("2030-01-01T00:00:00", False),  # in the future counts as now
    ],
)
def test_a_period_is_due_from_its_turn_on(last_reset: str, due: bool) -> None:
    stamp = int(utc(last_reset).timestamp())

    assert is_due(stamp, utc("2026-11-23T12:00"), Period.DAILY, HELSINKI) is due


@pytest.mark.parametrize("stamp", [0, -1, -(10**12), 10**18])
def test_no_stamp_and_a_senseless_one_are_not_due(stamp: int) -> None:
    assert not is_due(stamp, utc("2026-11-23T12:00"), Period.DAILY, HELSINKI)


# Properties: over zones whose clocks jump at midnight, and today's

ZONES: list[tzinfo] = [
    *map(
        ZoneInfo,
        [
            "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut", "America/Havana", "Asia/Gaza",
            "Atlantic/Azores", "America/Asuncion", "Pacific/Apia", "Australia/Lord_Howe",
            "America/Scoresbysund", "America/Nuuk", "Asia/Tehran", "Africa/Casablanca",
            "Europe/Istanbul", "America/New_York", "UTC",
        ],
    ),
    timezone(timedelta(hours=5, minutes=45)),
]  # fmt: skip
calendars = st.builds(Calendar, st.sampled_from(ZONES), st.integers(0, 6))
START, END = int(utc("2012-01-01").timestamp()), int(utc("2037-01-01").timestamp())
near_jumps = st.builds(
    lambda day, seconds: int(utc(day).timestamp()) + seconds,
    st.sampled_from(
        ["2018-11-04", "2018-02-18", "2023-04-28", "2023-10-27", "2021-03-28", "2021-10-31",
         "2026-03-08", "2026-11-01", "2023-10-01", "2024-10-27", "2022-09-22"],
    ),
    st.integers(-40_000, 40_000),
)  # fmt: skip
stamps = st.one_of(st.integers(START, END), near_jumps)


def at(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def turn_after(stamp: int, period: Period, calendar: Calendar) -> datetime:
    turn = next_turn(at(stamp), period, calendar)
    assert turn is not None
    return turn


@explore(200)
@given(stamps, st.sampled_from(TURNING), calendars)
def test_property_a_turn_lies_ahead_and_is_the_first_instant_of_its_day(
    stamp: int, period: Period, calendar: Calendar
) -> None:
    turn = turn_after(stamp, period, calendar)

    assert turn > at(stamp)
    day = calendar.date_of(turn)
    # before it lies the day before, or, where that midnight comes twice, nothing of this day yet
    assert calendar.date_of(turn - timedelta(microseconds=1)) < day
    if period is Period.WEEKLY:
        assert day.isoweekday() % 7 == calendar.week_start
    if period is Period.MONTHLY:
        assert day.day == 1


@explore(200)
@given(stamps, st.integers(0, 90_000), st.sampled_from(TURNING), calendars)
def test_property_next_turn_never_goes_back(
    stamp: int, later: int, period: Period, calendar: Calendar
) -> None:
    assert turn_after(stamp, period, calendar) <= turn_after(stamp + later, period, calendar)


@explore(200)
@given(stamps, st.integers(0, 90_000), st.sampled_from(TURNING), calendars)
def test_property_nothing_turns_between_an_instant_and_its_next_turn(
    stamp: int, later: int, period: Period, calendar: Calendar
) -> None:
    turn = turn_after(stamp, period, calendar)
    between = min(stamp + later, int(turn.timestamp()) - 1)

    assert turn_after(between, period, calendar) == turn


@explore(200)
@given(stamps, st.integers(0, 5_000_000), st.sampled_from(TURNING), calendars)
def test_property_a_period_is_due_exactly_from_its_next_turn_on(
    stamp: int, later: int, period: Period, calendar: Calendar
) -> None:
    now = at(stamp + later)

    assert is_due(stamp, now, period, calendar) is (turn_after(stamp, period, calendar) <= now)


@explore(200)
@given(
    stamps,
    st.lists(st.integers(0, 5_000_000), min_size=1, max_size=5),
    st.sampled_from(TURNING),
    calendars,
)
def test_property_splitting_a_span_changes_nothing(
    stamp: int, steps: list[int], period: Period, calendar: Calendar
) -> None:
    """It turned in the whole span just if it turned in one of its parts."""
    marks = [stamp]
    for step in steps:
        marks.append(marks[-1] + step)

    parts = [is_due(one, at(other), period, calendar) for one, other in pairwise(marks)]

    assert is_due(stamp, at(marks[-1]), period, calendar) is any(parts)


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_offsets_of_a_span_are_those_of_each_of_its_instants(name: str) -> None:
    zone = ZoneInfo(name)
    first, last = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)

    found = offsets_between(zone, first, last)

    assert len(found) == 5
    for hours in range(0, 17_000, 7):
        at = first + timedelta(hours=hours, minutes=hours % 60)
        shift = next((seconds for until, seconds in found if at < until), found[-1][1])
        assert timedelta(seconds=shift) == at.astimezone(zone).utcoffset(), at
    for until, _ in found[:-1]:
        before, after = (one.astimezone(zone).utcoffset()
                         for one in (until - timedelta(seconds=1), until))  # fmt: skip
        assert before != after


def test_a_zone_whose_clock_stands_has_one_offset() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)

    assert offsets_between(UTC, at, at) == [(at, 0)]
