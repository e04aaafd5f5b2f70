"""
Pages of the shop's orders, as large as the shop can make them.

A shop that runs out of memory or time at 100 orders gets smaller pages; what works is remembered,
and more is tried an hour later. Orders that the shop cannot put on any page are left out of what
is asked for, and fetched by themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from bridge.domain.ids import OrderId
from bridge.woo.client import PAGE_SIZE, ListOptions, Page
from bridge.woo.errors import ShopError, UnreadableOrderError
from bridge.woo.parse import order_id_of

SIZES = (PAGE_SIZE, 50, 25, 5, 1)
"""Each divides the one before: smaller pages fill a larger one exactly."""

_BEYOND_ALL = 10_000_000
"""A page past the end: WooCommerce answers an empty list, and loads no order for it."""

_MOST_REMEMBERED = 100_000
"""Ids of orders that came, some 8 MB."""

TRY_MORE_AFTER = timedelta(hours=1)
MOST_LEFT_OUT = 200
"""As many ids as an address line can carry; beyond, the oldest are asked for again."""


class OrderLister(Protocol):
    """The part of the shop that lists orders."""

    def list_orders(
        self,
        *,
        status: str,
        modified_after: datetime | None,
        page: int,
        fetch_number: int,
        options: ListOptions = ...,
    ) -> Page:
        """Return one page, oldest change first; strictly after the instant."""


@dataclass
class Habits:
    """What a shop has shown that it can do."""

    per_page: int = PAGE_SIZE
    try_more_at: datetime | None = None
    left_out: list[OrderId] = field(default_factory=list)
    barren: list[list[int]] = field(default_factory=list)  # where no lost order was found

    def shrink(self, size: int, now: datetime) -> None:
        """Ask for no more than *size* at once for an hour."""
        self.per_page, self.try_more_at = size, now + TRY_MORE_AFTER

    def grow(self, now: datetime) -> None:
        """Try the next larger page, if it is time."""
        if self.try_more_at is not None and now >= self.try_more_at:
            self.per_page = SIZES[max(0, SIZES.index(self.per_page) - 1)]
            self.try_more_at = None if self.per_page == PAGE_SIZE else now + TRY_MORE_AFTER

    def leave_out(self, order_id: OrderId) -> None:
        """Ask for no page with this order any more."""
        if order_id not in self.left_out:
            self.left_out = [*self.left_out, order_id][-MOST_LEFT_OUT:]

    def let_in(self, order_id: OrderId) -> None:
        """Ask for it again: the shop can send it."""
        self.left_out = [one for one in self.left_out if one != order_id]


def smaller(size: int) -> int:
    """Return the next smaller page."""
    return SIZES[SIZES.index(size) + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which orders are asked for, strictly between two instants; None is an open end."""

    after: datetime | None
    before: datetime | None = None
    by_id: bool = False
    newest_first: bool = False
    include: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """One page, and the number that was taken before it was asked for."""

    items: list[Any]  # those with an id
    fetch_number: int
    total: int | None
    is_last: bool
    lost: int  # rows that came as something without an id
    rows: int = 0  # how many it should have, hidden ones among them

    @property
    def ids(self) -> list[OrderId]:
        """The ids of the orders on the page."""
        return [order_id_of(item) for item in self.items]


class OrderPages:
    """Asks for pages of one stream (`any` or `trash`)."""

    def __init__(
        self, shop: OrderLister, status: str, next_number: Callable[[], int], habits: Habits
    ) -> None:
        """Ask for nothing yet."""
        self._shop = shop
        self._status = status
        self.next_number = next_number
        self.habits = habits
        self.came: set[OrderId] = set()
        """The orders of all pages, but no more than some of them once there are very many."""
        self.hidden = 0
        """Rows of which no order came; the same again if its page was asked for again."""
        self._passed_by: list[OrderId] = []

    def fetch(self, window: Window, page: int, size: int) -> PageAnswer:
        """
        Ask for one page.

        Raises:
            ShopError: It did not come; `raise_if_shop_fails` says whether the shop is at fault.
        """
        number = self.next_number()
        options = self._options(window, size)
        # What is usual is not said: so a lister that knows nothing else will do.
        more = {} if options == ListOptions() else {"options": options}
        answer = self._shop.list_orders(
            status=self._status,
            modified_after=window.after,
            page=page,
            fetch_number=number,
            **more,
        )
        readable = [item for item in answer.items if _has_id(item)]
        # A page may be short, or empty, without being the last: orders that the key's user may
        # not see are dropped after the limit. Only the header says for sure.
        pages = answer.total_pages
        is_last = not answer.items if pages is None else page >= pages
        rows = _rows(answer, page, size)
        lost = min(len(answer.items) - len(readable), max(0, rows - len(readable)))
        told = PageAnswer(readable, number, answer.total, is_last, lost, rows)
        self._note(told)
        return told

    def count(self, window: Window) -> int | None:
        """
        Count a window's orders without loading any; None where a proxy strips the header.

        Raises:
            ShopError: The list itself is out of order, not an order on it.
        """
        return self.fetch(window, _BEYOND_ALL, 1).total

    @property
    def knows_all_that_came(self) -> bool:
        """Whether `came` has every order that came."""
        return len(self.came) < _MOST_REMEMBERED

    def leave_out(self, order_id: OrderId) -> None:
        """Ask for no page with this order, even if it should come by itself meanwhile."""
        self._passed_by.append(order_id)
        self.habits.leave_out(order_id)

    def raise_if_shop_fails(self, error: ShopError, window: Window) -> None:
        """Raise *error* if the shop is at fault, and not an order or the size of a page."""
        if not error.may_be_of_one_order:
            raise error
        try:
            self.count(window)
        except ShopError:
            raise error from None

    @property
    def known_lost(self) -> list[OrderId]:
        """The orders that are left out of what is asked for."""
        return list(dict.fromkeys([*self.habits.left_out, *self._passed_by]))

    def _note(self, answer: PageAnswer) -> None:
        self.hidden += max(0, answer.rows - len(answer.items))
        if self.knows_all_that_came:
            self.came.update(answer.ids)

    def _options(self, window: Window, size: int) -> ListOptions:
        return ListOptions(
            per_page=size,
            modified_before=window.before,
            by_id=window.by_id,
            newest_first=window.newest_first,
            include=window.include,
            exclude=() if window.include else tuple(self.known_lost),
        )


def _rows(answer: Page, page: int, size: int) -> int:
    """Return how many orders a page is made of, hidden ones among them."""
    if answer.total is None or not answer.total_pages:
        return size
    # Some hosts give fewer at once than they are asked for.
    size = min(size, max(len(answer.items), -(-answer.total // answer.total_pages)))
    return max(0, min(size, answer.total - (page - 1) * size))


def _has_id(item: object) -> bool:
    try:
        order_id_of(item)
    except UnreadableOrderError:
        return False
    return True
