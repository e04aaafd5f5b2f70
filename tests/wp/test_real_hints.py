"""From an order to the customer's balance by the hint alone: the next poll is an hour away."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shop_stand_in.state import Line
from tests.support.waiting import wait_until

from .site import WordPressSite
from .test_order_hints import address
from .test_real_bridge import Whole, balance_arrives, run_bridge
from .visitor import Visitor

# The promise is 2 s; the rest is what a busy machine may add.
SECONDS_MAX = 4.0


@pytest.fixture
def whole(shop_site: WordPressSite, tmp_path: Path) -> Iterator[Whole]:
    """A real bridge that has polled for the last time."""
    with run_bridge(shop_site, tmp_path, poll_seconds=3600) as whole:
        wait_for_first_poll(shop_site)
        yield whole


def wait_for_first_poll(site: WordPressSite) -> None:
    sql = (
        "SELECT 1 FROM wp_aipkit_bridge_jobs WHERE name = 'poll_shop' AND succeeded_at IS NOT NULL"
    )
    wait_until(lambda: site.sql(sql), "the bridge does not poll")


def seconds_until_balance(
    whole: Whole, guest: Visitor, event: str, order: int, balance: int
) -> float:
    """Let something happen to an order; give how long the balance took to follow."""
    begin = time.monotonic()
    assert guest.get(address(event, order)).status_code == 200
    balance_arrives(whole, balance)
    return time.monotonic() - begin


def test_a_completed_order_is_credited_within_two_seconds(whole: Whole, guest: Visitor) -> None:
    order = whole.shop.add_order(whole.alice, [Line(whole.pack)], status="processing")
    whole.shop.set_status(order, "completed")

    seconds = seconds_until_balance(whole, guest, "completed", order, 10_000)

    assert seconds < SECONDS_MAX


def test_a_refund_takes_as_little_time(whole: Whole, guest: Visitor) -> None:
    order = whole.shop.add_order(whole.alice, [Line(whole.pack)], status="completed")
    seconds_until_balance(whole, guest, "completed", order, 10_000)
    whole.shop.refund(order, "5.00")

    seconds = seconds_until_balance(whole, guest, "refunded", order, 0)

    assert seconds < SECONDS_MAX


def test_a_bridge_that_was_busy_when_it_was_told_looks_afterwards(
    whole: Whole, guest: Visitor
) -> None:
    """The page goes on after a quarter of a second; what it sent is not lost by that."""
    order = whole.shop.add_order(whole.alice, [Line(whole.pack)], status="completed")

    with whole.bridge.gate.shut():
        assert guest.get(address("completed", order)).status_code == 200

    balance_arrives(whole, 10_000)
