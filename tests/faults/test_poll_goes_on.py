"""Polling goes on while another program keeps a customer's rows, and when clocks go back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.services.orders.poll_shop import poll_shop
from bridge.store import db
from tests.support.site import Clock, SiteDatabase
from tests.support.world import ALICE, BOB, SMALL_CREDITS, World

ROW_OF_BOB = f"""
    SELECT * FROM wp_usermeta FORCE INDEX (user_id)
     WHERE user_id = {BOB} AND meta_key = '_aipkit_token_balance' FOR UPDATE
"""


@contextmanager
def locked(site: SiteDatabase, sql: str) -> Iterator[None]:
    """Let another program hold locks, of rows alone."""
    with site.server.connect(database=site.name) as other, other.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        other.begin()
        cursor.execute(sql)
        yield
        other.rollback()


def test_an_order_of_a_locked_customer_waits_and_no_other_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "_PATIENCE_S", 0.2)
    bobs, alices = world.order(BOB), world.order(ALICE)

    with locked(world.site, ROW_OF_BOB):
        world.poll()
        booked = [world.site.booked(order_id) for order_id in (bobs, alices)]
    world.site.run("UPDATE wp_aipkit_bridge_orders SET look_again_at = UTC_TIMESTAMP(6)")
    world.poll()

    assert booked == [0, SMALL_CREDITS]
    assert world.site.booked(bobs) == SMALL_CREDITS
    world.site.assert_balanced()


def test_an_order_is_granted_though_the_databases_clock_went_back_a_day(world: World) -> None:
    clock = Clock(datetime.now(UTC))
    bridge = world.site.bridge(world.running.url, clock=clock)
    world.order(ALICE)
    poll_shop(bridge.import_context(), bridge.shop)
    clock.set(clock.now - timedelta(days=1))
    order_id = world.order(ALICE)

    poll_shop(bridge.import_context(), bridge.shop)

    assert world.site.booked(order_id) == SMALL_CREDITS


@pytest.mark.parametrize(
    ("zone", "fold", "change"),
    [
        ("America/New_York", 0, datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("Europe/Berlin", 1, datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ],
)
def test_orders_are_granted_in_the_night_whose_hour_comes_twice(
    world: World, zone: str, fold: int, change: datetime
) -> None:
    """
    With orders in tables of their own WooCommerce writes the local time and reads it back.

    In the hour that comes twice PHP takes the first of both west of Greenwich and the second
    east of it: the dates of changes are an hour behind there, and an hour ahead here.
    """
    at = change - timedelta(hours=1, minutes=30)
    clock = Clock(at)
    bridge = world.site.bridge(world.running.url, clock=clock)
    ids: list[int] = []
    while at < change + timedelta(hours=1, minutes=30):
        local = at.astimezone(ZoneInfo(zone)).replace(fold=fold)
        ids.append(world.order(ALICE, at=local.astimezone(UTC)))
        at += timedelta(minutes=7)
        clock.set(at)
        poll_shop(bridge.import_context(), bridge.shop)
    clock.advance(600)

    poll_shop(bridge.import_context(), bridge.shop)

    assert [i for i in ids if world.site.booked(i) != SMALL_CREDITS] == []
