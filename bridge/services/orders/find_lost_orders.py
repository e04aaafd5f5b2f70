"""
Which orders the shop could not send, though it counts them.

Counting loads no order, so it works where every page with the order dies. Between the ids of its
neighbours, the ids of the lost order are halved until one is left.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from bridge.domain.ids import OrderId
from bridge.services.orders.list_pages import OrderPages, Window
from bridge.woo.errors import ShopError

_AT_ONCE = 200
"""Ids in one question: more do not fit into an address line everywhere."""
_REACH = 20_000
"""How many ids below the next known one are searched; posts and refunds count, too."""
_HEADROOM = 200
_MOST_PROBES = 20


@dataclass(frozen=True, slots=True)
class Gap:
    """A place in a list by ids where orders were lost: between two that came."""

    above: OrderId | None = None  # the id before it; None: it is the first
    below: OrderId | None = None  # the id after it; None: it is the last

    @property
    def name(self) -> list[int]:
        """The name under which a gap is remembered."""
        return [self.above or 0, self.below or 0]


class LostOrders:
    """Finds the ids of orders that a window lists and cannot send."""

    def __init__(self, pages: OrderPages, window: Window) -> None:
        """Search nothing yet."""
        self._pages = pages
        self._window = replace(window, by_id=False)

    def find(
        self, gaps: Sequence[Gap], *, came: Collection[OrderId], wanted: int
    ) -> list[OrderId]:
        """
        Return the lost orders in these gaps, as far as they can be found.

        A shop that lists in another order than that of ids has its lost orders elsewhere, so
        where a gap is empty, all is searched. Where that finds nothing it is not done again.

        Args:
            gaps: Where they are.
            came: The orders of the window that could be read: none of them is lost.
            wanted: How many are lost.
        """
        habits = self._pages.habits
        other = {*came, *self._pages.known_lost}
        newest = max(came, default=0)
        found: list[OrderId] = []
        for gap in dict.fromkeys(gaps):
            left = wanted - len(found)
            if left <= 0 or gap.name in habits.barren:
                continue
            in_gap = self._find_between(gap, newest, other, left)
            in_gap = in_gap or self._find_between(Gap(), newest, {*other, *found}, left)
            if not in_gap:
                habits.barren = [*habits.barren, gap.name][-_MOST_PROBES:]
            found += in_gap
        return found

    def _find_between(
        self, gap: Gap, newest: int, other: Collection[OrderId], wanted: int
    ) -> list[OrderId]:
        top = gap.below or max(self._newest(), newest) + _HEADROOM
        bottom = max(gap.above or 0, top - _REACH)
        found: list[OrderId] = []
        for end in range(top, bottom + 1, -_AT_ONCE):
            ids = map(OrderId, range(max(bottom + 1, end - _AT_ONCE), end))
            found += self._find_among([i for i in ids if i not in other])
            if len(found) >= wanted:
                break
        return found

    def _find_among(self, ids: Sequence[OrderId]) -> Iterator[OrderId]:
        if not ids or not self._lists_any(ids):
            return
        if len(ids) == 1:
            yield ids[0]
            return
        middle = len(ids) // 2
        yield from self._find_among(ids[middle:])
        yield from self._find_among(ids[:middle])

    def _lists_any(self, ids: Sequence[OrderId]) -> bool:
        """Say whether the shop lists one of these; none of them could be read."""
        window = replace(self._window, include=tuple(ids))
        total = self._pages.count(window)
        if total is not None:
            return total > 0
        try:
            answer = self._pages.fetch(window, 1, 1)
        except ShopError as error:
            self._pages.raise_if_shop_fails(error, window)
            return True
        return answer.lost > 0

    def _newest(self) -> int:
        """Return the highest id that the shop can send; lost orders above it do not count."""
        window = Window(after=None, by_id=True, newest_first=True)
        for page in range(1, _MOST_PROBES + 1):
            try:
                answer = self._pages.fetch(window, page, 1)
            except ShopError as error:
                self._pages.raise_if_shop_fails(error, window)
                continue
            if answer.items:
                return answer.ids[0]
            if answer.is_last:
                break
        return 0
