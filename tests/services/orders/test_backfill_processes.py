"""A backfill by several processes leaves the rows of one, and any of them may be killed."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from bridge.domain.backfills import BackfillReport, Outcome
from bridge.services.orders import orders_in_tables
from bridge.services.orders.teams import Hear, Team, TeamError, Work
from demo.private_server import PrivateServer
from shop_stand_in.state import Line, ShopState
from tests.support.backfills import backfill, team_of
from tests.support.oracle import explore
from tests.support.past_shop import LONG_AGO, PastShop, put_into_tables
from tests.support.site import USERS, SiteDatabase
from tests.support.snapshot import Snapshot
from tests.support.waiting import wait_until
from tests.support.world import ALICE, BIG, BOB, MUG, SMALL, stock

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CUSTOMERS = (ALICE, BOB, ALICE, USERS["carol"], 0, 999_999)
STATUSES = ("completed", "completed", "processing", "completed", "cancelled")
TABLES = {
    "orders": "order_id",
    "order_lines": "order_id, line_id",
    "order_sums": "slot_at, currency, shard",
    "sale_lines": "order_id, line_id",
    "sale_sums": "day, currency, product_id, variation_id, shard",
    "accounts": "user_id",
    "ledger_state": "user_id",
    "summaries": "user_id",
}
BY_TURN = {"id", "seq", "summed", "entries", "applied_seq", "meta"}
"""What tells which order came first, or how many were booked together."""

numbers = st.integers(0, 999)
sold = st.lists(st.tuples(numbers, numbers, numbers), min_size=8, max_size=40)


def rows_of(site: SiteDatabase) -> dict[str, Any]:
    """Return all that a backfill writes, but for whose turn it was."""
    found = {
        name: site.rows(f"SELECT * FROM wp_aipkit_bridge_{name} ORDER BY {order}")
        for name, order in TABLES.items()
    }
    found["ledger"] = sorted(site.ledger(), key=lambda row: row["idempotency_key"] or "")
    balances = {user: site.balance(user) for user in USERS.values()}
    return {
        name: [{k: v for k, v in row.items() if k not in BY_TURN} for row in rows]
        for name, rows in found.items()
    } | {"balances": balances}


def sell(site: SiteDatabase, sales: list[tuple[int, int, int]]) -> None:
    """Put past orders into the shop's tables."""
    shop = ShopState()
    stock(shop)
    ids = [
        shop.add_order(
            CUSTOMERS[one % len(CUSTOMERS)],
            [Line((SMALL, BIG, MUG)[two % 3], quantity=1 + one % 2), Line(MUG)],
            status=STATUSES[three % len(STATUSES)],
            email=f"{sorted(USERS)[two % 4]}@example.com",
            at=LONG_AGO + timedelta(minutes=number),
        )
        for number, (one, two, three) in enumerate(sales)
    ]
    put_into_tables(site, [shop.order(order_id) for order_id in ids])


@pytest.fixture(scope="module")
def kept(shared_site: SiteDatabase, server: PrivateServer) -> Iterator[Snapshot]:
    shared_site.without_peer().bridge(now=NOW)
    snapshot = Snapshot(server, shared_site.name, state="of_processes")
    yield snapshot
    snapshot.drop()


@explore(3, HealthCheck.function_scoped_fixture)
@given(sold)
@example([(0, 0, 0)] * 40)  # one customer's: each waits for the other's account
def test_property_processes_leave_the_rows_of_one(
    kept: Snapshot,
    shared_site: SiteDatabase,
    monkeypatch: pytest.MonkeyPatch,
    sales: list[tuple[int, int, int]],
) -> None:
    left: list[tuple[dict[str, Any], BackfillReport]] = []
    for size, part in ((0, 20_000), (2, 7), (3, 2)):
        monkeypatch.setattr(orders_in_tables, "PART", part)
        monkeypatch.setattr(orders_in_tables, "CHUNK", max(1, part // 2))
        kept.put_back()
        sell(shared_site, sales)
        with team_of(size, lambda: shared_site.bridge(now=NOW)) as team:
            bridge = shared_site.bridge(now=NOW)
            foreseen = backfill(bridge, apply=False, team=team)
            report = backfill(bridge, team=team)
        shared_site.close_bridges()
        assert foreseen == report
        shared_site.assert_balanced()
        left.append((rows_of(shared_site), report))

    for rows, report in left[1:]:
        assert report == left[0][1]
        for name, expected in left[0][0].items():
            assert rows[name] == expected, name


def test_one_that_is_killed_ends_the_run_and_the_next_goes_on(
    past: PastShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = past.orders(60)
    monkeypatch.setattr(orders_in_tables, "PART", 10)
    monkeypatch.setattr(orders_in_tables, "CHUNK", 5)

    with team_of(2, lambda: past.site.bridge(past.running.url)) as team:
        assert team is not None
        victims = list(team.pids)

        def kill_one(more: int) -> None:
            if more and victims:
                os.kill(victims.pop(), signal.SIGKILL)
                victims.clear()

        with pytest.raises(TeamError, match="the same command goes on from there"):
            backfill(past.bridge, team=team, hear=kill_one)
    heard: list[int] = []
    with team_of(2, lambda: past.site.bridge(past.running.url)) as team:
        report = backfill(past.bridge, team=team, hear=heard.append)

    assert heard[0] >= 5, "what is done is not read again"
    shop_orders = "SELECT COUNT(*) AS n FROM wp_wc_orders WHERE type = 'shop_order'"
    assert sum(heard) == past.site.value(shop_orders)
    granted = report.orders[Outcome.GRANTED] + report.orders[Outcome.BOOKED_BEFORE]
    assert granted >= 60
    past.assert_each_granted_once(ids)
    assert not past.site.rows("SELECT 1 FROM wp_aipkit_bridge_state WHERE name LIKE 'backfill%'")


def test_members_end_with_the_one_that_leads() -> None:
    """Nobody tells them: it was killed."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    leader = fork.Process(target=lead, args=(theirs,))
    leader.start()
    pids = ours.recv()

    leader.kill()
    leader.join()

    wait_until(lambda: all(is_gone(pid) for pid in pids), "members are left at work")


def lead(listener: Connection) -> None:
    @contextmanager
    def begin() -> Iterator[Work[int, int]]:
        yield tell_for_ever

    with Team(2, begin) as team:
        done = team.work([1, 2], lambda _: None)
        listener.send(team.pids)
        next(done)


def tell_for_ever(_: int, hear: Hear) -> int:
    while True:
        hear(1)
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
