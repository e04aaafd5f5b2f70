"""In every job, what fails with one item is told and left: all other items are done."""

from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.domain.accounts import Account
from bridge.domain.bulks import BulkState
from bridge.domain.import_lines import ImportLine
from bridge.jobs.runner import Leadership, run_job
from bridge.jobs.scheduler import timetable
from bridge.services.accounts import keep_summaries
from bridge.services.books import settle_differences
from bridge.services.bulk import read as read_bulk
from bridge.services.events import deliver as deliver_events
from bridge.services.events import watch as watch_events
from bridge.services.orders import annotate as annotate_orders
from bridge.services.orders import import_orders
from bridge.services.spending.adjust import Adjustment
from bridge.store import findings, idempotency
from bridge.wiring import Bridge
from tests.support.bulks import add_crowd, give, read_file
from tests.support.client import api_key
from tests.support.receiver import Receiver, receiving
from tests.support.site import SiteDatabase
from tests.support.spending import BOT, Desk
from tests.support.world import ALICE, World

FIRST, MIDDLE, LAST = CROWD = range(1001, 1004)


class DefectError(Exception):
    """As a defect of ours would raise."""


def run(bridge: Bridge, name: str) -> str:
    """Run a job of the timetable as the worker does; return what the status page says of it."""
    leadership = Leadership(bridge, "host:1")
    leadership.renew()
    (job,) = [job for job in timetable(bridge) if job.name == name]
    with capture_logs():  # tracebacks in colours take seconds
        run_job(bridge, leadership, job)
    with bridge.db.reading() as tx:
        row = tx.one("SELECT last_error FROM {p}aipkit_bridge_jobs WHERE name = %s", (name,))
    assert row is not None
    return str(row["last_error"])


