"""One order that cannot be dealt with is listed, and no other waits for it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.domain.verdicts import Verdict, judge_order
from bridge.services.books.settle_differences import settle_differences
from bridge.services.orders.decide import look_at_order
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.services.orders.import_orders import import_orders
from bridge.services.orders.poll_shop import look_again
from shop_stand_in.state import Line
from tests.support.world import ALICE, BOB, SMALL, World

Spoil = Callable[[dict[str, Any]], object]

POISONS: dict[str, Spoil] = {
    "half a character in a line's name": lambda o: o["line_items"][0].update(name="\ud800"),
    "half a character in the number": lambda o: o.update(number="\udfff"),
    "a date at the end of time": lambda o: o.update(date_completed_gmt="9999-12-31T23:59:59"),
    "a total of a hundred million decimals": lambda o: o.update(total="1E-99999999"),
    "a quantity beyond all numbers": lambda o: o["line_items"][0].update(quantity=10**40),
    "a line that is no object": lambda o: o.update(line_items=["x"]),
    "a null id of a line": lambda o: o["line_items"][0].update(id=None),
    "no status": lambda o: o.update(status=None),
    "a product that is a text": lambda o: o["line_items"][0].update(product_id="12x"),
}


@pytest.mark.parametrize("name", POISONS)
def test_a_poisoned_order_stops_nothing_else(world: World, name: str) -> None:
    poisoned, good = world.order(), world.order(BOB)
    order = world.shop.order(poisoned)
    assert order is not None
    POISONS[name](order)

    world.poll()
    world.look_at_all()

    assert world.site.booked(good) == 10_000
    world.site.assert_balanced()


def test_a_defect_of_ours_with_one_order_stops_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = world.order(), world.order(BOB)

    def defective(order: Any, *rest: Any) -> Verdict:
        if order.order_id == bad:
            raise ZeroDivisionError
        return judge_order(order, *rest)

    monkeypatch.setattr("bridge.services.orders.judge.judge_order", defective)
    world.poll()

    world.site.assert_order(bad, state="attention", reason_code="defect")
    assert world.site.booked(good) == 10_000


def test_a_refund_that_the_shop_hides_holds_the_order_back(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    world.shop.refund(order_id, "5.00")
    order = world.shop.order(order_id)
    assert order is not None
    order["refunds"].append({"id": 999_999, "reason": "", "total": "-5.00"})

    world.poll()

    world.site.assert_order(order_id, state="attention", reason_code="unreadable", booked=0)


def test_a_granted_line_whose_quantity_becomes_a_fraction_keeps_its_credits(world: World) -> None:
    order_id = world.order()
    world.poll()
    world.shop.order(order_id)["line_items"][0]["quantity"] = 1.5  # type: ignore[index]  # it exists
    world.shop.touch(order_id)

    world.poll()

    world.site.assert_order(order_id, reason_code="bad_quantity", booked=10_000)


def test_orders_that_come_in_the_wrong_order_are_read_all_the_same(world: World) -> None:
    ids = [world.order(at=datetime(2026, 3, day, tzinfo=UTC)) for day in range(1, 4)]
    find = world.shop.find

    def newest_first(query: Any) -> Any:
        bodies, total = find(query)
        return bodies[::-1], total

    world.shop.find = newest_first  # type: ignore[method-assign]  # a plugin of the shop

    world.poll()

    assert {world.site.booked(order_id) for order_id in ids} == {10_000}


def test_a_change_of_the_rules_reaches_orders_seen_before(world: World) -> None:
    order_id = world.order(status="processing")
    world.poll()
    assert world.site.booked(order_id) == 0

    generous = world.with_settings(grants={"statuses": ["processing", "completed"]})
    generous.poll()

    assert world.site.booked(order_id) == 10_000


def test_a_hint_that_comes_while_an_older_fetch_is_applied_is_not_lost(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    number = next_fetch_number(world.bridge.db)
    item = world.bridge.shop.get_order(order_id, fetch_number=number)  # type: ignore[arg-type]  # an int
    line = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
    world.shop.edit_line(order_id, line, quantity=1)  # moves no date
    look_at_order(world.bridge.db, order_id)  # type: ignore[arg-type]  # an int

    import_orders(world.bridge.import_context(), [item], fetch_number=number)
    assert world.site.booked(order_id) == 20_000
    look_again(world.bridge.import_context(), world.bridge.shop)

    assert world.site.booked(order_id) == 10_000


def test_a_debt_is_paid_from_what_others_credit_too(world: World) -> None:
    world = world.with_settings(grants={"allow_negative": True})
    order_id = world.order()
    world.poll()
    world.site.set_balance(ALICE, 0)
    world.shop.set_status(order_id, "cancelled")
    world.poll()
    assert world.site.value("SELECT debt FROM wp_aipkit_bridge_accounts") == 10_000

    world.site.set_balance(ALICE, 4_000)
    settle_differences(world.bridge.db)

    assert world.site.balance(ALICE) == 0
    assert world.site.value("SELECT debt FROM wp_aipkit_bridge_accounts") == 6_000
    world.site.assert_balanced()


def test_a_deleted_users_balance_is_not_made_again(world: World) -> None:
    world.order()
    world.poll()
    world.site.run("DELETE FROM wp_users WHERE ID = %s", (ALICE,))
    world.site.run("DELETE FROM wp_usermeta WHERE user_id = %s", (ALICE,))

    settle_differences(world.bridge.db)

    assert world.site.rows("SELECT * FROM wp_usermeta WHERE user_id = %s", (ALICE,)) == []


def test_an_order_whose_customer_was_deleted_is_listed(world: World) -> None:
    order_id = world.order()
    world.poll()
    world.site.run("DELETE FROM wp_users WHERE ID = %s", (ALICE,))
    world.shop.set_status(order_id, "on-hold")

    world.poll()

    world.site.assert_order(order_id, reason_code="customer_changed", booked=10_000)
