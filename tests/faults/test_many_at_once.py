"""Many bridges at once, and kills at any moment: each order granted once, nothing lost."""

import random
import time
from pathlib import Path
from threading import Event

import pytest

from shop_stand_in.state import Line, RefundLine
from shop_stand_in.types import SeenRequest
from tests.support.processes import Process, finish, kill, spawn, write_config
from tests.support.site import USERS
from tests.support.waiting import wait_until
from tests.support.world import MUG, SMALL, World

REQUESTS_OF_SIX_ORDERS = 20
"""Lists, refunds, and for each order a meta and a note."""

MEMBERS = [USERS[name] for name in ("alice", "carol", "dave", "frank", "grace", "ivan")]


@pytest.fixture
def config(world: World, tmp_path: Path) -> Path:
    return write_config(tmp_path, world.site, world.running.url)


def place_orders(world: World, count: int) -> dict[int, int]:
    """Place orders of several members, a third of them partly refunded; return what is due."""
    due = {}
    for number in range(count):
        member = MEMBERS[number % len(MEMBERS)]
        order_id = world.order(member, Line(SMALL, quantity=2), Line(MUG))
        due[order_id] = 20_000
        if number % 3 == 0:
            item = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
            world.shop.refund(order_id, lines=[RefundLine(item, quantity=1, total="5.00")])
            due[order_id] = 10_000
    return due


class Countdown:
    """Tells when the shop has had so many requests: the bridge is in the middle of its work."""

    def __init__(self, world: World) -> None:
        self._left = 0
        self._is_over = Event()
        world.shop.on_request(self._count)

    def start(self, requests: int) -> None:
        self._is_over.clear()
        self._left = requests

    def wait(self, process: Process) -> None:
        """Wait until the last of them, or until the process has no more to ask for."""
        while not self._is_over.wait(0.01) and process.poll() is None:
            pass

    def _count(self, seen: SeenRequest) -> None:
        self._left -= 1
        if self._left == 0:
            self._is_over.set()


def assert_each_granted_once(world: World, due: dict[int, int]) -> None:
    booked = {order_id: world.site.booked(order_id) for order_id in due}
    assert booked == due
    rows = world.site.ledger()
    for order_id, credits in due.items():
        deltas = [row["credits_delta"] for row in rows if row["context_id"] == order_id]
        assert sum(deltas) == credits, (order_id, deltas)
    purchases = [row["context_id"] for row in rows if row["operation"] == "purchase"]
    assert len(purchases) == len(set(purchases))
    world.site.assert_balanced()


def test_eight_workers_and_four_syncs_grant_each_order_once(world: World, config: Path) -> None:
    due = place_orders(world, 60)

    workers = [spawn(config, "worker", "--with-parent") for _ in range(8)]
    syncs = [spawn(config, "sync", "--once") for _ in range(4)]
    ends = [finish(process, 120) for process in syncs]
    for process in workers:
        process.terminate()
    worker_ends = [finish(process, 60) for process in workers]

    assert [code for code, _, _ in ends] == [0, 0, 0, 0], ends
    assert [code for code, _, _ in worker_ends] == [0] * 8, worker_ends
    assert_each_granted_once(world, due)


def test_kills_at_random_moments_lose_and_double_nothing(
    world: World, config: Path, kills: int
) -> None:
    """Every order is due exactly what the last restart finds booked for it."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    print(f"seed {seed}")
    due = place_orders(world, 30)
    steps, met = Countdown(world), 0

    for _ in range(kills):
        due |= place_orders(world, 6)
        steps.start(chance.randint(1, REQUESTS_OF_SIX_ORDERS))
        process = spawn(config, "sync", "--once")
        steps.wait(process)
        time.sleep(chance.uniform(0, 0.02))  # to somewhere between two requests
        met += process.poll() is None
        kill(process)
        world.site.assert_balanced()

    assert met > kills // 2, "too many had ended before their kill"
    code, _, errors = finish(spawn(config, "sync", "--once"), 120)
    assert code == 0, errors
    assert_each_granted_once(world, due)


def test_a_killed_workers_lease_passes_to_a_stand_by(world: World, config: Path) -> None:
    first = spawn(config, "worker", "--with-parent")
    wait_until_booked(world, place_orders(world, 1))
    second = spawn(config, "worker", "--with-parent")

    kill(first)
    due = place_orders(world, 3)
    world.site.run("UPDATE wp_aipkit_bridge_leases SET expires_at = UTC_TIMESTAMP(6)")
    wait_until_booked(world, due)

    second.terminate()
    code, _, errors = finish(second)
    assert code == 0, errors
    assert_each_granted_once(world, due)


def wait_until_booked(world: World, due: dict[int, int]) -> None:
    def is_booked() -> bool:
        return all(world.site.booked(order_id) == credits for order_id, credits in due.items())

    wait_until(is_booked, "the worker did not book in time")
