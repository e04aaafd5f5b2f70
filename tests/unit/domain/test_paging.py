"""Pages, and the cursors between them: opaque, and nobody else's text is one."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from types import NoneType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import InvalidInputError
from bridge.domain.paging import Cursor, Page, numbered_page, page_of, read_cursor
from tests.support.oracle import explore

AT = datetime(2026, 11, 22, 11, 0, 2, 123_456, tzinfo=UTC)
BY_NAME = ("name", False)
NONE_OF_OURS = [
    "x", "abc", "MQ", "fA", "!!!!", "é", "a" * 5_000, "MjAyNi0xMS0yMg", "fDU", " ", "====",
    "5", "9" * 5_000, "WzFd", "W10", str(Cursor("Ada", 5, BY_NAME)),
    str(Cursor(AT, 5))[:-3] + "!!!", str(Cursor(AT, 5))[5:],
]  # fmt: skip


@pytest.mark.parametrize("number", [0, 1, 2**63])
def test_a_cursor_comes_back_as_it_was(number: int) -> None:
    text = str(Cursor(AT, number))

    assert read_cursor(text, datetime) == Cursor(AT, number)
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), (
        "it stands in an address as it is"
    )


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        ("37", Cursor(None, 37)),
        ("MjAyNi0xMS0yMFQwOToxNTowMiswMDowMHwzNw",
         Cursor(datetime(2026, 11, 20, 9, 15, 2, tzinfo=UTC), 37)),
        ("WyJuYW1lIiwgZmFsc2UsICJBZGEiLCA1LCB0cnVlXQ", Cursor("Ada", 5, BY_NAME, back=True)),
        ("WyJiYWxhbmNlIiwgdHJ1ZSwgLTMsIDUsIGZhbHNlXQ", Cursor(-3, 5, ("balance", True))),
    ],
)  # fmt: skip
def test_cursors_that_programs_hold_stay_valid(text: str, cursor: Cursor[object]) -> None:
    assert str(cursor) == text
    assert read_cursor(text, type(cursor.place), cursor.order) == cursor


def test_a_place_in_time_without_a_zone_is_utc() -> None:
    order = ("last_activity_at", True)
    text = "WyJsYXN0X2FjdGl2aXR5X2F0IiwgdHJ1ZSwgIjIwMjYtMTEtMjBUMDk6MTU6MDIiLCA1LCBmYWxzZV0"

    found = read_cursor(text, datetime, order)

    assert found == Cursor(datetime(2026, 11, 20, 9, 15, 2, tzinfo=UTC), 5, order)


def test_a_cursor_is_in_utc_whatever_zone_it_was_made_in() -> None:
    there = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))

    found = read_cursor(str(Cursor(there, 5)), datetime)

    assert found == Cursor(AT, 5)
    assert found is not None
    assert found.place.tzinfo is UTC


def test_no_cursor_is_the_first_page() -> None:
    assert read_cursor("", datetime) is None


@pytest.mark.parametrize("text", NONE_OF_OURS)
def test_what_is_no_cursor_of_this_list_says_where_to_take_one(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^cursor: .*next_cursor"):
        read_cursor(text, datetime)


@pytest.mark.parametrize("order", [("name", True), ("email", False)])
def test_a_cursor_of_another_order_says_so(order: tuple[str, bool]) -> None:
    with pytest.raises(InvalidInputError, match="another order"):
        read_cursor(str(Cursor("Ada", 5, BY_NAME)), str, order)


@pytest.mark.parametrize("parts", ['["name",false,"Ada",true,false]', '["name",0,"Ada",5,false]'])
def test_what_only_looks_like_one_of_ours_is_none(parts: str) -> None:
    from base64 import urlsafe_b64encode

    with pytest.raises(InvalidInputError, match="next_cursor"):
        read_cursor(urlsafe_b64encode(parts.encode()).decode(), str, BY_NAME)


@explore(200)
@given(st.text(max_size=60))
def test_property_any_text_is_a_cursor_or_a_clear_error(text: str) -> None:
    for kind in (datetime, NoneType):
        with suppress(InvalidInputError):
            read_cursor(text, kind)


@explore(100)
@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**64))
def test_property_every_cursor_comes_back(at: datetime, number: int) -> None:
    assert read_cursor(str(Cursor(at, number)), datetime) == Cursor(at, number)


def test_one_more_than_a_page_shows_that_there_is_a_rest() -> None:
    def page(*found: int) -> Page[int]:
        return page_of(found, 2, lambda number: Cursor(None, number))

    assert page(9, 8) == Page((9, 8))
    assert page(9, 8, 7) == Page((9, 8), next_cursor="8")
    assert page() == Page(())


def test_numbered_pages_lead_to_those_beside_them() -> None:
    def page(number: int, found: str) -> Page[str]:
        return numbered_page(found, number, size=2, last=3)

    assert page(1, "ab") == Page(("a", "b"))
    assert page(2, "abc") == Page(("a", "b"), "3", "1", 2)
    assert page(3, "abc").next_cursor is None, "it is the last that can be asked for"
    assert page(3, "").previous_cursor == "1", "nobody knows how many there are"
