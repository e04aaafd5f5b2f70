"""
Reading the shop's orders by key: no order is missed, whatever moves while it is read.

An order that is saved while we read jumps to the end, and all behind it shift left: page 2 of
an offset would skip one. So it is always page 1 of a moving start. Only where a whole page
shares one second do we page, and then until two passes agree: rows can leave what was read but
not enter it, so equal passes show that none slipped through.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from bridge.woo.client import Page
from bridge.woo.errors import ShopError, ShopFault, UnreadableOrderError
from bridge.woo.parse import modified_at

SECOND = timedelta(seconds=1)
_MAX_PASSES = 6

Json = dict[str, Any]


class OrderLister(Protocol):
    """The part of the shop that lists orders."""

    def list_orders(
        self, *, status: str, modified_after: datetime, page: int, fetch_number: int
    ) -> Page:
        """Return one page, oldest change first; strictly after the instant."""


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """Orders of one request, and the number that was taken before it."""

    items: list[Json]
    fetch_number: int
    newest: datetime | None  # the latest modification on it; None if nothing on it can be read
    is_last: bool
    reached: datetime | None  # up to here nothing can have been missed: the cursor may move


class StreamReader:
    """Reads one stream (`any` or `trash`) from an instant to its end."""

    def __init__(
        self, shop: OrderLister, status: str, next_number: Callable[[], int], until: datetime
    ) -> None:
        """Read what changed up to *until*; later changes are for the next poll."""
        self._shop = shop
        self._status = status
        self._next_number = next_number
        self._until = until

    def pages(self, after: datetime) -> Iterator[FetchedPage]:
        """Yield pages of orders modified after an instant; some orders come more than once."""
        start: datetime | None = after
        while start is not None and start <= self._until:
            first = self._fetch(start, 1)
            yield first
            if first.is_last:
                return
            if first.newest is not None and first.newest > start + SECOND:
                start = first.newest - SECOND
            else:
                start = yield from self._page_through(start, first)

    def _page_through(
        self, start: datetime, first: FetchedPage
    ) -> Generator[FetchedPage, None, datetime | None]:
        """Page on until something lies beyond; return where to go on, None at the end."""
        second, previous = start + SECOND, None
        for _ in range(_MAX_PASSES):
            page, number = first, 1
            found = _seen_on(page)
            while not page.is_last and (page.newest is None or page.newest <= second):
                number += 1
                before, page = page, self._fetch(start, number)
                yield replace(page, reached=start)
                if page.items and page.items == before.items:
                    raise ShopError(ShopFault.REFUSED, "the same orders on every page")
                found |= _seen_on(page)
            if found == previous:
                yield replace(page, items=[])  # now all that was read is sure
                beyond = page.newest - SECOND if page.newest is not None else second
                return None if page.is_last else max(second, beyond)
            previous = found
            first = self._fetch(start, 1)
            yield replace(first, reached=start)
        return second  # rows keep leaving; the overlap of the next poll has the rest

    def _fetch(self, after: datetime, number: int) -> FetchedPage:
        fetch_number = self._next_number()
        page = self._shop.list_orders(
            status=self._status, modified_after=after, page=number, fetch_number=fetch_number
        )
        instants = [instant for item in page.items if (instant := _modified(item)) is not None]
        if instants != sorted(instants):
            raise ShopError(ShopFault.REFUSED, "orders that do not come in order of their change")
        if instants and instants[0] < after:
            raise ShopError(ShopFault.REFUSED, "orders from before modified_after")
        # A page may be short, or empty, without being the last: orders that the key's user may
        # not see are dropped after the limit. Only the header says for sure.
        is_last = not page.items if page.total_pages is None else number >= page.total_pages
        newest = max(instants, default=None)
        return FetchedPage(page.items, fetch_number, newest, is_last, reached=newest)


def _modified(item: Json) -> datetime | None:
    try:
        return modified_at(item)
    except UnreadableOrderError:
        return None


def _seen_on(page: FetchedPage) -> set[tuple[object, datetime | None]]:
    return {(item.get("id"), _modified(item)) for item in page.items}
