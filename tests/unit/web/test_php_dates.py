"""WordPress's formats of dates, as PHP 8 writes them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from bridge.domain.site import SiteDates
from bridge.web.http.formatting import screen_language
from bridge.web.http.php_dates import format_php

ISTANBUL = ZoneInfo("Europe/Istanbul")
MOMENT = datetime(2026, 3, 2, 0, 5, 9, 71, tzinfo=ISTANBUL)
EVENING = datetime(2024, 12, 30, 21, 40, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "first", "second"),
    [
        ("F j, Y", "March 2, 2026", "December 30, 2024"),
        ("d.m.y", "02.03.26", "30.12.24"),
        ("D l N w", "Mon Monday 1 1", "Mon Monday 1 1"),
        ("jS z t L", "2nd 60 31 0", "30th 364 31 1"),
        ("W o n M", "10 2026 3 Mar", "01 2025 12 Dec"),
        ("g:i a, G:i A", "12:05 am, 0:05 AM", "9:40 pm, 21:40 PM"),
        ("h H i s u v", "12 00 05 09 000071 000", "09 21 40 00 000000 000"),
        ("e O P Z", "Europe/Istanbul +0300 +03:00 10800", "UTC +0000 +00:00 0"),
        ("c", "2026-03-02T00:05:09+03:00", "2024-12-30T21:40:00+00:00"),
        (r"\a\t H \h, ü", "at 00 h, ü", "at 21 h, ü"),
        ("H\\", "00\\", "21\\"),
    ],
)
def test_letters(pattern: str, first: str, second: str) -> None:
    english = Locale("en")

    assert format_php(pattern, MOMENT, english) == first
    assert format_php(pattern, EVENING, english) == second


@pytest.mark.parametrize(
    ("day", "suffix"), [(1, "st"), (2, "nd"), (3, "rd"), (4, "th"), (11, "th"), (13, "th")]
)
def test_suffixes(day: int, suffix: str) -> None:
    assert format_php("S", datetime(2026, 1, day, tzinfo=UTC), Locale("en")) == suffix


def test_names_are_the_languages() -> None:
    assert format_php("l, j. F Y", MOMENT, Locale("de")) == "Montag, 2. März 2026"
    assert format_php("j F Y, l", MOMENT, Locale("tr")) == "2 Mart 2026, Pazartesi"


def test_a_screen_writes_dates_as_the_site_does() -> None:
    ours = screen_language("de_DE", SiteDates("j. F Y", "G:i"))
    plain = screen_language("de_DE")

    assert ours.date(MOMENT, UTC) == "1. März 2026"
    assert ours.minute(MOMENT, ISTANBUL) == "2. März 2026, 0:05"
    assert ours.moment(MOMENT, ISTANBUL) == ours.minute(MOMENT, ISTANBUL)
    assert plain.date(MOMENT, ISTANBUL) == "02.03.2026"
    assert plain.minute(MOMENT, ISTANBUL) == "02.03.2026, 00:05"
    assert (
        screen_language("en", SiteDates("Y-m-d")).minute(MOMENT, timezone(timedelta(0)))
        == "2026-03-01, 9:05\N{NARROW NO-BREAK SPACE}PM"
    )
