"""Backfill: past orders by the same rules; a dry run tells the same and changes nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bridge.domain.backfills import Outcome
from bridge.domain.ids import OrderId, UserId
from bridge.services.orders.chunks import Way
from bridge.services.orders.decide import assign_order
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.services.orders.import_orders import import_orders
from bridge.services.orders.orders_in_tables import CHUNK
from bridge.services.orders.poll_shop import look_again, poll_shop
from bridge.store import order_rows, orders
from bridge.wiring import Bridge
from bridge.woo.errors import ShopError
from demo.private_server import PrivateServer
from shop_stand_in.shop import RunningShop
from shop_stand_in.state import Fault, SeenRequest
from tests.conformance.test_order_grants import (
    ADOPTED,
    ATTENTION,
    UNCLAIMED,
    expected_credits,
)
from tests.support.backfills import all_tables, backfill
from tests.support.past_shop import PastShop
from tests.support.processes import finish, spawn, write_config
from tests.support.site import ORDERS, SINCE, SiteDatabase
from tests.support.snapshot import Snapshot
from tests.support.world import ALICE, BIG, BOB, MUG, SMALL

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LATE = {"since": datetime(2026, 11, 30, tzinfo=UTC)}  # all recorded orders lie before it
ASKING = {name: code for name, code in ATTENTION.items() if code != "product_gone"}
"""Before `grants.since` nobody is asked about products that are gone."""

WRITTEN_WHEN = {"first_seen_at", "granted_at", "look_again_at", "applied_seq", "hinted_number"}


@pytest.fixture(params=["tables", "posts", "rest"])
def recorded(request: pytest.FixtureRequest, recorded_shop: RunningShop) -> Any:
    """The recorded shop, and each way to read it."""
    name = "posts_site" if request.param == "posts" else "site"
    site: SiteDatabase = request.getfixturevalue(name)
    way = Way.REST if request.param == "rest" else Way.DB
    return site, site.bridge(recorded_shop.url, now=NOW, grants=LATE), way


def kept_rows(site: SiteDatabase) -> Any:
    """Return what the bridge keeps of all orders, without when and by which fetch."""
    orders = site.rows("SELECT * FROM wp_aipkit_bridge_orders ORDER BY order_id")
    lines = site.rows("SELECT * FROM wp_aipkit_bridge_order_lines ORDER BY order_id, line_id")
    ledger = sorted(site.ledger(), key=lambda row: (row["idempotency_key"] or "", row["id"]))
    return (
        [{k: v for k, v in row.items() if k not in WRITTEN_WHEN} for row in orders],
        [{k: v for k, v in row.items() if k != "frozen_at"} for row in lines],
        [{k: v for k, v in row.items() if k not in ("id", "created_at")} for row in ledger],
    )


def test_every_recorded_order_gets_what_the_rules_ask(recorded: Any) -> None:
    site, bridge, way = recorded

    report = backfill(bridge, way)

    booked = {name: site.booked(order_id) for name, order_id in ORDERS.items()}
    assert booked == {name: expected_credits(name) for name in ORDERS}
    states = {name: site.order(order_id) for name, order_id in ORDERS.items()}
    assert {n for n, row in states.items() if row and row["state"] == "unclaimed"} == UNCLAIMED
    asking = {n: r["reason_code"] for n, r in states.items() if r and r["state"] == "attention"}
    assert asking == ASKING
    assert {n for n, row in states.items() if row and row["adopted_credits"]} == ADOPTED
    site.assert_balanced()
    assert report.orders[Outcome.ADOPTED] == len(ADOPTED)
    assert report.orders[Outcome.UNCLAIMED] == len(UNCLAIMED)
    assert report.credits[Outcome.UNCLAIMED] == 2 * 10_000
    assert report.asking == {"bad_amount": 1}
    assert report.orders[Outcome.PRODUCT_GONE] == 1
    granted = sum(n for name, n in booked.items() if name not in ADOPTED)
    assert report.credits[Outcome.GRANTED] == granted
    assert report.read == len(ORDERS)


def test_a_dry_run_tells_the_same_and_changes_no_table(recorded: Any) -> None:
    site, bridge, way = recorded
    before = all_tables(site)

    foreseen = backfill(bridge, way, apply=False)

    assert all_tables(site) == before
    assert foreseen == backfill(bridge, way)


def test_both_ways_leave_the_same_rows(
    site: SiteDatabase, recorded_shop: RunningShop, server: PrivateServer
) -> None:
    bridge = site.bridge(recorded_shop.url, now=NOW, grants=LATE)
    before = Snapshot(server, site.name, state="before_backfill")
    try:
        backfill(bridge, Way.DB)
        by_sql = kept_rows(site)
        before.put_back()
        backfill(bridge, Way.REST)
    finally:
        before.drop()

    assert kept_rows(site) == by_sql


def test_the_rows_are_those_of_the_ordinary_import(
    site: SiteDatabase, recorded_shop: RunningShop, server: PrivateServer
) -> None:
    """As if `grants.since` had always been before them, product_gone aside."""
    early = site.bridge(recorded_shop.url, now=NOW, grants={"since": SINCE})
    late = site.bridge(recorded_shop.url, now=NOW, grants=LATE)
    before = Snapshot(server, site.name, state="before_import")
    try:
        poll_shop(early.import_context(), early.shop)
        ordinary = kept_rows(site)
        before.put_back()
        backfill(late)
    finally:
        before.drop()

    own = ("backfilled", "digest")  # the policy is in the digest
    gone = ORDERS["grace_doomed_product"]
    for rows, expected in zip(kept_rows(site), ordinary, strict=True):
        assert [{k: v for k, v in row.items() if k not in own} for row in rows] == [
            {k: v for k, v in row.items() if k not in own}
            for row in expected
            if row.get("order_id") != gone or "digest" not in row
        ]


def test_a_second_run_changes_nothing_and_says_so(recorded: Any) -> None:
    site, bridge, way = recorded
    first = backfill(bridge, way)
    before = kept_rows(site)

    again = backfill(bridge, way)

    assert kept_rows(site) == before
    assert again.orders[Outcome.GRANTED] == again.orders[Outcome.ADOPTED] == 0
    booked = first.orders[Outcome.GRANTED] + first.orders[Outcome.ADOPTED]
    assert again.orders[Outcome.BOOKED_BEFORE] == booked
    assert again.read == first.read


def test_only_orders_of_the_span_are_granted(past: PastShop) -> None:
    old = past.order(ALICE, SMALL, at=datetime(2024, 5, 1, tzinfo=UTC))
    meant = past.order(ALICE, SMALL, at=datetime(2025, 5, 1, tzinfo=UTC))
    new = past.order(ALICE, SMALL, at=datetime(2026, 1, 1, tzinfo=UTC))

    for way in Way:
        report = backfill(past.bridge, way, since=datetime(2025, 1, 1, tzinfo=UTC))
        assert report.read == 1

    assert past.site.booked(meant) == 10_000
    assert past.site.order(old) is None
    assert past.site.order(new) is None, "the worker's"


def test_an_order_seen_before_is_let_in_and_stays(past: PastShop) -> None:
    """The worker has judged it as completed too early; afterwards it takes it as any other."""
    order_id = past.order(ALICE, SMALL)
    poll_shop(past.bridge.import_context(), past.bridge.shop)
    past.shop.touch(order_id)
    poll_shop(past.bridge.import_context(), past.bridge.shop)

    backfill(past.bridge)
    assert past.site.booked(order_id) == 10_000

    past.shop.set_status(order_id, "cancelled")
    poll_shop(past.bridge.import_context(), past.bridge.shop)
    assert past.site.booked(order_id) == 0
    past.site.assert_balanced()


def test_a_guests_past_order_is_granted_when_it_is_assigned(past: PastShop) -> None:
    order_id = past.order(0, SMALL)
    backfill(past.bridge)
    past.site.run("UPDATE wp_aipkit_bridge_orders SET look_again_at = UTC_TIMESTAMP(6)")
    look_again(past.bridge.import_context(), past.bridge.shop)
    row = past.site.assert_order(order_id)
    assert row["state"] == "unclaimed", "it is not shut out at its next look"

    assign_order(past.bridge.db, OrderId(order_id), UserId(BOB), by="test")
    look_again(past.bridge.import_context(), past.bridge.shop)

    assert past.site.booked(order_id) == 10_000
    assert past.site.balance(BOB) == past.balances[BOB] + 10_000


def test_a_fetch_that_came_between_does_not_shut_an_order_out(
    past: PastShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker fetches after the backfill has read, and judges before it is let in."""
    order_id = past.order(ALICE, SMALL)
    lock_let_in = order_rows.lock_let_in
    worked: list[int] = []

    def after_the_worker(tx: Any, ids: Any) -> Any:
        if not worked:
            work()
        return lock_let_in(tx, ids)

    def work() -> None:
        worked.append(order_id)
        context = past.bridge.import_context()
        number = next_fetch_number(context.db)
        item = past.bridge.shop.get_order(OrderId(order_id), fetch_number=number)
        import_orders(context, [item], fetch_number=number)

    monkeypatch.setattr(order_rows, "lock_let_in", after_the_worker)
    report = backfill(past.bridge)

    assert past.site.booked(order_id) == 10_000
    assert report.orders[Outcome.GRANTED] == 1


