"""A shop with many orders: none missed while they move, and memory stays bounded."""

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.services.orders.poll_shop import poll_shop
from shop_stand_in.shop import serve_shop
from shop_stand_in.state import Line, ShopState
from tests.support.processes import finish, spawn, write_config
from tests.support.site import SiteDatabase
from tests.support.world import ALICE, MUG, SMALL, stock

PACKS_EVERY = 40
SHARED = 300
START = datetime(2026, 3, 1, tzinfo=UTC)
MEMORY_BYTES = 100 * 2**20


@pytest.fixture(scope="module")
def orders(request: pytest.FixtureRequest) -> int:
    """How many the shop has: 6,000, and 20,000 in a soak."""
    return 20_000 if request.config.getoption("--soak") else 6_000


@pytest.fixture(scope="module")
def big_shop(orders: int) -> ShopState:
    """One for all tests, because making it takes as long as they do."""
    shop = ShopState(lambda: START + timedelta(days=200))
    stock(shop)
    for number in range(orders):
        # The middle three hundred share one second; packs are among them.
        second = min(number, orders // 2) if number < orders // 2 + SHARED else number
        lines = [Line(SMALL if number % PACKS_EVERY == 0 else MUG)]
        at = START + timedelta(seconds=second)
        shop.add_order(ALICE, lines, status="completed", at=at)
    return shop


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process ever had, as the kernel tells it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]  # it is there


def test_polls_of_many_quiet_orders_take_one_request_for_each_list(
    site: SiteDatabase, big_shop: ShopState
) -> None:
    with serve_shop(big_shop) as running:
        bridge = site.without_peer().bridge(running.url)
        site.run(
            "INSERT INTO wp_aipkit_bridge_cursors (name, position, moved_at) VALUES"
            " ('orders', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)),"
            " ('trash', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))"
        )
        before = big_shop.counts["all"]
        for _ in range(3):
            poll_shop(bridge.import_context(), bridge.shop)

    assert big_shop.counts["all"] - before == 3 * 2


def test_none_of_many_is_missed_while_some_move(
    site: SiteDatabase, big_shop: ShopState, orders: int, tmp_path: Path
) -> None:
    chance = random.Random(20_000)
    ids = [1001 + i for i in range(orders)]
    shared = ids[orders // 2 : orders // 2 + SHARED]

    @big_shop.on_request
    def move_some(seen: object) -> None:
        for order_id in chance.sample(shared, 2) + chance.sample(ids, 3):
            big_shop.touch(order_id)

    site.without_peer().bridge()
    with serve_shop(big_shop) as running:
        process = spawn(write_config(tmp_path, site, running.url), "sync", "--once")
        peaks = [0]
        big_shop.on_request(lambda _: peaks.append(peak_bytes(process.pid)))
        code, _, errors = finish(process, 300)

    assert code == 0, errors
    expected = {order_id for i, order_id in enumerate(ids) if i % PACKS_EVERY == 0}
    granted = {row["context_id"] for row in site.ledger() if row["operation"] == "purchase"}
    assert granted - expected == {35, 46}, "those two the recorded ledger had"
    assert expected <= granted
    assert site.balance(ALICE) == len(expected) * 10_000
    assert 0 < max(peaks) < MEMORY_BYTES, f"{max(peaks) / 2**20:.0f} MiB"
    site.assert_balanced()
