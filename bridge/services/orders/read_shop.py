"""
Reading the shop's orders by key: no order is missed, whatever moves while it is read.

An order that is saved while we read jumps to the end, and all behind it shift left: page 2 of
an offset would skip one. So it is always page 1 of a moving start. Only where a whole page
shares one second do we page, and then until two passes agree: rows can leave what was read but
not enter it, so equal passes show that none slipped through.

This needs a shop that lists in the order of changes, and that can make the pages. What does not
is read by `read_carefully`, for as long as it does not.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from datetime import datetime

from bridge.services.orders.list_pages import Habits, OrderLister, OrderPages, PageAnswer, Window
from bridge.services.orders.pages_read import SECOND, FetchedPage, modified_or_none
from bridge.services.orders.read_carefully import CarefulReader
from bridge.woo.errors import ShopError, ShopFault

__all__ = ["SECOND", "FetchedPage", "OrderLister", "StreamReader"]

_MAX_PASSES = 6


class _OutOfOrderError(Exception):
    """Orders came out of order; read from *start* to *end* carefully (None: to the last)."""

    def __init__(self, start: datetime, end: datetime | None = None) -> None:
        super().__init__()
        self.start = start
        self.end = end


class StreamReader:
    """Reads one stream (`any` or `trash`) from an instant to its end."""

    def __init__(
        self,
        shop: OrderLister,
        status: str,
        next_number: Callable[[], int],
        until: datetime,
        habits: Habits | None = None,
    ) -> None:
        """Read what changed up to *until*; later changes are for the next poll."""
        self._pages = OrderPages(shop, status, next_number, habits or Habits())
        self._careful = CarefulReader(self._pages, until)
        self._until = until
        self._expected: tuple[datetime, int] | None = None

    def pages(self, after: datetime) -> Iterator[FetchedPage]:
        """Yield pages of orders modified after an instant; some orders come more than once."""
        last = yield from self._read(after)
        if last is not None and last > after:
            yield from self._read_what_slipped_by(after, last)

    def _read(self, after: datetime) -> Generator[FetchedPage, None, datetime | None]:
        """Read on; return where the last page begins, None if its end was not reached."""
        last, start = after, after
        while start <= self._until:
            last = start
            try:
                go_on = yield from self._step(start)
            except _OutOfOrderError as odd:
                self._expected = None
                go_on = yield from self._careful.read(odd.start, odd.end)
            if go_on is None:
                return last
            start = go_on
        return None

    def _read_what_slipped_by(self, after: datetime, last: datetime) -> Iterator[FetchedPage]:
        """
        Compare how many orders there are with how many came; read all carefully if some did not.

        While one slips by in a list out of order another may change, and make up for it in the
        totals of pages. It does not here, where each order that came is one, however often. What
        changes while they are counted is on the last page, so that is read again.
        """
        try:
            there = self._pages.count(Window(after=after))
        except ShopError:
            return  # all was read; if the shop fails, the next poll says so
        if there is None:
            return
        yield from self._read(last)
        came = len(self._pages.came) + self._pages.hidden
        if there <= came or not self._pages.knows_all_that_came:
            return
        start: datetime | None = after
        while start is not None and start <= self._until:
            start = yield from self._careful.read(start)

    def _step(self, start: datetime) -> Generator[FetchedPage, None, datetime | None]:
        """Read one page, or all of a crowded second; return where to go on, None at the end."""
        answer = self._ask(start, 1)
        self._check_that_none_is_missing(start, answer)
        first = _page(answer)
        yield first
        if first.is_last:
            return None
        if first.newest is None or first.newest <= start + SECOND:
            return (yield from self._page_through(start, first))
        self._expected = _expected(start, answer, first.newest - SECOND)
        return first.newest - SECOND

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
                before, page = page, _page(self._ask(start, number))
                yield replace(page, reached=start)
                if page.items and page.items == before.items:
                    raise ShopError(ShopFault.REFUSED, "the same orders on every page")
                found |= _seen_on(page)
            if found == previous:
                yield replace(page, items=[])  # now all that was read is sure
                beyond = page.newest - SECOND if page.newest is not None else second
                return None if page.is_last else max(second, beyond)
            previous = found
            first = _page(self._ask(start, 1))
            yield replace(first, reached=start)
        return second  # rows keep leaving; the overlap of the next poll has the rest

    def _ask(self, after: datetime, number: int) -> PageAnswer:
        """
        Ask for one page.

        Raises:
            _OutOfOrderError: It did not come, or not in order, or with a hole in it.
            ShopError: The shop is at fault.
        """
        window = Window(after=after)
        try:
            answer = self._pages.fetch(window, number, self._pages.habits.per_page)
        except ShopError as error:
            self._pages.raise_if_shop_fails(error, window)
            raise _OutOfOrderError(after) from error
        instants = _instants(answer)
        in_order = instants == sorted(instants) and not (instants and instants[0] < after)
        is_all = number == 1 and answer.is_last  # then the order matters not
        if answer.lost or not (in_order or is_all):
            raise _OutOfOrderError(after)
        return answer

    def _check_that_none_is_missing(self, start: datetime, answer: PageAnswer) -> None:
        """
        Compare how many orders there are after *start* with how many there should be.

        Where the shop sorts by another clock than it filters by, orders from before *start* can
        come later than all that the last page had. Fewer are left then than it should be.
        """
        if self._expected is None or answer.total is None:
            return
        before, owed = self._expected
        if answer.total < owed:
            raise _OutOfOrderError(before, start + SECOND)


def _page(answer: PageAnswer) -> FetchedPage:
    newest = max(_instants(answer), default=None)
    return FetchedPage(answer.items, answer.fetch_number, newest, answer.is_last, newest)


def _expected(
    start: datetime, answer: PageAnswer, next_start: datetime
) -> tuple[datetime, int] | None:
    """Return how many orders must be left after *next_start*, not counting hidden ones."""
    if answer.total is None:
        return None
    later = sum(instant > next_start for instant in _instants(answer))
    return start, answer.total - answer.rows + later


def _instants(answer: PageAnswer) -> list[datetime]:
    found = (modified_or_none(item) for item in answer.items)
    return [instant for instant in found if instant is not None]


def _seen_on(page: FetchedPage) -> set[tuple[object, datetime | None]]:
    return {(item.get("id"), modified_or_none(item)) for item in page.items}
