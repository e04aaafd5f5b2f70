"""
Reading a span of time whatever order its orders come in, and whatever breaks on the way.

WooCommerce with orders as posts sorts by local time, which goes back every autumn, while it
filters by GMT. So a span is read whole, in the order of ids, and until two passes agree: rows can
leave it but not enter it, so equal passes show that none slipped through. A page that the shop
cannot make is asked for in parts, down to single orders; one that still breaks is passed by.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bridge.domain.ids import OrderId
from bridge.services.orders.find_lost_orders import Gap, LostOrders
from bridge.services.orders.list_pages import OrderPages, PageAnswer, Window, smaller
from bridge.services.orders.pages_read import SECOND, FetchedPage, modified_or_none
from bridge.woo.client import PAGE_SIZE
from bridge.woo.errors import ShopError, ShopFault

_MAX_PASSES = 6
_MOST_AT_ONCE = 1_000
"""The most orders in a span: with more, a failure in the middle would waste too much."""
_FEW = 250
_FIRST_SPAN = timedelta(days=1)
_SHORTEST_SPAN = 2 * SECOND


@dataclass
class _PassResult:
    """What one pass over a span has seen."""

    seen: set[tuple[OrderId, datetime | None]] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    errors: list[ShopError] = field(default_factory=list)
    newest: datetime | None = None
    last_id: OrderId | None = None
    in_gap: bool = False

    def add(self, answer: PageAnswer) -> None:
        """Note the orders of a page."""
        for order_id, item in zip(answer.ids, answer.items, strict=True):
            if self.in_gap:
                self.gaps[-1] = replace(self.gaps[-1], below=order_id)
                self.in_gap = False
            instant = modified_or_none(item)
            self.seen.add((order_id, instant))
            self.last_id = order_id
            self.newest = max(filter(None, (self.newest, instant)), default=None)

    def lose_one(self, error: ShopError) -> None:
        """Note that an order did not come."""
        self.errors.append(error)
        if not self.in_gap:
            self.gaps.append(Gap(self.last_id, None))
        self.in_gap = True


class CarefulReader:
    """Reads spans of one stream."""

    def __init__(self, pages: OrderPages, until: datetime) -> None:
        """Read nothing yet."""
        self._pages = pages
        self._until = until
        self._span = _FIRST_SPAN
        self._before: set[tuple[OrderId, datetime | None]] = set()  # in the span read last

    def read(
        self, start: datetime, end: datetime | None = None
    ) -> Generator[FetchedPage, None, datetime | None]:
        """Yield what changed after *start*; return where to go on, None at the end."""
        window = self._bounded(start) if end is None else _span(start, end)
        previous, done = None, _PassResult()
        for _ in range(_MAX_PASSES):
            done = _PassResult()
            yield from self._pass(window, done)
            if (found := self._found(window, done)) is not None:
                yield found
                continue
            if previous == (done.seen, len(done.errors)):
                break
            previous = (done.seen, len(done.errors))
        self._refuse_repeats(window, done)
        if len(done.seen) < _FEW:
            self._span *= 2  # quiet years are crossed in a few steps
        reached = done.newest if window.before is None else window.before - SECOND
        yield FetchedPage([], 0, done.newest, is_last=window.before is None, reached=reached)
        return None if window.before is None else window.before - SECOND

    def _bounded(self, start: datetime) -> Window:
        """Choose a span of few enough orders that one failure does not throw much away."""
        left = self._pages.count(_span(start, None))
        if left is not None and left <= _MOST_AT_ONCE:
            return _span(start, None)
        while True:
            end = start + self._span
            window = _span(start, end if end <= self._until else None)
            total = None if left is None else self._pages.count(window)
            if total is None or total <= _MOST_AT_ONCE or self._span <= _SHORTEST_SPAN:
                return window
            self._span = max(_SHORTEST_SPAN, self._span // (2 * SECOND) * SECOND)

    def _pass(self, window: Window, done: _PassResult) -> Iterator[FetchedPage]:
        page, size = 1, self._pages.habits.per_page
        last: list[object] = []
        while True:
            is_last, items = False, []
            for answer in self._block(window, page, size, done):
                done.add(answer)
                items += answer.items
                is_last = answer.is_last
                yield FetchedPage(answer.items, answer.fetch_number, None, answer.is_last, None)
            if is_last:
                return
            if items and items == last:
                raise ShopError(ShopFault.REFUSED, "the same orders on every page")
            last = items
            page, size = page * size // self._pages.habits.per_page, self._pages.habits.per_page
            page += 1

    def _block(
        self, window: Window, page: int, size: int, done: _PassResult
    ) -> Iterator[PageAnswer]:
        """Yield a page, or the parts of it that the shop can make."""
        try:
            answer = self._pages.fetch(window, page, size)
        except ShopError as error:
            self._pages.raise_if_shop_fails(error, window)
            trouble = error
        else:
            if not answer.lost:
                yield answer
                return
            trouble = ShopError(ShopFault.NOT_JSON, "JSON without an order where one belongs")
        if size == 1:
            done.lose_one(trouble)
            total = self._pages.count(window)
            ends = total is not None and page >= total
            yield PageAnswer([], 0, total, ends, 0)
            return
        yield from self._parts(window, page, size, done)

    def _parts(
        self, window: Window, page: int, size: int, done: _PassResult
    ) -> Iterator[PageAnswer]:
        lost = len(done.errors)
        yield from self._all_parts(window, page, size, done)
        if len(done.errors) == lost:  # no order is at fault: there were too many at once
            habits = self._pages.habits
            habits.shrink(min(smaller(size), habits.per_page), self._until)

    def _all_parts(
        self, window: Window, page: int, size: int, done: _PassResult
    ) -> Iterator[PageAnswer]:
        part = smaller(size)
        first = (page - 1) * size // part + 1
        for number in range(first, first + size // part):
            for answer in self._block(window, number, part, done):
                yield answer
                if answer.is_last:
                    return

    def _found(self, window: Window, done: _PassResult) -> FetchedPage | None:
        """Find out which orders were lost, and ask without them from now on."""
        if not done.gaps:
            return None
        came = {order_id for order_id, _ in done.seen}
        finder = LostOrders(self._pages, window)
        lost = finder.find(done.gaps, came=came, wanted=len(done.errors))
        if not lost:
            return None
        for order_id in lost:
            self._pages.leave_out(order_id)
        number = self._pages.next_number()
        return FetchedPage([], number, None, is_last=False, reached=None, lost=tuple(lost))

    def _refuse_repeats(self, window: Window, done: _PassResult) -> None:
        """Refuse a shop that ignores the ends of a span: two spans have no order in common."""
        start = window.after
        old = sum(bool(start and instant and instant < start) for _, instant in done.seen)
        ignored = len(done.seen) > PAGE_SIZE and old > len(done.seen) // 2
        repeated = bool(done.seen) and done.seen == self._before and window.before is not None
        if repeated or ignored:
            raise ShopError(ShopFault.REFUSED, "the same orders whatever time is asked for")
        self._before = done.seen


def _span(start: datetime, end: datetime | None) -> Window:
    return Window(after=start, before=end, by_id=True)
