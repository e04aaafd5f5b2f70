"""A shop that misbehaves: the cursor stays, the status says what to do, grants resume."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bridge.services.orders.poll_shop import backing_off, read_health
from bridge.services.reports.view_status import StatusView, view_status
from bridge.store import state
from bridge.woo.client import Shop
from bridge.woo.errors import ShopError, ShopFault
from shop_stand_in.state import Fault, Line, SeenRequest, utc_now
from tests.support.site import CONSUMER_KEY, CONSUMER_SECRET
from tests.support.world import ALICE, SMALL, World

FAULTS: dict[str, tuple[Callable[[], Fault], ShopFault]] = {
    "401": (Fault.unauthorized, ShopFault.UNAUTHORIZED),
    "401 of a plugin": (Fault.sign_in, ShopFault.FORBIDDEN),
    "503": (Fault.maintenance, ShopFault.CLOSED),
    "429": (lambda: Fault.too_many(77), ShopFault.RATE_LIMITED),
    "500": (Fault.server_error, ShopFault.SERVER_ERROR),
    "html": (Fault.html, ShopFault.NOT_JSON),
    "half a json": (Fault.truncated, ShopFault.NOT_JSON),
    "nothing": (Fault.empty, ShopFault.NOT_JSON),
    "cut": (Fault.cut, ShopFault.UNREACHABLE),
    "hang": (lambda: Fault.hang(2.0), ShopFault.TIMEOUT),
}


def impatient(world: World) -> Shop:
    return Shop(world.running.url, CONSUMER_KEY, CONSUMER_SECRET, timeout=(1.0, 0.2))


def cursor(world: World) -> datetime | None:
    with world.bridge.db.reading() as tx:
        return state.get_cursor(tx, "orders")


def granted(world: World) -> list[int]:
    """Return the orders that have a grant of the bridge: the site had two rows before."""
    return [row["context_id"] for row in world.site.ledger()[2:]]


def status(world: World) -> StatusView:
    bridge = world.bridge
    return view_status(bridge.db, bridge.site.get(), shop_url=world.running.url, poll_seconds=30)


@pytest.mark.parametrize("name", FAULTS)
def test_the_cursor_stays_the_status_says_so_and_grants_resume(world: World, name: str) -> None:
    from bridge.services.orders.poll_shop import poll_shop

    fault, kind = FAULTS[name]
    world.order()
    world.poll()
    before, ledger = cursor(world), world.site.ledger()
    waiting = world.order(ALICE, Line(SMALL, quantity=2))
    world.shop.faults = lambda _: fault()
    shop = impatient(world)

    with pytest.raises(ShopError) as caught:
        poll_shop(world.bridge.import_context(), shop)

    assert caught.value.fault is kind
    assert cursor(world) == before
    assert world.site.ledger() == ledger
    warnings = {warning.code: warning.text for warning in status(world).warnings}
    assert f"shop_{kind}" in warnings
    with world.bridge.db.reading() as tx:
        assert backing_off(tx)

    world.shop.faults = []
    poll_shop(world.bridge.import_context(), shop)
    shop.close()

    assert world.site.booked(waiting) == 20_000
    assert not any(warning.code.startswith("shop_") for warning in status(world).warnings)
    with world.bridge.db.reading() as tx:
        assert not backing_off(tx)


@pytest.mark.parametrize(("minutes", "way"), [(16, "ahead of"), (-60, "behind")])
def test_a_wrong_clock_is_told_as_such_and_not_as_a_wrong_key(
    world: World, minutes: int, way: str
) -> None:
    order_id = world.order()
    off = timedelta(minutes=minutes)
    world.shop.now = lambda: datetime.now(UTC) + off
    world.shop.auth_time = lambda: time.time() + off.total_seconds()

    with pytest.raises(ShopError, match=f"clock is .* {way} this machine's") as caught:
        world.poll()

    assert caught.value.fault is ShopFault.CLOCK
    assert "shop_clock" in {warning.code for warning in status(world).warnings}
    world.shop.now, world.shop.auth_time = utc_now, time.time
    world.poll()
    assert world.site.booked(order_id) == 10_000


def test_a_wrong_key_is_one_also_where_the_clock_is_a_little_off(world: World) -> None:
    world.shop.now = lambda: datetime.now(UTC) + timedelta(minutes=10)
    world.shop.faults = lambda _: Fault.unauthorized()

    with pytest.raises(ShopError) as caught:
        world.poll()

    assert caught.value.fault is ShopFault.UNAUTHORIZED


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [(Fault.too_many(77), 77), (Fault.maintenance(), 60)],
    ids=["busy", "closed"],
)
def test_a_shop_that_asks_for_rest_gets_as_long_as_it_asked_for(
    world: World, fault: Fault, seconds: int
) -> None:
    """But an update of WordPress, which takes some seconds and asks for ten minutes, gets one."""
    world.shop.faults = [fault]

    with pytest.raises(ShopError):
        world.poll()

    with world.bridge.db.reading() as tx:
        health = read_health(tx)
    assert health.retry_at is not None
    assert health.failed_at is not None
    assert health.retry_at - health.failed_at == timedelta(seconds=seconds)


def test_an_empty_page_moves_nothing_and_is_no_fault(world: World) -> None:
    world.order()
    world.poll()
    before = cursor(world)
    world.site.run("UPDATE wp_aipkit_bridge_cursors SET position = '2030-01-01'")
    world.poll()

    with world.bridge.db.reading() as tx:
        assert read_health(tx).fault == ""
    assert before is not None
    assert cursor(world) is not None


def test_a_fault_in_the_middle_keeps_what_was_applied_before_it(world: World) -> None:
    orders = [world.order(ALICE) for _ in range(150)]
    asked = world.shop.counts["all"]

    def fail_from_the_second_on(seen: SeenRequest) -> Fault | None:
        return Fault.server_error() if seen.number > asked + 1 else None

    world.shop.faults = fail_from_the_second_on

    with pytest.raises(ShopError):
        world.poll()

    assert 0 < len(granted(world)) <= 100
    world.shop.faults = []
    world.poll()
    assert {world.site.booked(order_id) for order_id in orders} == {10_000}
    assert len(granted(world)) == 150


def test_refunds_that_cannot_be_read_hold_their_order_back_and_no_other(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    world.shop.refund(order_id, "5.00")
    good = world.order()

    def refuse_refunds(seen: object) -> Fault | None:
        return Fault.server_error() if "refunds" in str(getattr(seen, "path", "")) else None

    world.shop.faults = refuse_refunds
    world.poll()
    assert world.site.booked(order_id) == 0, "a grant without its refunds would be too much"
    assert world.site.booked(good) == 10_000

    world.shop.faults = []
    world.look_at_all()
    assert world.site.booked(order_id) == 10_000


def test_a_wrong_key_and_its_secret_stay_out_of_the_message(world: World) -> None:
    world.shop.keys.clear()

    with pytest.raises(ShopError) as caught:
        world.poll()

    assert CONSUMER_KEY not in str(caught.value)
    assert CONSUMER_SECRET not in str(caught.value)
    assert "REST API" in str(caught.value)


def test_a_refund_that_cannot_be_read_stops_nothing_else(world: World) -> None:
    broken = world.order(ALICE, Line(SMALL, quantity=2))
    world.shop.refund(broken, "5.00")
    world.shop.refunds(broken)[0]["amount"] = "five"
    good = world.order()

    world.poll()

    world.site.assert_order(broken, state="attention", reason_code="unreadable", booked=0)
    assert world.site.booked(good) == 10_000


def test_an_order_without_an_id_stops_nothing_else(world: World) -> None:
    broken, good = world.order(), world.order()
    order = world.shop.order(broken)
    assert order is not None
    order["id"] = None

    world.poll()

    assert world.site.booked(good) == 10_000


def test_a_look_at_hinted_orders_also_lets_the_shop_rest(world: World) -> None:
    from bridge.services.orders.poll_shop import look_again

    world.order()
    world.poll()
    world.site.run("UPDATE wp_aipkit_bridge_orders SET look_again_at = UTC_TIMESTAMP(6)")
    world.shop.faults = [Fault.too_many(50)]

    with pytest.raises(ShopError):
        look_again(world.bridge.import_context(), world.bridge.shop)

    with world.bridge.db.reading() as tx:
        assert backing_off(tx)
