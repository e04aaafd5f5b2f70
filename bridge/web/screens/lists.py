"""Lists of settings on screens: narrowed by a text, a page at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bridge.domain.paging import Page, numbered_page
from bridge.web.http.parsing import clean_text, page_number

T = TypeVar("T")

_PAGE_SIZE = 50
_MAX_SEARCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedPage(Page[T]):
    """A page of what a search has found, which page of how many."""

    total: int
    search: str
    last: int


def part_of(
    items: Sequence[T], args: Mapping[str, str], text_of: Callable[[T], str]
) -> SearchedPage[T]:
    """Return the page that `search` and `page` ask for; a number too high is the last one."""
    search = clean_text(args.get("search"), _MAX_SEARCH)
    words = search.casefold().split()
    found = [item for item in items if all(word in text_of(item).casefold() for word in words)]
    last = max(1, -(-len(found) // _PAGE_SIZE))
    number = page_number(args.get("page"), last) or 1
    rest = found[(number - 1) * _PAGE_SIZE :]
    page = numbered_page(rest, number, size=_PAGE_SIZE, last=last)
    return SearchedPage(
        page.items,
        page.next_cursor,
        page.previous_cursor,
        number,
        total=len(found),
        search=search,
        last=last,
    )
