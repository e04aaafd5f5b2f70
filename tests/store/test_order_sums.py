"""The sums of orders are those of the orders, whoever changes one, and whatever was counted."""

from collections.abc import Callable
from threading import Event, Thread

import pytest

from bridge.domain.ids import OrderId, UserId
from bridge.services.books.correct_sums import correct_sums
from bridge.services.books.reconcile import reconcile
from bridge.services.orders.decide import (
    assign_order,
    dismiss_order,
    list_order_again,
    look_at_order,
)
from bridge.services.reports.view_status import view_status
from bridge.store.migrate import migrate
from tests.support.order_sums import order_sums_due, order_sums_kept
from tests.support.world import ALICE, World

CHANGES: dict[str, Callable[[World, int], object]] = {
    "granted": lambda world, order: None,
    "refunded": lambda world, order: world.shop.set_status(order, "refunded"),
    "deleted": lambda world, order: world.shop.delete(order),
    "unknown": lambda world, order: look_at_order(world.bridge.db, OrderId(99)),
    "known": lambda world, order: look_at_order(world.bridge.db, OrderId(order)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_happens_to_an_order_is_counted(
    world: World, change: Callable[[World, int], object]
) -> None:
    order = world.order()
    world.poll()

    change(world, order)
    assert order_sums_kept(world.site) == order_sums_due(world.site)
    world.look_at_all()

    assert order_sums_kept(world.site) == order_sums_due(world.site) != {}


def test_what_people_decide_is_counted(world: World) -> None:
    guests, odd = OrderId(world.order(0)), OrderId(world.order(999_999))
    world.poll()
    seen = []

    def look() -> None:
        assert order_sums_kept(world.site) == order_sums_due(world.site)
        orders = view_status(
            world.bridge.db, world.bridge.site.get(), shop_url="", poll_seconds=30
        ).orders
        seen.append((orders.seen, orders.granted, orders.unclaimed, orders.attention))

    look()
    dismiss_order(world.bridge.db, odd, "A test.", by="admin:1")
    look()
    list_order_again(world.bridge.db, odd)
    look()
    assign_order(world.bridge.db, guests, UserId(ALICE), by="admin:1")
    world.poll()
    look()

    assert seen == [(2, 0, 1, 1), (2, 0, 1, 0), (2, 0, 1, 1), (2, 1, 0, 1)]


def book_without_counting(world: World) -> None:
    """What a process of the version before does, as far as the sums are concerned."""
    kept = world.site.rows("SELECT * FROM wp_aipkit_bridge_order_sums")
    world.order()
    world.poll()
    world.site.run("DELETE FROM wp_aipkit_bridge_order_sums")
    for row in kept:
        columns = ", ".join(["%s"] * len(row))
        world.site.run(
            f"INSERT INTO wp_aipkit_bridge_order_sums VALUES ({columns})", [*row.values()]
        )
    assert order_sums_kept(world.site) != order_sums_due(world.site)


def test_what_was_booked_without_being_counted_is_found_by_reconcile(world: World) -> None:
    world.order()
    world.poll()
    book_without_counting(world)

    done, again = reconcile(world.bridge.db), reconcile(world.bridge.db)

    assert (done.sums > 0, done.findings, again.sums) == (True, 0, 0)
    assert order_sums_kept(world.site) == order_sums_due(world.site)


@pytest.mark.parametrize("kept", ["all", "none"])
def test_migrate_counts_what_was_there_before(world: World, kept: str) -> None:
    world.order()
    world.poll()
    if kept == "none":
        world.site.run("DROP TABLE wp_aipkit_bridge_order_sums")
        sql = "DELETE FROM wp_aipkit_bridge_migrations WHERE name = '0010_order_sums'"
        world.site.run(sql)

    migrate(world.bridge.db)
    migrate(world.bridge.db)

    assert order_sums_kept(world.site) == order_sums_due(world.site) != {}


def test_nothing_is_corrected_wrongly_while_orders_are_booked(world: World) -> None:
    over, corrected = Event(), []

    def correct() -> None:
        bridge = world.with_settings().bridge
        while not over.is_set():
            corrected.append(correct_sums(bridge.db))

    threads = [Thread(target=correct) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(15):
        world.order()
        world.order(0)
        world.poll()
    over.set()
    for thread in threads:
        thread.join()

    assert set(corrected) == {0}
    assert order_sums_kept(world.site) == order_sums_due(world.site)
