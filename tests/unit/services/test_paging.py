"""Cursors between pages: opaque, and nobody else's text is one."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import InvalidInputError
from bridge.services.paging import decode_cursor, encode_cursor
from tests.support.oracle import explore

AT = datetime(2026, 11, 22, 11, 0, 2, 123_456, tzinfo=UTC)
NONE_OF_OURS = [
    "x", "abc", "MQ", "fA", "!!!!", "é", "a" * 5_000, "MjAyNi0xMS0yMg", "fDU", " ", "====",
    encode_cursor(AT, 5)[:-3] + "!!!", encode_cursor(AT, 5)[5:],
]  # fmt: skip


@pytest.mark.parametrize("number", [0, 1, 2**63])
def test_a_cursor_comes_back_as_it_was(number: int) -> None:
    text = encode_cursor(AT, number)

    assert decode_cursor(text) == (AT, number)
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), (
        "it stands in an address as it is"
    )


def test_a_cursor_is_in_utc_whatever_zone_it_was_made_in() -> None:
    there = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))

    decoded = decode_cursor(encode_cursor(there, 5))

    assert decoded == (AT, 5)
    assert decoded is not None
    assert decoded[0].tzinfo is UTC


def test_no_cursor_is_the_first_page() -> None:
    assert decode_cursor("") is None


@pytest.mark.parametrize("text", NONE_OF_OURS)
def test_what_is_no_cursor_of_ours_says_where_to_take_one(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^cursor: .*next_cursor"):
        decode_cursor(text)


@explore(200)
@given(st.text(max_size=60))
def test_property_any_text_is_a_cursor_or_a_clear_error(text: str) -> None:
    with suppress(InvalidInputError):
        decode_cursor(text)


@explore(100)
@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**64))
def test_property_every_cursor_comes_back(at: datetime, number: int) -> None:
    assert decode_cursor(encode_cursor(at, number)) == (at, number)