def test_two_at_once_beside_a_worker_grant_nothing_twice(past: PastShop) -> None:
    ids = past.orders(60)
    bridges = [past.site.bridge(past.running.url) for _ in range(3)]

    def poll(bridge: Bridge) -> None:
        for _ in range(3):
            for order_id in ids[::7]:
                past.shop.touch(order_id)
            poll_shop(bridge.import_context(), bridge.shop)

    threads = [Thread(target=backfill, args=(bridge,)) for bridge in bridges[:2]]
    threads.append(Thread(target=poll, args=(bridges[2],)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    past.assert_each_granted_once(ids)


def test_a_run_that_is_killed_twice_goes_on_and_grants_each_once(
    past: PastShop, tmp_path: Path
) -> None:
    ids = past.orders(3 * CHUNK)
    config = write_config(tmp_path, past.site, past.running.url)
    for part in (20, CHUNK + 20):
        process = spawn(config, "backfill", "--apply")
        past.wait_until_granted(part)
        process.kill()
        finish(process, 30)

    kept = json.loads(
        past.site.value("SELECT value FROM wp_aipkit_bridge_state WHERE name = 'backfill.0'")
    )
    assert CHUNK <= kept["passed"] < len(ids), "what is behind it is not read again"
    code, out, errors = finish(spawn(config, "backfill", "--apply"), 120)

    assert code == 0, errors
    assert "Done." in out
    assert f"{len(ids):,}" in out, "what earlier runs read is told with it"
    past.assert_each_granted_once(ids)


def test_a_row_that_is_made_meanwhile_is_locked_and_judged(
    past: PastShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of new orders are written once, at the end: somebody else may have been quicker."""
    ids = past.orders(3)
    beside = past.site.bridge(past.running.url)
    lock_let_in = order_rows.lock_let_in

    def hint_after_it(tx: Any, order_ids: Any) -> Any:
        locked = lock_let_in(tx, order_ids)
        if not past.site.order(ids[1]):
            beside.db.transaction(lambda other: orders.hint(other, OrderId(ids[1])))
        return locked

    monkeypatch.setattr(order_rows, "lock_let_in", hint_after_it)
    report = backfill(past.bridge)

    assert report.orders[Outcome.GRANTED] == 3
    past.assert_each_granted_once(ids)


def test_a_shop_that_fails_ends_it_and_the_next_run_goes_on(past: PastShop) -> None:
    ids = past.orders(120)
    asked: list[SeenRequest] = []

    def fail_after_the_first(seen: SeenRequest) -> Fault | None:
        asked.append(seen)
        return Fault.server_error() if len(asked) > 1 else None

    past.shop.faults = fail_after_the_first
    with pytest.raises(ShopError):
        backfill(past.bridge, Way.REST)
    past.shop.faults = []
    reached = past.granted()

    backfill(past.bridge, Way.REST)

    assert reached == 100, "a page"
    past.assert_each_granted_once(ids)


def test_what_the_shop_cannot_send_is_listed_and_stops_no_other(past: PastShop) -> None:
    broken, whole = past.order(ALICE, SMALL), past.order(BOB, SMALL)
    past.shop.odd.poisoned[broken] = Fault.server_error()
    foreseen = backfill(past.bridge, Way.REST, apply=False)

    report = backfill(past.bridge, Way.REST)

    assert foreseen == report
    assert report.asking == {"unreadable": 1}
    assert past.site.booked(whole) == 10_000


def test_mugs_leave_no_trace(past: PastShop) -> None:
    order_id = past.order(ALICE, MUG)

    report = backfill(past.bridge)

    assert past.site.order(order_id) is None
    assert report.orders == {Outcome.NO_PACKAGE: 1}


def test_a_shop_that_is_elsewhere_is_read_by_rest(past: PastShop, tmp_path: Path) -> None:
    order_id = past.order(ALICE, BIG)
    config = write_config(tmp_path, past.site, past.running.url)
    past.site.run("DROP TABLE wp_wc_orders")

    code, _, errors = finish(spawn(config, "backfill"), 30)
    assert (code, "--via rest" in errors) == (2, True)

    code, _, errors = finish(spawn(config, "backfill", "--via", "rest", "--apply"), 30)
    assert code == 0, errors
    assert past.site.booked(order_id) == 100_000


@pytest.mark.parametrize("since", ["yesterday", "2026-01-02", "2030-01-01T00:00:00Z"])
def test_a_date_that_cannot_be_meant_is_refused(
    past: PastShop, tmp_path: Path, since: str
) -> None:
    config = write_config(tmp_path, past.site, past.running.url)

    code, out, errors = finish(spawn(config, "backfill", "--since", since), 30)

    assert (code, out) == (2, "")
    assert errors.startswith("aipkit-bridge: --since: ")


def test_the_command_tells_what_it_would_do_and_what_it_did(
    past: PastShop, tmp_path: Path
) -> None:
    past.order(ALICE, SMALL)
    past.order(0, BIG)
    config = write_config(tmp_path, past.site, past.running.url)

    dry = finish(spawn(config, "backfill"), 30)
    done = finish(spawn(config, "backfill", "--apply"), 30)

    assert (dry[0], done[0]) == (0, 0), dry[2] + done[2]
    assert "would be granted" in dry[1]
    assert "with --apply" in dry[1]
    lines = [" ".join(line.split()) for line in done[1].splitlines()]
    assert "granted 1 10,000" in lines
    assert "guests', to be assigned 1 100,000" in lines
