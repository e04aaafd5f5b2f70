"""`GET orders`: order, pages, windows of time, and who is missing from which list."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from woocommerce import API
from woocommerce.oauth import OAuth

from shop_stand_in.answers import field_tree, picked
from shop_stand_in.shop import RunningShop, serve_shop
from shop_stand_in.state import Key, Line, OrderQuery, ShopState

from .support import Clock, client, ids

ASCENDING = {"orderby": "modified", "order": "asc", "status": "any"}
NOON = "2026-12-01T12:00:00"


@pytest.fixture
def state(empty: ShopState, clock: Clock) -> ShopState:
    """Orders 13 to 22, two a second from noon on, customers 1 and 2 in turn."""
    for number in range(10):
        empty.add_order(1 + number % 2, [Line(12)], status="completed")
        clock.pass_s(number % 2)
    return empty


def test_orders_of_one_second_are_sorted_by_id_in_both_directions(woo: API) -> None:
    assert ids(woo.get("orders", params=ASCENDING)) == list(range(13, 23))
    assert ids(woo.get("orders", params=ASCENDING | {"order": "desc"})) == list(range(22, 12, -1))


def test_the_newest_orders_come_first_unless_asked(state: ShopState, woo: API) -> None:
    state.touch(13)

    assert ids(woo.get("orders", params={"per_page": 3})) == [22, 21, 20]


def test_a_saved_order_jumps_to_the_end_and_the_next_page_misses_one(
    state: ShopState, woo: API
) -> None:
    """Why the bridge never reads page 2 of a moving list."""
    first = ids(woo.get("orders", params=ASCENDING | {"per_page": 5}))
    state.touch(13)
    second = ids(woo.get("orders", params=ASCENDING | {"per_page": 5, "page": 2}))

    assert first == [13, 14, 15, 16, 17]
    assert second == [19, 20, 21, 22, 13], "18 is on neither page"


def poll(woo: API, overlap_s: int) -> set[int]:
    """Read page 1 behind a moving cursor until nothing new comes; five orders a page."""
    seen: set[int] = set()
    cursor = datetime.fromisoformat(NOON) - timedelta(hours=1)
    while True:
        after = (cursor - timedelta(seconds=overlap_s)).isoformat()
        asked = {"per_page": 5, "modified_after": after, "dates_are_gmt": "true"}
        page = woo.get("orders", params=ASCENDING | asked).json()
        new = {order["id"] for order in page} - seen
        if not new:
            return seen
        seen |= new
        cursor = datetime.fromisoformat(page[-1]["date_modified_gmt"])


def test_a_keyset_poll_with_overlap_sees_every_order_while_they_move(
    state: ShopState, woo: API
) -> None:
    state.on_request(lambda seen: state.touch(13 + seen.number) if seen.number < 4 else None)

    assert poll(woo, overlap_s=1) == set(range(13, 23))


def test_a_keyset_poll_without_overlap_loses_the_rest_of_a_second(woo: API) -> None:
    assert poll(woo, overlap_s=0) == set(range(13, 23)) - {18}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"modified_after": "2026-12-01T12:00:03"}, [21, 22]),
        ({"modified_after": "2026-12-01T12:00:02.9"}, [19, 20, 21, 22]),
        ({"modified_before": "2026-12-01T12:00:01"}, [13, 14]),
        ({"after": NOON, "before": "2026-12-01T12:00:02"}, [15, 16]),
        ({"modified_after": NOON, "modified_before": "2026-12-01T12:00:02"}, [15, 16]),
        ({"include": "20,13,99"}, [13, 20]),
        ({"include": "20,13", "orderby": "include"}, [20, 13]),
        ({"exclude": "13,14,15,16,17,18"}, [19, 20, 21, 22]),
        ({"customer": 2, "modified_after": "2026-12-01T12:00:02"}, [20, 22]),
        ({"orderby": "id", "per_page": 2, "page": 2}, [15, 16]),
        ({"orderby": "id", "offset": 9}, [22]),
        ({"page": 7}, []),
        ({"status": "processing"}, []),
    ],
)
def test_filters(asked: dict[str, Any], expected: list[int], woo: API) -> None:
    assert ids(woo.get("orders", params=ASCENDING | {"dates_are_gmt": "true"} | asked)) == expected


def test_totals_count_all_pages(woo: API) -> None:
    got = woo.get("orders", params={"per_page": 4, "page": 9})

    assert (got.json(), got.headers["X-WP-Total"], got.headers["X-WP-TotalPages"]) == (
        [],
        "10",
        "3",
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"per_page": 0}, "per_page must be between 1 (inclusive) and 100 (inclusive)"),
        ({"per_page": "ten"}, "per_page is not of type integer."),
        ({"page": 0}, "page must be greater than or equal to 1"),
        ({"order": "up"}, "order is not one of asc and desc."),
        ({"modified_after": "yesterday"}, "Invalid date."),
        ({"modified_after": "2026-13-01T00:00:00"}, "Invalid date."),
        ({"dates_are_gmt": "maybe"}, "dates_are_gmt is not of type boolean."),
        ({"include": "1,x"}, "include[1] is not of type integer."),
    ],
)
def test_bad_parameters_are_refused(asked: dict[str, Any], message: str, woo: API) -> None:
    got = woo.get("orders", params=asked)

    assert got.status_code == 400
    assert got.json()["code"] == "rest_invalid_param"
    assert got.json()["data"]["params"] == {next(iter(asked)): message}


def test_an_unknown_status_is_refused(woo: API) -> None:
    got = woo.get("orders", params={"status": "completed,wc-completed"})

    assert got.json()["data"]["params"]["status"].startswith("status[1] is not one of any, trash,")


# The traps


def test_a_z_moves_the_bound_by_the_zone_and_skips_orders_east_of_greenwich(woo: API) -> None:
    asked = ASCENDING | {"dates_are_gmt": "true"}

    assert ids(woo.get("orders", params=asked | {"modified_after": "2026-12-01T11:00:00Z"})) == []
    assert ids(woo.get("orders", params=asked | {"modified_after": "2026-12-01T08:59:59Z"})) == [
        *range(13, 23)
    ]


def test_west_of_greenwich_a_z_only_reads_more(clock: Clock) -> None:
    state = ShopState(clock, zone="America/New_York")
    state.add_order(1, status="completed")
    with serve_shop(state) as running:
        asked = {"modified_after": "2026-12-01T16:00:00Z", "dates_are_gmt": "true"}
        assert ids(client(running).get("orders", params=asked)) == [1]


@pytest.mark.parametrize("bound", ["2026-12-01T15:00:03", "2026-12-01T12:00:03Z"])
def test_without_dates_are_gmt_the_sites_local_time_is_compared(bound: str, woo: API) -> None:
    assert ids(woo.get("orders", params=ASCENDING | {"modified_after": bound})) == [21, 22]


def test_any_leaves_the_trash_out_and_include_does_not_bring_it_back(
    state: ShopState, woo: API
) -> None:
    state.trash(15)

    assert 15 not in ids(woo.get("orders", params=ASCENDING))
    assert ids(woo.get("orders", params={"include": 15})) == []
    assert ids(woo.get("orders", params={"status": "trash"})) == [15]
    assert ids(woo.get("orders", params={"status": "trash,completed", "include": "14,15"})) == [
        15,
        14,
    ]
    assert woo.get("orders/15").json()["status"] == "trash"


def test_an_unreadable_order_makes_a_page_short_that_is_not_the_last(
    state: ShopState, woo: API
) -> None:
    state.unreadable.add(14)
    got = woo.get("orders", params=ASCENDING | {"per_page": 5})

    assert ids(got) == [13, 15, 16, 17]
    assert got.headers["X-WP-Total"] == "10"
    assert woo.get("orders/14").status_code == 403


def test_a_deleted_order_is_in_no_list(state: ShopState, woo: API) -> None:
    state.delete(14)

    assert woo.get("orders/14").status_code == 404
    assert 14 not in ids(woo.get("orders", params=ASCENDING | {"status": "any,trash"}))


def test_status_can_be_an_array_as_php_writes_it(state: ShopState, running: RunningShop) -> None:
    state.set_status(13, "cancelled")
    state.set_status(14, "failed")
    url = f"{running.url}/wp-json/wc/v3/orders?status[0]=cancelled&status[1]=failed"
    signed = OAuth(url, Key().consumer_key, Key().consumer_secret, version="wc/v3")

    assert ids(requests.get(signed.get_oauth_url(), timeout=5)) == [14, 13]


# `_fields`


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["id", "billing.email"], {"id": 1, "billing": {"email": "a"}}),
        (["billing", "billing.email"], {"billing": {"email": "a", "city": "b"}}),
        (["line_items.id"], {"line_items": []}),
        (["line_items", "nothing"], {"line_items": [{"id": 2}]}),
    ],
)
def test_fields_reach_into_objects_but_empty_lists(fields: list[str], expected: Any) -> None:
    order = {"id": 1, "billing": {"email": "a", "city": "b"}, "line_items": [{"id": 2}]}

    assert picked(order, field_tree(fields)) == expected


def test_fields_leave_links_out_unless_named(woo: API) -> None:
    assert woo.get("orders/13", params={"_fields": "id,status"}).json() == {
        "id": 13,
        "status": "completed",
    }
    assert set(woo.get("orders/13", params={"_fields": "id,_links"}).json()) == {"id", "_links"}


# Size


def test_a_page_of_twenty_thousand_orders_is_quick(clock: Clock) -> None:
    state = ShopState(clock)
    state.add_product(12, "Pack", credits=10_000)
    start = clock.now - timedelta(days=100)
    for number in range(20_000):
        at = start + timedelta(seconds=number * 7)
        state.add_order(1 + number % 50, [Line(12)], status="completed", at=at)
    after = "2026-08-24T00:00:00"
    query = OrderQuery(orderby="modified", descending=False, per_page=100, modified=(after, None))

    def seconds() -> float:
        began = time.perf_counter()
        state.find(query)
        return time.perf_counter() - began

    page, total = state.find(query)
    assert (len(page), total) == (100, 13_828)
    assert sorted(seconds() for _ in range(9))[4] < 0.005
