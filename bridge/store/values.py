"""Values as SQL text, for statements of many rows; and ids that a statement gives to its rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any

from pymysql.converters import escape_string


class NewIds:
    """The ids of the rows of one INSERT that is sent later."""

    def __init__(self, count: int, step: int) -> None:
        """Know none of the *count* ids yet, which are *step* apart."""
        self._count = count
        self._step = step
        self._first = 0

    def sql_of(self, number: int) -> str:
        """Return SQL for a row's id, until the next INSERT into a table that gives ids."""
        return f"LAST_INSERT_ID() + {number * self._step}"

    def begin_at(self, first: int) -> None:
        """Take the first one, as the server told it."""
        self._first = first

    def known(self) -> list[int]:
        """Return them, after the transaction."""
        return [self._first + number * self._step for number in range(self._count)]


class SqlText(str):
    """SQL in place of a value."""

    __slots__ = ()


NOW = SqlText("UTC_TIMESTAMP(6)")
"""The database's clock, of the statement that has it."""


@dataclass(frozen=True, slots=True)
class TextWithId:
    """A text with a new row's id in its middle, as a value of a row that is sent behind it."""

    before: str
    ids: NewIds
    number: int
    after: str


def in_brackets(values: tuple[object, ...]) -> str:
    """Return what `IN %s` takes."""
    return "(" + ",".join([_LITERALS[type(value)](value) for value in values]) + ")"


def _quoted(text: str) -> str:
    # Nearly all texts: control characters are not printable, and nothing else is escaped.
    if text.isprintable() and "'" not in text and "\\" not in text:
        return f"'{text}'"
    return f"'{escape_string(text)}'"


def _with_id(text: TextWithId) -> str:
    return f"CONCAT({_quoted(text.before)}, {text.ids.sql_of(text.number)}, {_quoted(text.after)})"


class _Literals(dict[type, Callable[[Any], str]]):
    """
    By type: what makes SQL text of a value, for statements of thousands of values.

    The driver's own way of asking each value for its type costs as much as the database's work.
    """

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        if issubclass(kind, str):  # words of an enum
            self[kind] = _quoted
            return _quoted
        raise TypeError(f"no SQL literal for {kind.__name__}")


_LITERALS = _Literals(
    {
        int: str,
        NoneType: lambda _: "NULL",
        str: _quoted,
        bytes: lambda value: f"x'{value.hex()}'",
        datetime: lambda value: f"'{value.isoformat(' ')}'",
        date: lambda value: f"'{value.isoformat()}'",
        Decimal: lambda value: f"{value:f}",
        TextWithId: _with_id,
        SqlText: str,
    }
)


def with_rows(sql: str, rows: Sequence[Sequence[object]]) -> str:
    """Return a statement with rows of values at its ``{rows}``."""
    texts = [", ".join([_LITERALS[type(value)](value) for value in row]) for row in rows]
    return sql.replace("{rows}", f"({'), ('.join(texts)})")
