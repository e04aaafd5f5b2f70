"""Numbers that name things, as texts and JSON have them."""

import pytest

from bridge.domain.ids import MAX_ID, UserId, admin_in, admin_name, is_id, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("5", 5), ("007", 7), (str(MAX_ID), MAX_ID), (str(MAX_ID + 1), None), ("", None),
     ("-1", None), ("+1", None), (" 1", None), ("1_0", None), ("1.0", None), ("²", None),
     ("٣", None), ("9" * 5_000, None)],
)  # fmt: skip
def test_a_number_is_plain_digits_that_a_column_holds(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_a_number_may_be_bounded() -> None:
    assert (whole_number("100", 100), whole_number("101", 100)) == (100, None)


@pytest.mark.parametrize("value", [True, False, 0, -1, MAX_ID + 1, 1.0, "1", None, [1]])
def test_what_names_nothing(value: object) -> None:
    assert not is_id(value)


def test_ids_reach_from_1_to_what_columns_hold() -> None:
    assert is_id(1)
    assert is_id(MAX_ID)


@pytest.mark.parametrize("name", ["admin:", "admin:²", "admin:x", "api:5", "5", "cli:root"])
def test_only_an_administrator_has_an_administrators_name(name: str) -> None:
    assert admin_in(admin_name(UserId(5))) == 5
    assert admin_in(name) is None
