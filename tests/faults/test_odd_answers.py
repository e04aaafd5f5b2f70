"""Strange JSON, refunds that do not come, redirects, firewalls: what means one thing is read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bridge.services.orders.annotate import annotate_orders
from bridge.services.orders.poll_shop import poll_shop, read_health
from bridge.woo.client import Shop
from bridge.woo.errors import ShopError, ShopFault
from shop_stand_in.state import Fault, Line, RefundLine, SeenRequest
from tests.support.site import CONSUMER_KEY, CONSUMER_SECRET
from tests.support.world import ALICE, BOB, SMALL, World, state_of

BEFORE_JSON = {
    "a mark": "\ufeff",
    "blanks": "\n\n  \t",
    "both": "\r\n\ufeff\n",
    "two marks": "\ufeff\ufeff",
}


def first_line(world: World, order_id: int) -> Any:
    order = world.shop.order(order_id)
    assert order is not None
    return order["line_items"][0]


def refunded_order(world: World) -> int:
    """Place an order of two packs, one of which was given back before the bridge saw it."""
    order_id = world.order(ALICE, Line(SMALL, quantity=2, meta={"Colour": "red"}))
    line = first_line(world, order_id)["id"]
    world.shop.refund(order_id, lines=[RefundLine(line, quantity=1)])
    return order_id


# Shapes


@pytest.mark.parametrize("name", BEFORE_JSON)
def test_what_stands_before_the_json_does_not_matter(world: World, name: str) -> None:
    world.shop.odd.before_json = BEFORE_JSON[name]
    plain, refunded = world.order(BOB), refunded_order(world)

    world.poll()
    annotate_orders(world.bridge.db, world.bridge.shop)

    assert (world.site.booked(plain), world.site.booked(refunded)) == (10_000, 10_000)
    assert len(world.shop.notes(plain)) == 1


def test_arrays_may_arrive_as_objects(world: World) -> None:
    world.shop.odd.rekeyed = True
    plain, refunded = world.order(BOB), refunded_order(world)
    renewal = world.order(
        ALICE, meta={"_aipkit_tokens_granted": "10000", "_subscription_renewal": "77"}
    )

    world.poll()

    booked = [world.site.booked(one) for one in (plain, refunded, renewal)]
    assert booked == [10_000, 10_000, 10_000]


def test_money_may_be_numbers_with_all_their_digits(world: World) -> None:
    world.shop.odd.floats = True
    plain, refunded = world.order(BOB), refunded_order(world)
    free = world.order(BOB, Line(SMALL, total=0))
    by_amount = world.order(ALICE, Line(SMALL, quantity=2, total="14.31"))
    world.shop.refund(by_amount, "4.77")

    world.poll()

    booked = [world.site.booked(one) for one in (plain, refunded, free, by_amount)]
    assert booked == [10_000, 10_000, 10_000, 20_000 - 6_666]


@pytest.mark.parametrize(
    ("quantity", "booked"), [(2.0, 20_000), ("3.0", 30_000), ("2e0", 20_000), (25.0, 250_000)]
)
def test_whole_numbers_may_come_as_fractions(world: World, quantity: Any, booked: int) -> None:
    order_id = world.order()
    line = first_line(world, order_id)
    line.update(quantity=quantity, product_id=float(SMALL), variation_id="0.0")

    world.poll()

    assert world.site.booked(order_id) == booked


@pytest.mark.parametrize("amount", ["25.0", "2.5e1", "25."])
def test_a_products_amount_may_be_written_so_too(world: World, amount: str) -> None:
    world.site.set_amount(SMALL, amount)
    order_id = world.order()

    world.poll()

    assert world.site.booked(order_id) == 25


UNCLEAR: dict[str, Callable[[Any], object]] = {
    "lines by name": lambda o: o.update(line_items={"first": {}}),
    "no lines": lambda o: o.update(line_items=None),
    "a decimal comma": lambda o: o.update(total="14,31"),
    "a unit": lambda o: o["line_items"][0].update(quantity="2 pcs"),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_may_mean_two_things_asks(world: World, name: str) -> None:
    unclear, good = world.order(), world.order(BOB)
    UNCLEAR[name](world.shop.order(unclear))

    world.poll()

    assert state_of(world, unclear) == ("attention", "unreadable", 0)
    assert world.site.booked(good) == 10_000


# Refunds

NO_REFUNDS: dict[str, Callable[[], Fault]] = {
    "401": Fault.unauthorized,
    "403": Fault.forbidden,
    "429": Fault.too_many,
    "500": Fault.server_error,
    "502": lambda: Fault.server_error(502),
    "html": Fault.html,
    "half a json": Fault.truncated,
    "cut": Fault.cut,
    "never": lambda: Fault.hang(2.0),
    "elsewhere": lambda: Fault.redirect("https://elsewhere.example/wp-json/"),
}


@pytest.mark.parametrize("name", NO_REFUNDS)
def test_refunds_that_do_not_come_are_their_orders_trouble(world: World, name: str) -> None:
    asking, good, also_good = refunded_order(world), world.order(BOB), refunded_order(world)
    world.shop.odd.refunds[asking] = NO_REFUNDS[name]()
    shop = Shop(world.running.url, CONSUMER_KEY, CONSUMER_SECRET, timeout=(1.0, 0.2))

    poll_shop(replace(world.bridge.import_context(), shop=shop), shop)
    shop.close()

    assert state_of(world, asking) == ("attention", "unreadable", 0)
    assert (world.site.booked(good), world.site.booked(also_good)) == (10_000, 10_000)
    with world.bridge.db.reading() as tx:
        assert read_health(tx).fault == ""

    world.shop.odd.refunds.clear()
    world.look_at_all()

    assert state_of(world, asking) == ("granted", "", 10_000)


def test_refunds_that_do_not_come_leave_what_is_booked(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    world.poll()
    world.shop.refund(order_id, "5.00")
    world.shop.odd.refunds[order_id] = Fault.unauthorized()

    world.poll()

    assert state_of(world, order_id) == ("attention", "unreadable", 20_000)


# Messages and methods


def fault_of_a_poll(world: World, fault: Fault) -> ShopError:
    world.shop.faults = lambda _: fault
    with pytest.raises(ShopError) as caught:
        world.poll()
    return caught.value


@pytest.mark.parametrize(
    "where",
    [
        "https://www.shop.example/wp-json/wc/v3/orders",
        "http://127.0.0.1:8081/shop/wp-json/wc/v3/orders",
        "/blog/wp-json/wc/v3/orders",
    ],
)
def test_a_redirect_says_where_to_and_tells_no_secret(world: World, where: str) -> None:
    error = fault_of_a_poll(world, Fault.redirect(where))

    assert error.fault is ShopFault.REDIRECTED
    assert where in str(error)
    assert "woocommerce.url" in str(error)
    assert "oauth" not in str(error)
    assert CONSUMER_KEY not in str(error)


def test_a_403_names_firewalls_and_maintenance_too(world: World) -> None:
    error = fault_of_a_poll(world, Fault.forbidden())

    assert error.fault is ShopFault.FORBIDDEN
    assert "firewall" in str(error)
    assert "maintenance" in str(error)


@pytest.mark.parametrize("status", [403, 405, 501])
def test_a_host_that_refuses_put_gets_the_same_by_post(world: World, status: int) -> None:
    order_id = world.order()
    world.poll()

    def refuse_put(seen: SeenRequest) -> Fault | None:
        refusal = Fault("html", status)
        return refusal if seen.method == "PUT" else None

    world.shop.faults = refuse_put
    annotate_orders(world.bridge.db, world.bridge.shop)

    order = world.shop.order(order_id)
    assert order is not None
    metas = {meta["key"]: meta["value"] for meta in order["meta_data"]}
    assert metas == {"_aipkit_tokens_granted": "10000"}


def test_what_wordpress_itself_refuses_is_not_sent_again_by_post(world: World) -> None:
    world.order()
    world.poll()
    world.shop.keys[0] = type(world.shop.keys[0])(permissions="read")

    annotate_orders(world.bridge.db, world.bridge.shop)

    assert not any(
        seen.method == "POST" and "notes" not in seen.path for seen in world.shop.requests
    )
