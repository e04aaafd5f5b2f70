"""Clocks that are a day off, or jump by one: the database's is the only one that is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
import time_machine

from bridge.jobs.scheduler import Worker
from bridge.services.books.reconcile import reconcile
from bridge.services.orders.poll_shop import poll_shop
from bridge.services.spending.expire_holds import expire_holds
from bridge.wiring import Bridge
from shop_stand_in.state import Line
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.site import Clock
from tests.support.waiting import wait_until
from tests.support.world import ALICE, SMALL, SMALL_CREDITS, World

DAY = timedelta(days=1)
USE = {"actor": {"user_id": ALICE}, "module": "image_generator", "units": 3}


def ask(bridge: Bridge, path: str, body: object, key: str = "") -> dict[str, object]:
    headers = {**bearer(API_KEY), "Idempotency-Key": key or path}
    answer = create_app(bridge).test_client().post(path, headers=headers, json=body)
    assert answer.status_code in (200, 201), answer.text
    assert isinstance(answer.json, dict)
    return answer.json


@pytest.mark.parametrize("off", [-DAY, DAY], ids=["behind", "ahead"])
def test_the_machines_clock_matters_to_nothing_that_is_stored(
    world: World, off: timedelta
) -> None:
    bridge = world.with_settings(security=api_key("usage")).bridge
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    with time_machine.travel(datetime.now(UTC) + off, tick=True):
        poll_shop(bridge.import_context(), bridge.shop)
        hold = ask(bridge, "/v1/holds", {**USE, "ttl_seconds": 600})
        ask(bridge, "/v1/usage/record", USE)
        expire_holds(bridge.db, bridge.spending)
        ask(bridge, f"/v1/holds/{hold['hold_id']}/commit", {"units": 2})

    now = datetime.now(UTC)
    ends = datetime.fromisoformat(str(hold["expires_at"]))
    stored = [row["created_at"].replace(tzinfo=UTC) for row in world.site.ledger()[-3:]]
    assert timedelta(minutes=9) < ends - now < timedelta(minutes=11)
    assert all(abs(now - at) < timedelta(minutes=1) for at in stored)
    assert world.site.booked(order_id) == 2 * SMALL_CREDITS
    world.site.assert_balanced()


def test_the_databases_clock_may_jump_by_a_day_and_return(world: World) -> None:
    clock = Clock(datetime.now(UTC))
    bridge = world.site.bridge(world.running.url, clock=clock, security=api_key("usage"))
    rows = world.site.value("SELECT MAX(id) FROM wp_aipkit_token_ledger")
    placed = []
    for step, now in enumerate((clock.now, clock.now + DAY, clock.now + DAY / 24)):
        clock.set(now)
        placed.append(world.order(ALICE))
        poll_shop(bridge.import_context(), bridge.shop)
        hold = ask(bridge, "/v1/holds", {**USE, "ttl_seconds": 600}, f"hold {step}")
        ask(bridge, "/v1/usage/record", USE, f"record {step}")
        ask(bridge, "/v1/usage/record", USE, "the same all days")
        expire_holds(bridge.db, bridge.spending)
        ask(bridge, f"/v1/holds/{hold['hold_id']}/commit", {"units": 2})

        assert world.site.booked(placed[-1]) == SMALL_CREDITS
        world.site.assert_balanced()

    done = reconcile(bridge.db)
    uses = world.site.value(
        "SELECT COUNT(*) FROM wp_aipkit_token_ledger WHERE entry_type = 'usage'"
        " AND user_id = %s AND id > %s",
        (ALICE, rows),
    )
    assert [world.site.booked(order_id) for order_id in placed] == [SMALL_CREDITS] * 3
    assert uses == 3 * 2 + 1
    assert (done.noticed, done.findings) == (0, 0)


@contextmanager
def at_work(worker: Worker) -> Iterator[None]:
    stop = Event()
    thread = Thread(target=worker.run_until, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("off", [-DAY, DAY], ids=["back", "ahead"])
def test_a_worker_goes_on_when_the_machines_clock_is_set(world: World, off: timedelta) -> None:
    bridge = world.with_settings(woocommerce={"poll_seconds": 1}).bridge
    first = world.order()
    with at_work(Worker(bridge)):
        wait_until_booked(world, first)
        with time_machine.travel(datetime.now(UTC) + off, tick=True):
            # The shop's clock, in this very process, is not what is off.
            wait_until_booked(world, world.order(at=datetime.now(UTC) - off))


def wait_until_booked(world: World, order_id: int) -> None:
    wait_until(lambda: world.site.booked(order_id), "the worker does not work")
