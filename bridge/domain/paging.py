"""Pages of lists, and the cursors between them: opaque texts that stay valid."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import whole_number
from bridge.domain.sentences import Sentence

T = TypeVar("T")
P = TypeVar("P")

Order = tuple[str, bool]
"""What a list is sorted by, and whether downwards."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """
    Some items of a list, and the cursors of the pages behind and before; None: there is none.

    In lists with numbered pages the cursors are numbers, and ``number`` is this page's.
    """

    items: tuple[T, ...]
    next_cursor: str | None = None
    previous_cursor: str | None = None
    number: int = 1


@dataclass(frozen=True, slots=True)
class Cursor(Generic[P]):
    """
    The place of an item, from where a list goes on, or ``back`` from there.

    ``place`` is what the list is sorted by, None where it is by number alone; ``number`` tells
    equal ones apart. ``order`` is of lists that can be sorted in several ways.
    """

    place: P
    number: int
    order: Order | None = None
    back: bool = False

    def __str__(self) -> str:
        """Return it as addresses and bodies carry it; `read_cursor` reads it."""
        place = self.place.isoformat() if isinstance(self.place, datetime) else self.place
        if self.order is not None:
            return _encode(json.dumps([*self.order, place, self.number, self.back]))
        return str(self.number) if place is None else _encode(f"{place}|{self.number}")


def read_cursor(text: str, kind: type[P], order: Order | None = None) -> Cursor[P] | None:
    """
    Return what a cursor says; None for an empty text.

    Args:
        text: What a caller sent.
        kind: Of the list's places.
        order: Of the list, if it has several.

    Raises:
        InvalidInputError: It is no cursor of ours, or one of another list.
    """
    if not text:
        return None
    try:
        cursor = _read(text, kind)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise _no_cursor() from None
    if cursor.order is not None and order is not None and cursor.order != order:
        raise InvalidInputError(
            Sentence("cursor: it is of a list in another order; begin at the first page.")
        )
    if cursor.order != order:
        raise _no_cursor()
    return cursor


def _read(text: str, kind: type[P]) -> Cursor[P]:
    """Return a cursor of some list; raises ValueError, TypeError or OverflowError for none."""
    number = whole_number(text)
    if number is not None:
        return Cursor(_place(None, kind), number)
    plain = _decode(text)
    if not plain.startswith("["):
        at, _, digits = plain.partition("|")
        return Cursor(_place(at, kind), int(digits))
    sort, descending, place, number, back = json.loads(plain)
    if not isinstance(sort, str) or {type(descending), type(back)} != {bool}:
        raise TypeError(plain)
    if type(number) is not int:
        raise TypeError(plain)
    return Cursor(_place(place, kind), number, (sort, descending), back)


def _place(value: object, kind: type[P]) -> P:
    if kind is datetime and isinstance(value, str):
        at = datetime.fromisoformat(value)
        value = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(value)
    return value


def _encode(plain: str) -> str:
    return urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _decode(text: str) -> str:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")


def _no_cursor() -> InvalidInputError:
    return InvalidInputError(Sentence("cursor: take it from next_cursor of the page before."))


def page_of(found: Sequence[T], limit: int, cursor_of: Callable[[T], Cursor[P]]) -> Page[T]:
    """Return a page of the first *limit* items found; one more shows that there is a rest."""
    items = tuple(found[:limit])
    return Page(items, str(cursor_of(items[-1])) if len(found) > limit else None)


def numbered_page(found: Sequence[T], number: int, *, size: int, last: int) -> Page[T]:
    """Return page *number* of at most *last*; one found beyond *size*: a rest."""
    items, has_next = tuple(found[:size]), len(found) > size and number < last
    before = number - 1 if items else 1
    return Page(
        items,
        next_cursor=str(number + 1) if has_next else None,
        previous_cursor=str(before) if number > 1 else None,
        number=number,
    )
