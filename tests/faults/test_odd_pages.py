"""Pages that die, orders that break them, lists out of order: all other orders are granted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.services.orders.poll_shop import poll_shop, read_health
from bridge.store import state
from bridge.store.order_sums import count_orders
from bridge.woo.client import Shop
from shop_stand_in.state import Fault, Line, SeenRequest
from tests.support.site import CONSUMER_KEY, CONSUMER_SECRET
from tests.support.world import ALICE, MUG, World

BREAKS: dict[str, Callable[[], Fault]] = {
    "500": Fault.server_error,
    "half a json": Fault.truncated,
    "html": Fault.html,
    "a firewall's 403": Fault.forbidden,
    "nothing": Fault.empty,
    "cut": Fault.cut,
    "never": lambda: Fault.hang(2.0),
}
LOST: tuple[object, ...] = (None, [], {}, "order", 7)


def attention(world: World) -> dict[int, str]:
    rows = world.site.rows(
        "SELECT order_id, reason_code FROM wp_aipkit_bridge_orders WHERE state = 'attention'"
    )
    return {row["order_id"]: row["reason_code"] for row in rows}


def granted(world: World, ids: list[int]) -> list[int]:
    return [order_id for order_id in ids if world.site.booked(order_id) == 10_000]


def poll(world: World) -> None:
    shop = Shop(world.running.url, CONSUMER_KEY, CONSUMER_SECRET, timeout=(1.0, 0.2))
    poll_shop(world.bridge.import_context(), shop)
    shop.close()


def pages_asked(world: World) -> list[int]:
    """Return how many orders each request for a list asked for."""
    seen: list[SeenRequest] = [r for r in world.shop.requests if r.path == "orders"]
    return [int(one.params["per_page"]) for one in seen if "include" not in one.params]


@pytest.mark.parametrize("name", BREAKS)
def test_an_order_that_breaks_every_page_is_listed_and_holds_up_no_other(
    world: World, name: str
) -> None:
    ids = [world.order() for _ in range(7)]
    poisoned = ids.pop(3)
    world.shop.odd.poisoned[poisoned] = BREAKS[name]()

    poll(world)

    assert granted(world, ids) == ids
    assert attention(world) == {poisoned: "unreadable"}
    with world.bridge.db.reading() as tx:
        assert read_health(tx).fault == ""

    world.shop.odd.poisoned.clear()
    world.look_at_all()

    assert world.site.booked(poisoned) == 10_000
    assert attention(world) == {}


@pytest.mark.parametrize("place", [0, 50, 99, 129])
def test_wherever_it_stands_among_many(world: World, place: int) -> None:
    ids = [world.order() for _ in range(130)]
    poisoned = ids.pop(place)
    world.shop.odd.poisoned[poisoned] = Fault.server_error()

    world.poll()

    assert granted(world, ids) == ids
    assert attention(world) == {poisoned: "unreadable"}


def test_several_of_them_side_by_side_and_far_apart(world: World) -> None:
    ids = [world.order() for _ in range(60)]
    poisoned = [ids[0], ids[1], ids[20], ids[21], ids[22], ids[59]]
    world.shop.odd.poisoned |= dict.fromkeys(poisoned, Fault.server_error())
    good = [i for i in ids if i not in poisoned]

    world.poll()

    assert granted(world, good) == good
    assert attention(world) == dict.fromkeys(poisoned, "unreadable")


def test_one_alone_in_a_quiet_shop_is_found_too(world: World) -> None:
    old = [world.order(at=datetime(2026, 2, day, tzinfo=UTC)) for day in range(1, 9)]
    world.poll()
    poisoned = world.order()
    world.shop.odd.poisoned[poisoned] = Fault.server_error()

    world.poll()

    assert attention(world) == {poisoned: "unreadable"}
    later = world.order()
    world.poll()
    assert granted(world, [*old, later]) == [*old, later]


def test_an_old_order_that_is_touched_and_breaks_is_found_among_quiet_ones(world: World) -> None:
    old = [world.order(at=datetime(2026, 2, day, tzinfo=UTC)) for day in range(1, 9)]
    world.poll()
    world.shop.touch(old[2])
    world.shop.odd.poisoned[old[2]] = Fault.server_error()

    world.poll()

    world.site.assert_order(old[2], state="attention", reason_code="unreadable", booked=10_000)


def test_once_known_it_costs_no_further_requests(world: World) -> None:
    ids = [world.order() for _ in range(30)]
    world.shop.odd.poisoned[ids[7]] = Fault.server_error()
    world.poll()
    asked = world.shop.counts["all"]

    world.poll()

    assert world.shop.counts["all"] - asked == 2, "one for each list"


def test_a_shop_without_totals_is_read_around_it(world: World) -> None:
    ids = [world.order() for _ in range(30)]
    poisoned = ids.pop(7)
    world.shop.odd.poisoned[poisoned] = Fault.server_error()

    world.shop.odd.no_totals = True

    world.poll()

    assert granted(world, ids) == ids
    assert attention(world) == {poisoned: "unreadable"}


@pytest.mark.parametrize("largest", [1, 3, 7, 30, 50, 99])
def test_a_shop_that_cannot_make_large_pages_gets_smaller_ones(world: World, largest: int) -> None:
    ids = [world.order() for _ in range(12)] + [world.order(ALICE, Line(MUG)) for _ in range(8)]
    world.shop.odd.largest_page = largest

    world.poll()

    assert granted(world, ids[:12]) == ids[:12]
    assert attention(world) == {}
    world.shop.requests.clear()
    world.poll()
    assert max(pages_asked(world)) <= largest, "what works is remembered"


def test_larger_pages_are_tried_again_after_an_hour(world: World) -> None:
    for _ in range(3):
        world.order()
    world.shop.odd.largest_page = 25
    world.poll()
    world.shop.odd.largest_page = None

    sizes = []
    for _ in range(3):
        world.site.run(
            "UPDATE wp_aipkit_bridge_state SET value = JSON_SET(value, '$.try_more_at',"
            " '2026-01-01T00:00:00+00:00') WHERE name = 'shop_habits'"
        )
        world.shop.requests.clear()
        world.poll()
        sizes.append(max(pages_asked(world)))

    assert sizes == [50, 100, 100]


def test_a_shop_that_is_wholly_down_is_not_asked_in_small_pieces(world: World) -> None:
    from bridge.woo.errors import ShopError

    world.order()
    world.shop.faults = lambda _: Fault.server_error()

    with pytest.raises(ShopError):
        world.poll()

    assert world.shop.counts["all"] == 2


@pytest.mark.parametrize("instead", LOST, ids=repr)
def test_what_comes_in_the_place_of_an_order_is_that_orders_trouble(
    world: World, instead: object
) -> None:
    ids = [world.order() for _ in range(5)]
    lost = ids.pop(2)
    world.shop.odd.in_place_of[lost] = instead

    world.poll()

    assert granted(world, ids) == ids
    assert attention(world) == {lost: "unreadable"}
    world.shop.odd.in_place_of.clear()
    world.look_at_all()
    assert world.site.booked(lost) == 10_000


# The order of the list

BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN = datetime(2026, 10, 25, tzinfo=UTC)
"""The clocks of Berlin go back at 01:00 UTC of that day."""


def through_the_night(world: World, every: timedelta, until_h: int = 4) -> list[int]:
    at, ids = AUTUMN - timedelta(hours=2), []
    while at < AUTUMN + timedelta(hours=until_h):
        ids.append(world.order(at=at))
        at += every
    return ids


@pytest.mark.parametrize("minutes", [2, 3, 7])
def test_orders_as_posts_over_the_autumn_night(world: World, minutes: int) -> None:
    world.shop.zone = BERLIN
    world.shop.odd.as_posts = True
    ids = through_the_night(world, timedelta(minutes=minutes))

    world.poll()

    assert granted(world, ids) == ids
    assert attention(world) == {}


def test_the_hour_that_comes_twice_does_not_hide_behind_a_full_page_in_order(
    world: World,
) -> None:
    """Nothing before 02:30 in summer time, 110 orders from 02:00 in winter time."""
    world.shop.zone = BERLIN
    world.shop.odd.as_posts = True
    winter = AUTUMN + timedelta(hours=1)
    ids = [world.order(at=winter + timedelta(seconds=10 * n)) for n in range(110)]
    summer = AUTUMN + timedelta(minutes=30)
    ids += [world.order(at=summer + timedelta(seconds=n)) for n in range(20)]

    world.poll()

    assert granted(world, ids) == ids


@pytest.mark.parametrize("zones", [("Asia/Tokyo", "America/New_York"), ("UTC", "Pacific/Apia")])
def test_a_change_of_the_sites_zone(world: World, zones: tuple[str, str]) -> None:
    world.shop.odd.as_posts = True
    start, ids = datetime(2026, 3, 1, tzinfo=UTC), []
    for part, zone in enumerate(zones):
        world.shop.zone = ZoneInfo(zone)
        first = start + timedelta(hours=10 * part)
        ids += [world.order(at=first + timedelta(minutes=8 * n)) for n in range(75)]

    world.poll()

    assert granted(world, ids) == ids


@pytest.mark.parametrize("seed", [1, 2])
def test_a_list_in_no_order_at_all(world: World, seed: int) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    ids = [world.order(at=start + timedelta(minutes=n)) for n in range(130)]
    world.shop.odd.shuffled = {order_id: (order_id * 7919 * seed) % 1009 for order_id in ids}

    world.poll()

    assert granted(world, ids) == ids


def test_an_order_dated_before_the_cursor_is_applied(world: World) -> None:
    world.order()
    world.poll()
    late = world.order()
    order = world.shop.order(late)
    assert order is not None
    order["date_modified_gmt"] = "2026-02-01T00:00:00"

    world.poll()

    assert world.site.booked(late) == 10_000


def test_the_cursor_goes_on_after_a_night_in_disorder(world: World) -> None:
    world.shop.zone = BERLIN
    world.shop.odd.as_posts = True
    through_the_night(world, timedelta(minutes=2))
    world.poll()

    with world.bridge.db.reading() as tx:
        cursor = state.get_cursor(tx, "orders")
        counts = count_orders(tx)
    assert cursor is not None
    assert cursor >= AUTUMN + timedelta(hours=3, minutes=50)
    assert counts.attention == 0


def test_a_night_in_disorder_costs_few_requests_more(world: World) -> None:
    world.shop.zone = BERLIN
    world.shop.odd.as_posts = True
    through_the_night(world, timedelta(minutes=3))

    world.poll()

    assert world.shop.counts["all"] <= 12


def test_orders_that_share_ids_with_nothing_near_are_found(world: World) -> None:
    """As on sites where posts, products and refunds use up most numbers."""
    ids = []
    for _ in range(5):
        ids.append(world.order())
        world.shop.skip_ids(ids[-1] + 3_000)
    poisoned = ids.pop(2)
    world.shop.odd.poisoned[poisoned] = Fault.server_error()

    world.poll()

    assert granted(world, ids) == ids
    assert attention(world) == {poisoned: "unreadable"}
