"""Reading the shop's orders: none is missed, whatever moves meanwhile, and reading ends."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from math import ceil
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.services.orders.read_shop import FetchedPage, StreamReader
from bridge.woo.client import ListOptions, Page
from bridge.woo.errors import ShopError
from tests.support.oracle import explore

USUAL = ListOptions()
EPOCH = datetime(2026, 11, 22, 11, 0, 0, tzinfo=UTC)


def at(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)


class FakeShop:
    """
    Orders and the second each was last changed, listed as WooCommerce lists them.

    Strictly after an instant, by (second, id), so many a page; of these an order that the key's
    user may not see is dropped only then.
    """

    def __init__(
        self,
        seconds: Mapping[int, int],
        *,
        page_size: int = 100,
        hidden: Iterable[int] = (),
        headers: bool = True,
        meanwhile: Callable[["FakeShop", int], object] = lambda shop, number: None,
        most_requests: int = 500,
    ) -> None:
        self.seconds = dict(seconds)
        self.requests: list[tuple[datetime, int]] = []
        self._page_size = page_size
        self.hidden = frozenset(hidden)
        self._headers = headers
        self._meanwhile = meanwhile
        self._most_requests = most_requests

    @property
    def visible(self) -> set[int]:
        return set(self.seconds) - self.hidden

    def list_orders(
        self,
        *,
        status: str,
        modified_after: datetime | None,
        page: int,
        fetch_number: int,
        options: ListOptions = USUAL,
    ) -> Page:
        assert modified_after is not None
        assert modified_after.tzinfo is not None
        assert page >= 1
        self.requests.append((modified_after, page))
        assert len(self.requests) <= self._most_requests, "reading does not end"
        self._meanwhile(self, len(self.requests))
        before = options.modified_before or at(10**9)
        listed = [(s, i) for i, s in self.seconds.items() if modified_after < at(s) < before]
        listed.sort(key=lambda one: one[1] if options.by_id else self.place(*one))
        size = min(self._page_size, options.per_page)
        shown = listed[(page - 1) * size : page * size]
        items: list[dict[str, Any]] = [
            {"id": i, "date_modified_gmt": at(s).replace(tzinfo=None).isoformat()}
            for s, i in shown
            if i not in self.hidden
        ]
        return (
            Page(items, ceil(len(listed) / size), len(listed))
            if self._headers
            else Page(items, None)
        )

    def place(self, second: int, order_id: int) -> Any:
        """Return where an order is listed: by its second, then by its id."""
        return second, order_id


def read_pages(shop: FakeShop, after: int, until: int = 10**6) -> list[FetchedPage]:
    numbers = count(1)
    reader = StreamReader(shop, "any", lambda: next(numbers), at(until))
    return list(reader.pages(at(after)))


def ids_in(pages: Iterable[FetchedPage]) -> set[int]:
    return {item["id"] for page in pages for item in page.items}


def read(shop: FakeShop, after: int = -1, until: int = 10**6) -> set[int]:
    return ids_in(read_pages(shop, after, until))


def one_a_second(number: int) -> dict[int, int]:
    return {i: i for i in range(1, number + 1)}


# A shop that stands still


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 250, 1_000])
@pytest.mark.parametrize("headers", [True, False])
def test_all_orders_are_read(number: int, headers: bool) -> None:
    shop = FakeShop(one_a_second(number), headers=headers)

    assert read(shop) == shop.visible
    assert len(shop.requests) <= 2 * ceil(number / 99) + 4


@pytest.mark.parametrize("headers", [True, False])
@pytest.mark.parametrize("number", [99, 100, 101, 200, 300, 301])
def test_many_orders_that_share_one_second_are_read(number: int, headers: bool) -> None:
    crowd = {i: 50 for i in range(1_000, 1_000 + number)}
    shop = FakeShop({**one_a_second(120), **crowd}, headers=headers)

    assert read(shop) == shop.visible
    assert len(shop.requests) <= 24


@pytest.mark.parametrize("headers", [True, False])
def test_crowded_seconds_in_a_row_are_read(headers: bool) -> None:
    shop = FakeShop({i: i // 150 for i in range(1, 900)}, headers=headers)

    assert read(shop) == shop.visible


def test_what_changed_before_is_not_read_again() -> None:
    shop = FakeShop(one_a_second(300))

    assert read(shop, after=250) == set(range(251, 301))


def test_what_changed_at_the_instant_itself_was_read_before() -> None:
    assert read(FakeShop({1: 5, 2: 6}), after=5) == {2}


def test_reading_stops_behind_its_end() -> None:
    shop = FakeShop(one_a_second(1_000))

    got = read(shop, until=150)

    assert set(range(1, 151)) <= got
    assert len(got) <= 300, "what is later is for the next poll"


def test_an_order_from_the_future_does_not_keep_it_reading() -> None:
    shop = FakeShop({1: 1, 2: 10**8})

    assert read(shop, until=10) == {1, 2}
    assert len(shop.requests) <= 4


def test_each_page_comes_with_the_number_taken_before_it() -> None:
    log: list[str] = []
    shop = FakeShop(one_a_second(150), meanwhile=lambda _, n: log.append(f"request {n}"))
    numbers = count(7)

    def next_number() -> int:
        log.append("number")
        return next(numbers)

    pages = list(StreamReader(shop, "any", next_number, at(10**6)).pages(at(0)))

    assert [page.fetch_number for page in pages] == [7, 8, 10], "the third request counts"
    assert log == [x for n in range(1, 5) for x in ("number", f"request {n}")]


def test_the_newest_of_a_page_is_told_for_the_cursor() -> None:
    pages = read_pages(FakeShop(one_a_second(150)), after=0)

    assert (pages[0].newest, pages[0].reached) == (at(100), at(100))
    assert max(page.newest for page in pages if page.newest) == at(150)
    assert read_pages(FakeShop({}), after=0)[0].newest is None


@pytest.mark.parametrize("headers", [True, False])
def test_at_the_end_the_cursor_has_reached_the_last_order(headers: bool) -> None:
    for seconds in (one_a_second(250), {i: 50 for i in range(1, 301)}):
        pages = read_pages(FakeShop(seconds, headers=headers), after=0)

        reached = [page.reached for page in pages if page.reached]
        assert max(reached) == at(max(seconds.values()))


def test_reading_thousands_takes_a_request_for_each_hundred() -> None:
    shop = FakeShop(one_a_second(6_000))

    assert read(shop) == shop.visible
    assert len(shop.requests) == 61 + 2, "and two that tell whether one has slipped by"


# Pages that lack orders


def test_a_short_page_is_not_the_last() -> None:
    shop = FakeShop(one_a_second(250), hidden=range(2, 100))

    assert read(shop) == shop.visible


def test_an_empty_page_is_not_the_last() -> None:
    shop = FakeShop(one_a_second(250), hidden=range(1, 101))

    assert read(shop) == shop.visible


def test_an_empty_page_in_the_middle_is_not_the_last() -> None:
    shop = FakeShop({i: 50 for i in range(1, 400)}, hidden=range(101, 201))

    assert read(shop) == shop.visible


def test_behind_an_empty_page_it_does_not_go_on_second_by_second() -> None:
    """A quiet hour, then a hundred orders that the key may not see, then some that it may."""
    later = {i: 3_600 + i for i in range(1, 301)}
    shop = FakeShop(later, hidden=range(1, 101), most_requests=50)

    assert read(shop) == shop.visible


def test_an_order_that_cannot_be_read_is_yielded_and_stops_nothing() -> None:
    class Garbled(FakeShop):
        def list_orders(self, **asked: Any) -> Page:
            answer = super().list_orders(**asked)
            for item in answer.items:
                if item["id"] in (3, 100):
                    item["date_modified_gmt"] = None
            return answer

    shop = Garbled({**one_a_second(150), 3: 3})

    assert read(shop) == shop.visible


# A shop whose orders move while it is read


def touch_all_read(shop: FakeShop, number: int) -> None:
    """The worst case of an offset: what was on the first page jumps to the end."""
    if number == 2:
        for i in range(1, 101):
            shop.seconds[i] = 500


def test_what_jumps_to_the_end_lets_nothing_slip_through() -> None:
    shop = FakeShop(one_a_second(300), meanwhile=touch_all_read)

    assert read(shop) == shop.visible


def test_what_leaves_a_crowded_second_lets_nothing_slip_through() -> None:
    shop = FakeShop({i: 50 for i in range(1, 301)}, meanwhile=touch_all_read)

    assert read(shop) == shop.visible


def test_a_shop_where_something_changes_all_the_time_is_still_read_to_an_end() -> None:
    def busy(shop: FakeShop, number: int) -> None:
        shop.seconds[number % 300 + 1] = 400 + number

    shop = FakeShop(one_a_second(300), meanwhile=busy)

    read(shop, until=400)

    assert len(shop.requests) < 30


Touches = Mapping[int, list[tuple[int, int]]]
"""By number of the request before whose answer they happen: order, and seconds gone by."""

touches: st.SearchStrategy[Touches] = st.dictionaries(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2)), min_size=1, max_size=2),
    max_size=4,
)
crowded_seconds = st.lists(st.integers(0, 4), min_size=1, max_size=12)


def shop_with_touches(
    seconds: list[int],
    moves: Touches,
    hidden: Iterable[int],
    *,
    headers: bool,
    earliest: int,
) -> FakeShop:
    """Orders 1.. in pages of 3; the clock starts at 4, the newest second there may be."""
    now = [4]

    def meanwhile(shop: FakeShop, number: int) -> None:
        for order_id, gone_by in moves.get(number, ()):
            now[0] += max(earliest, gone_by)
            if order_id in shop.seconds:
                shop.seconds[order_id] = now[0]

    hidden = set(hidden)
    if not headers:
        # Without the header an empty page cannot be told from the end: none is quite empty.
        hidden = set(sorted(hidden)[:2])
    return FakeShop(
        dict(enumerate(seconds, start=1)),
        page_size=3,
        hidden=hidden,
        headers=headers,
        meanwhile=meanwhile,
        most_requests=400,
    )


@explore(200)
@given(crowded_seconds, touches, st.sets(st.integers(1, 12), max_size=5), st.booleans())
@example([4, 4, 4, 4, 4, 4, 4], {2: [(1, 1)], 4: [(2, 1)]}, set(), True)
def test_property_every_order_is_read_at_least_once_whatever_moves(
    seconds: list[int], moves: Touches, hidden: set[int], headers: bool
) -> None:
    """Each touch comes in a later second than all before, and reading goes on to the end."""
    shop = shop_with_touches(seconds, moves, hidden, headers=headers, earliest=1)

    assert read(shop) >= shop.visible


@explore(200)
@given(crowded_seconds, touches, st.sets(st.integers(1, 12), max_size=5), st.booleans())
def test_property_wherever_reading_breaks_off_the_cursor_has_passed_nothing_unread(
    seconds: list[int], moves: Touches, hidden: set[int], headers: bool
) -> None:
    shop = shop_with_touches(seconds, moves, hidden, headers=headers, earliest=1)
    reader = StreamReader(shop, "any", count(1).__next__, at(10**6))
    got: set[int] = set()
    cursor = at(-1)

    for page in reader.pages(cursor):
        got |= ids_in([page])
        cursor = max(cursor, page.reached or cursor)
        passed = {i for i in shop.visible if at(shop.seconds[i]) < cursor}
        assert passed <= got


@explore(200)
@given(crowded_seconds, touches, st.sets(st.integers(1, 12), max_size=5), st.booleans())
def test_property_what_moved_since_the_start_is_read_now_or_by_the_next_poll(
    seconds: list[int], moves: Touches, hidden: set[int], headers: bool
) -> None:
    """As polls do: up to the instant it started, and the next one from well before that."""
    shop = shop_with_touches(seconds, moves, hidden, headers=headers, earliest=0)
    untouched = shop.visible - {i for some in moves.values() for i, _ in some}

    first = read(shop, until=4)
    second = read(FakeShop(shop.seconds, page_size=3, hidden=shop.hidden))

    assert first >= untouched, "what stood still was read at once"
    assert first | second >= shop.visible
    late = {i for i in shop.visible - first if shop.seconds[i] < 4}
    assert late == set(), "what was missed carries a date that the next poll asks for"


# Lists in another order than that of changes


class Disordered(FakeShop):
    """Sorts by a clock that went back an hour at second 3,600, as WooCommerce does in autumn."""

    def place(self, second: int, order_id: int) -> Any:
        return second if second < 3_600 else second - 3_600, order_id


@pytest.mark.parametrize("headers", [True, False])
@pytest.mark.parametrize("step", [10, 25, 36, 120])
def test_an_hour_that_comes_twice_is_read_whole(step: int, headers: bool) -> None:
    shop = Disordered({i: i * step for i in range(1, 9_000 // step)}, headers=headers)

    assert read(shop, until=9_000) == shop.visible


@explore(100)
@example([0, 0, 1, 3600], {2: [(1, 0)]})  # one slips by, another makes up for it in the total
@given(st.lists(st.integers(0, 7_000), min_size=1, max_size=60), touches)
def test_property_whatever_the_order_of_the_list_every_order_is_read(
    seconds: list[int], moves: Touches
) -> None:
    """The totals tell: without them it could not be seen that an order has slipped by."""

    def meanwhile(shop: FakeShop, number: int) -> None:
        for order_id, gone_by in moves.get(number, ()):
            if order_id in shop.seconds:
                shop.seconds[order_id] = 8_000 + number + gone_by

    orders = dict(enumerate(seconds, start=1))
    shop = Disordered(orders, page_size=3, meanwhile=meanwhile)

    assert read(shop) >= shop.visible


def test_a_shop_that_ignores_the_page_is_no_endless_loop() -> None:
    class Stubborn(FakeShop):
        def list_orders(self, **asked: Any) -> Page:
            return super().list_orders(**{**asked, "page": 1})

    shop = Stubborn(dict.fromkeys(range(1, 301), 5), headers=False)

    with pytest.raises(ShopError, match="same orders"):
        read(shop)


def test_a_shop_that_ignores_modified_after_is_told_so() -> None:
    class Old(FakeShop):
        def list_orders(self, **asked: Any) -> Page:
            asked["options"] = replace(asked.get("options", ListOptions()), modified_before=None)
            return super().list_orders(**{**asked, "modified_after": at(-10)})

    with pytest.raises(ShopError, match=r"WooCommerce 5\.8"):
        read(Old(one_a_second(150)))
