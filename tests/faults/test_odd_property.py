"""
Whatever is odd about a shop: healthy orders are granted, odd ones are listed, nothing doubled.

The bound: where *f* requests fail in passing, all healthy orders are granted after *f* + 2 polls
ten minutes apart. One poll is enough without: the others are for what a passing failure hit, which
is tried again by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from bridge.services.orders.poll_shop import read_health
from bridge.woo.errors import ShopError
from shop_stand_in.oddities import Oddities
from shop_stand_in.state import Fault, Line, RefundLine, SeenRequest
from tests.support.oracle import explore
from tests.support.world import ALICE, MUG, SMALL, World, asking

ONE_WORLD = HealthCheck.function_scoped_fixture
AUTUMN = datetime(2026, 10, 25, tzinfo=UTC)

BREAKS: list[Callable[[], Fault]] = [
    Fault.server_error, Fault.truncated, Fault.html, Fault.forbidden, Fault.empty,
]  # fmt: skip
REFUNDS = [*BREAKS, Fault.unauthorized, Fault.too_many]
PASSING: list[Callable[[], Fault]] = [*REFUNDS, lambda: Fault.server_error(502)]
SPOILS: list[Callable[[Any], object]] = [
    lambda o: o.update(total="14,31"),
    lambda o: o.update(status=None),
    lambda o: o.update(line_items=["x"]),
    lambda o: o["line_items"][0].update(id=None),
]
INSTEAD: list[Any] = [None, [], {}, "order"]


@dataclass(frozen=True)
class Odd:
    """One shop: its orders and what is wrong with them, by their places."""

    steps: list[int]  # seconds between an order and the one before
    refunded: set[int]
    mugs: set[int]
    poisoned: dict[int, int]
    instead: dict[int, int]
    spoiled: dict[int, int]
    unrefundable: dict[int, int]
    shape: Oddities
    zone: str
    shuffle: int
    passing: dict[int, int]  # by number of the request: how it fails

    @property
    def faulty(self) -> set[int]:
        """The places of orders that no poll can grant."""
        hidden = set(self.poisoned) | set(self.instead) | set(self.spoiled)
        return hidden | (set(self.unrefundable) & self.refunded - self.mugs)


places = st.integers(0, 13)
troubles = st.dictionaries(places, st.integers(0, 99), max_size=2)
shapes = st.builds(
    Oddities,
    largest_page=st.sampled_from([None, None, 1, 2, 7, 60]),
    as_posts=st.booleans(),
    before_json=st.sampled_from(["", "\ufeff", "\n\n"]),
    rekeyed=st.booleans(),
    floats=st.booleans(),
    no_totals=st.sampled_from([False, False, True]),
)
odd_shops = st.builds(
    Odd,
    steps=st.lists(st.sampled_from([0, 0, 1, 40, 1_500]), min_size=3, max_size=14),
    refunded=st.sets(places, max_size=3),
    mugs=st.sets(places, max_size=3),
    poisoned=troubles,
    instead=troubles,
    spoiled=troubles,
    unrefundable=troubles,
    shape=shapes,
    zone=st.sampled_from(["Europe/Berlin", "America/New_York"]),
    shuffle=st.sampled_from([0, 0, 7919, 31]),
    passing=st.dictionaries(st.integers(1, 40), st.integers(0, 99), max_size=3),
)


def start_anew(world: World) -> None:
    """Leave nothing of the example before."""
    world.shop.nonces.clear()
    world.shop.faults = []
    world.shop.odd = Oddities()
    for order in world.shop.every_order():
        world.shop.delete(order["id"])
    for table in ("orders", "order_lines", "order_sums", "cursors", "annotations"):
        world.site.run(f"DELETE FROM wp_aipkit_bridge_{table}")
    world.site.run("DELETE FROM wp_aipkit_bridge_state WHERE name LIKE 'shop_%'")


def place(world: World, odd: Odd) -> dict[int, int]:
    """Place all orders; return what each is due, by its id, odd ones too."""
    at, due = AUTUMN - timedelta(hours=1), {}
    world.shop.zone = ZoneInfo(odd.zone)
    for number, step in enumerate(odd.steps):
        at += timedelta(seconds=step)
        product = MUG if number in odd.mugs else SMALL
        order_id = world.order(ALICE, Line(product, quantity=2), at=at)
        due[order_id] = 0 if product == MUG else 20_000
        if number in odd.refunded:
            line = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
            world.shop.refund(order_id, lines=[RefundLine(line, quantity=1)], moves_date=False)
            due[order_id] //= 2
    return due


def make_odd(world: World, odd: Odd, ids: list[int]) -> Callable[[], None]:
    """Let everything be odd; return what makes the shop healthy again."""
    at = dict(enumerate(ids))

    def chosen(numbers: dict[int, int], among: list[Any]) -> dict[int, Any]:
        return {at[n]: among[kind % len(among)] for n, kind in numbers.items() if n in at}

    shape = replace(
        odd.shape,
        poisoned={one: fault() for one, fault in chosen(odd.poisoned, BREAKS).items()},
        in_place_of=chosen(odd.instead, INSTEAD),
        refunds={one: fault() for one, fault in chosen(odd.unrefundable, REFUNDS).items()},
    )
    bodies = {}
    for order_id, spoil in chosen(odd.spoiled, SPOILS).items():
        bodies[order_id] = world.shop.order(order_id)
        world.shop._change(order_id, spoil, moves_date=False)
    if shape.no_totals:
        # Then nobody can see that orders slip by behind a page that happens to be in order.
        shape = replace(shape, as_posts=False)
    elif odd.shuffle:
        shape.shuffled = {order_id: order_id * odd.shuffle % 1009 for order_id in ids}
    world.shop.odd = shape

    def heal() -> None:
        world.shop.odd = Oddities()
        world.shop.faults = []
        for body in bodies.values():
            assert body is not None
            world.shop.put_order(body)

    return heal


def poll_as_often_as_said(world: World, odd: Odd) -> None:
    first = world.shop.counts["all"]

    def fail_in_passing(seen: SeenRequest) -> Fault | None:
        kind = odd.passing.get(seen.number - first)
        return None if kind is None else PASSING[kind % len(PASSING)]()

    world.shop.faults = fail_in_passing
    for _ in range(len(odd.passing) + 2):
        try:
            world.poll()
        except ShopError:
            assert odd.passing, "nothing but a passing failure speaks for the whole shop"
        world.site.run(
            "UPDATE wp_aipkit_bridge_orders SET look_again_at = look_again_at - INTERVAL 10 MINUTE"
        )


def assert_nothing_doubled(world: World, due: dict[int, int]) -> None:
    rows = [row for row in world.site.ledger() if row["context_id"] in due]
    assert len({row["idempotency_key"] for row in rows}) == len(rows)
    booked = sum(row["credits_delta"] for row in rows)
    assert booked == sum(world.site.booked(order_id) for order_id in due)
    world.site.assert_balanced()


@explore(10, ONE_WORLD)
@given(odd_shops)
@example(
    Odd(
        [0] * 12,
        set(),
        set(),
        {3: 0, 4: 1},
        {5: 0},
        {},
        {},
        Oddities(largest_page=7),
        "UTC",
        0,
        {},
    )
)
@example(  # the failure comes when the lost order was found, and is asked for alone
    Odd([0] * 8, {1}, set(), {5: 2}, {}, {}, {}, Oddities(largest_page=2), "UTC", 0, {27: 0})
)
@example(  # a hole on a page that is as long as the others
    Odd([0] * 12, {2}, set(), {}, {3: 1}, {}, {}, Oddities(largest_page=7), "UTC", 0, {})
)
@example(  # the failure hits a healthy order when it is asked for alone
    Odd([0] * 5, set(), set(), {3: 0}, {}, {}, {}, Oddities(), "UTC", 0, {7: 0, 8: 0, 9: 0})
)
def test_property_healthy_orders_are_granted_and_odd_ones_are_listed(
    world: World, odd: Odd
) -> None:
    start_anew(world)
    due = place(world, odd)
    ids = list(due)
    heal = make_odd(world, odd, ids)

    poll_as_often_as_said(world, odd)

    faulty = {order_id for number, order_id in enumerate(ids) if number in odd.faulty}
    healthy = {order_id: credits for order_id, credits in due.items() if order_id not in faulty}
    assert {order_id: world.site.booked(order_id) for order_id in healthy} == healthy
    assert asking(world) == faulty
    assert_nothing_doubled(world, due)

    heal()
    for _ in range(5):  # an hour each: so much is tried again with larger pages
        world.site.run(
            "UPDATE wp_aipkit_bridge_state SET value = JSON_SET(value, '$.try_more_at',"
            " '2026-01-01T00:00:00+00:00') WHERE name = 'shop_habits'"
        )
        world.look_at_all()

    assert {order_id: world.site.booked(order_id) for order_id in due} == due
    assert asking(world) == set()
    with world.bridge.db.reading() as tx:
        assert read_health(tx).fault == ""
    kept = world.site.value(
        "SELECT CONCAT(JSON_VALUE(value, '$.per_page'), ' ', JSON_LENGTH(value, '$.left_out'))"
        " FROM wp_aipkit_bridge_state WHERE name = 'shop_habits'"
    )
    assert kept in (None, "100 0")
    assert_nothing_doubled(world, due)
