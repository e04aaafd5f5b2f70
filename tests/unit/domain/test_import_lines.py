"""CSV files of changes: which columns count, and what a line asks."""

import pytest

from bridge.domain.csv_text import csv_text, plain_text
from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import MAX_BALANCE, Credits
from bridge.domain.import_lines import ImportLine, read_heading


def line(heading: str, *cells: str) -> ImportLine:
    return read_heading(heading).read(cells)


@pytest.mark.parametrize(
    "heading",
    ["user_id,change", " USER_ID ; Change ", '"user_id"\t"change"', "user_id,name,change,used"],
)
def test_columns_are_found_by_name(heading: str) -> None:
    columns = read_heading(f"{heading}\r\n")
    cells = [""] * 4
    cells[columns.places["user_id"]], cells[columns.places["change"]] = "7", "-5"

    asked = columns.read(cells)

    assert (asked.user_id, asked.change, asked.balance) == (7, -5, None)


@pytest.mark.parametrize(
    ("heading", "says"),
    [
        ("", "user_id, login or email"),
        ("name,change", "user_id, login or email"),
        ("user_id,used_chat", "change or balance"),
        ("email,change,Change", "change twice"),
    ],
)
def test_a_heading_says_what_it_lacks(heading: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        read_heading(heading)


def test_a_change_counts_where_there_is_a_balance_too() -> None:
    asked = line("user_id,balance,change", "7", "900", "+50")

    assert (asked.change, asked.balance) == (50, None)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (("", "", "5"), "names no user"),
        (("0", "", "5"), "user_id is no whole number: “0”"),
        (("bob", "", "5"), "user_id is no whole number"),
        (("7", "", "5.5"), "change is no whole number: “5.5”"),
        (("7", "", "1e3"), "change is no whole number"),
        (("7", "", str(MAX_BALANCE + 1)), "change is no whole number"),
        (("7", "x" * 501, "5"), "reason is longer"),
        (("7", "", "-"), "change is no whole number"),
    ],
)
def test_a_line_says_what_is_wrong_with_it(cells: tuple[str, ...], says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        line("user_id,reason,change", *cells)


@pytest.mark.parametrize(
    ("asked", "balance", "delta"),
    [
        (line("user_id,change", "7", "5"), 0, 5),
        (line("user_id,change", "7", "5"), -3, 5),
        (line("user_id,change", "7", "-5"), 5, -5),
        (line("user_id,change", "7", "0"), 5, 0),
        (line("user_id,balance,change", "7", "900", ""), 5, 0),
        (line("user_id,change", "7"), 5, 0),
        (line("user_id,balance", "7", "5"), 12, -7),
        (line("user_id,balance", "7", "5"), -7, 12),
        (line("user_id,balance", "7", "-7"), -7, 0),
    ],
)
def test_a_line_changes_a_balance(asked: ImportLine, balance: Credits, delta: int) -> None:
    assert asked.delta_of(balance) == delta


@pytest.mark.parametrize(
    ("asked", "balance", "says"),
    [
        (line("user_id,change", "7", "-6"), 5, "The balance is 5; 6 is too much"),
        (line("user_id,change", "7", "-1"), -5, "too much"),
        (line("user_id,change", "7", str(MAX_BALANCE)), 1, "larger than can be stored"),
        (line("user_id,balance", "7", "-1"), 5, "cannot be set below 0"),
    ],
)
def test_a_balance_that_cannot_be_is_refused(
    asked: ImportLine, balance: Credits, says: str
) -> None:
    with pytest.raises(InvalidInputError, match=says):
        asked.delta_of(balance)


@pytest.mark.parametrize("login", ["alice", "=alice", "-alice", "@alice", "o'hara"])
def test_a_login_comes_back_from_an_export_as_it_was(login: str) -> None:
    asked = line("login,change", csv_text(login), "5")

    assert asked.login == login
    assert plain_text(csv_text(login)) == login
