"""Lists of settings on screens: narrowed by a text, a page at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bridge.web.http.parsing import clean_text, page_number

T = TypeVar("T")

_PAGE_SIZE = 50
_MAX_SEARCH = 200


@dataclass(frozen=True, slots=True)
class ListPart(Generic[T]):
    """The items of a page, and which page of how many."""

    items: Sequence[T]
    total: int
    search: str
    number: int
    last: int


def part_of(
    items: Sequence[T], args: Mapping[str, str], text_of: Callable[[T], str]
) -> ListPart[T]:
    """Return the page that `search` and `page` ask for; a number too high is the last one."""
    search = clean_text(args.get("search"), _MAX_SEARCH)
    words = search.casefold().split()
    found = [item for item in items if all(word in text_of(item).casefold() for word in words)]
    last = max(1, -(-len(found) // _PAGE_SIZE))
    number = page_number(args.get("page"), last) or 1
    start = (number - 1) * _PAGE_SIZE
    return ListPart(found[start : start + _PAGE_SIZE], len(found), search, number, last)