@pytest.fixture
def fail_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let a function raise for the calls that are about the middle one."""

    def patch(owner: object, name: str, is_middle: Callable[..., bool]) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        def failing(*args: Any, **named: Any) -> Any:
            if is_middle(*args, **named):
                raise DefectError
            return real(*args, **named)

        monkeypatch.setattr(owner, name, failing)

    return patch


FailAt = Callable[[object, str, Callable[..., bool]], None]


def test_annotating_orders(world: World, fail_at: FailAt) -> None:
    ids = [world.order() for _ in range(3)]
    world.poll()
    fail_at(annotate_orders, "_annotate", lambda _db, _shop, one: one.order_id == ids[1])

    error = run(world.bridge, "annotate_orders")

    assert f"order {ids[1]}" in error
    noted = [any("[aipkit-bridge " in n["note"] for n in world.shop.notes(i)) for i in ids]
    assert noted == [True, False, True]


def listening(world: World, receiver: Receiver) -> World:
    told = world.with_settings(webhooks=[receiver.setting()])
    run(told.bridge, "watch_events")
    for _ in range(3):
        told.order()
    told.poll()
    return told


def test_finding_events(world: World, fail_at: FailAt) -> None:
    with receiving() as receiver:
        told = listening(world, receiver)
        newest = told.site.ledger()[-2:]
        fail_at(watch_events, "events_of", lambda one, _: one.row.entry_id == newest[0]["id"])

        error = run(told.bridge, "watch_events")

        assert f"led_{newest[0]['id']}" in error
        assert told.site.value("SELECT COUNT(*) FROM wp_aipkit_bridge_events") == 2


def test_delivering_events(world: World, fail_at: FailAt) -> None:
    with receiving() as receiver:
        told = listening(world, receiver)
        run(told.bridge, "watch_events")
        middle = told.site.value("SELECT event_id FROM wp_aipkit_bridge_events LIMIT 1, 1")
        fail_at(deliver_events, "_deliver", lambda _db, _hook, one, _url: one.event_id == middle)

        error = run(told.bridge, "deliver_events")

        assert f"event {middle}" in error
        assert len(receiver.arrived) == 2


def others_changed(site: SiteDatabase) -> None:
    """Another program has changed the balances of the crowd."""
    add_crowd(site, FIRST, LAST)
    site.run(
        "INSERT INTO wp_aipkit_bridge_ledger_state (user_id, unledgered, settled, balance_seen)"
        " SELECT seq, 90, 90, 90 FROM seq_1001_to_1003"
    )


def test_noticing_and_settling_differences(site: SiteDatabase, fail_at: FailAt) -> None:
    bridge = site.bridge()
    others_changed(site)
    fail_at(settle_differences, "notice", lambda _, user: user == MIDDLE)

    error = run(bridge, "settle_differences")
    site.run("UPDATE wp_aipkit_bridge_ledger_state SET differs_since = '2020-01-01'")
    fail_at(settle_differences, "_settle", lambda _, user: user == MIDDLE)
    run(bridge, "settle_differences")

    assert f"user {MIDDLE}" in error
    found = [r["user_id"] for r in site.rows("SELECT user_id FROM wp_aipkit_bridge_findings")]
    assert sorted(found) == [FIRST, LAST]


def test_comparing_the_books(site: SiteDatabase, fail_at: FailAt) -> None:
    bridge = site.bridge()
    add_crowd(site, FIRST, LAST)
    site.run(
        "INSERT INTO wp_aipkit_bridge_accounts (user_id, held, created_at, changed_at)"
        " SELECT seq, 7, NOW(), NOW() FROM seq_1001_to_1003"
    )
    fail_at(findings, "record", lambda *_, **named: named["user_id"] == MIDDLE)

    error = run(bridge, "reconcile")

    assert "1 could not be compared" in error
    found = [r["user_id"] for r in site.rows("SELECT user_id FROM wp_aipkit_bridge_findings")]
    assert sorted(found) == [FIRST, LAST]


def three_guests(desk: Desk) -> list[Desk]:
    return [desk.of_guest(name) for name in ("first", "middle", "last")]


def is_middle_guest(account: Account, *_: object) -> bool:
    return account.actor.session_id == "middle"


def test_ending_holds(site: SiteDatabase, fail_at: FailAt) -> None:
    desk = Desk(site)
    held = [guest.hold(units=10, ttl_seconds=10) for guest in three_guests(desk)]
    desk.advance(11)
    fail_at(Account, "expire", is_middle_guest)

    error = run(desk.bridge, "expire_holds")

    assert "a guest" in error
    states = "SELECT state FROM wp_aipkit_bridge_holds WHERE hold_id = UNHEX(%s)"
    ids = [hold["hold_id"].removeprefix("hold_") for hold in held]
    assert [site.value(states, (name,)) for name in ids] == ["expired", "open", "expired"]


def test_turning_periods(site: SiteDatabase, fail_at: FailAt) -> None:
    desk = Desk(site)
    guests_desks = three_guests(desk)
    for guest in guests_desks:
        guest.record(units=10)
    desk.advance(24 * 3600)
    fail_at(Account, "turn_period", is_middle_guest)

    error = run(desk.bridge, "reset_periods")

    assert "middle" in error
    used = (
        "SELECT tokens_used FROM wp_aipkit_guest_token_usage WHERE session_id = %s AND bot_id = %s"
    )
    names = ("first", "middle", "last")
    assert [site.value(used, (name, BOT)) for name in names] == [0, 10, 0]


def test_keeping_the_list_of_accounts(site: SiteDatabase, fail_at: FailAt) -> None:
    bridge = site.bridge()
    add_crowd(site, FIRST, LAST)
    fail_at(keep_summaries, "_wanted", lambda user, *_: user == MIDDLE)

    errors = [run(bridge, "keep_summaries") for _ in range(2)]

    assert all(f"user {MIDDLE}" in error for error in errors)
    listed = site.rows("SELECT user_id FROM wp_aipkit_bridge_summaries WHERE user_id > 1000")
    assert sorted(row["user_id"] for row in listed) == [FIRST, LAST]


def test_reading_a_file_of_changes(site: SiteDatabase, fail_at: FailAt) -> None:
    bridge = site.bridge()
    add_crowd(site, FIRST, LAST)
    fail_at(ImportLine, "delta_of", lambda line, _: line.user_id == MIDDLE)

    bulk = read_file(bridge, "user_id,change\n1001,5\n1002,5\n1003,5\n")

    assert (bulk.state, bulk.ready_lines, bulk.wrong_lines) == (BulkState.READY, 2, 1)


def test_booking_many_accounts(site: SiteDatabase, fail_at: FailAt) -> None:
    bridge = site.bridge()
    add_crowd(site, FIRST, LAST)
    give(bridge, CROWD, credits=7)
    fail_at(Adjustment, "decide", lambda adjustment, _: adjustment.user_id == MIDDLE)

    run(bridge, "book_bulks")

    assert [site.balance(user) for user in CROWD] == [107, 100, 107]


def test_a_file_of_changes_that_cannot_be_read_stops_none_behind_it(
    site: SiteDatabase, fail_at: FailAt
) -> None:
    bridge = site.bridge()
    add_crowd(site, FIRST, LAST)
    bulks = iter(range(2))
    fail_at(read_bulk, "judge_lines", lambda *_: next(bulks) == 0)

    bad, good = (read_file(bridge, "user_id,change\n1001,5\n") for _ in range(2))

    assert (bad.state, good.ready_lines) == (BulkState.READY, 1)
    assert "see the log" in bad.error


def test_deleting_what_is_old(site: SiteDatabase, fail_at: FailAt) -> None:
    bridge = site.bridge(security=api_key("usage"))
    site.run(
        "INSERT INTO wp_aipkit_bridge_guests (session_id, open_holds, changed_at)"
        " VALUES ('idle', 0, '2020-01-01')"
    )
    fail_at(idempotency, "prune", lambda *_: True)

    error = run(bridge, "prune")

    assert "answers" in error
    assert site.rows("SELECT * FROM wp_aipkit_bridge_guests") == []


def test_orders(world: World, fail_at: FailAt) -> None:
    ids = [world.order(ALICE) for _ in range(3)]
    fail_at(import_orders, "parse_order", lambda item, *_, **__: item["id"] == ids[1])

    run(world.bridge, "poll_shop")

    assert [world.site.booked(order_id) for order_id in ids] == [10_000, 0, 10_000]


COVERED = {
    "annotate_orders", "settle_differences", "reconcile", "expire_holds", "reset_periods",
    "keep_summaries", "read_bulks", "book_bulks", "prune", "poll_shop", "watch_events",
    "deliver_events",
}  # fmt: skip
BY_OTHERS = {
    "poll_when_asked": "what poll_shop does, sooner",
    "look_again": "what poll_shop does with orders whose time has come",
    "correct_sums": "one statement",
    "keep_usage_slots": "sums by time, nothing of one item",
    "keep_user_days": "sums by time, nothing of one item",
    "prune_sign_ins": "one statement",
}


def test_a_new_job_gets_a_test_here(site: SiteDatabase) -> None:
    assert {job.name for job in timetable(site.bridge())} == COVERED | BY_OTHERS.keys()
