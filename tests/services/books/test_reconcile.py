"""Comparing the books: what is wrong is found, what is right never is, and repairs stay safe."""

from itertools import count
from threading import Event, Thread

import pytest

from bridge.jobs.runner import Leadership, run_job
from bridge.jobs.scheduler import timetable
from bridge.services.ask_worker import RECONCILE, ask
from bridge.services.books.reconcile import reconcile, reconcile_is_due
from bridge.wiring import Bridge
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.world import ALICE, BOB, World

FINDINGS = "SELECT * FROM wp_aipkit_bridge_findings ORDER BY finding_id"


@pytest.fixture
def booked(world: World) -> World:
    """A world with bookings of every kind: granted, taken back, granted again; and a hold."""
    first, second = world.order(), world.order(BOB)
    world.poll()
    for status in ("cancelled", "completed"):
        world.shop.set_status(second, status)
        world.poll()
    world.site.hold(ALICE, 300)
    assert world.site.booked(first) == world.site.booked(second) == 10_000
    return world


def ten_minutes_later(world: World) -> None:
    world.site.run(
        "UPDATE wp_aipkit_bridge_ledger_state"
        " SET differs_since = differs_since - INTERVAL 601 SECOND"
    )


def kinds(world: World) -> list[str]:
    return [row["kind"] for row in world.site.rows(FINDINGS)]


def test_books_that_agree_leave_nothing_behind(booked: World) -> None:
    done = reconcile(booked.bridge.db)

    assert (done.noticed, done.findings, done.repaired) == (0, 0, 0)
    assert (done.balances, done.orders, done.accounts) == (2, 2, 2)
    assert kinds(booked) == []


def test_an_order_that_somebody_else_granted_agrees(world: World) -> None:
    order_id = world.order()
    world.site.run(
        "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, operation, entry_type,"
        " credits_delta, idempotency_key) VALUES (%s, 'user', 'woocommerce', 'purchase',"
        " 'purchase', 777, %s)",
        (ALICE, f"woocommerce_order_{order_id}_purchase"),
    )
    world.poll()
    world.shop.set_status(order_id, "refunded")
    world.poll()
    world.site.assert_order(order_id, adopted_credits=777)

    assert reconcile(world.bridge.db).findings == 0


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE wp_usermeta SET meta_value = meta_value + 5"
        " WHERE user_id = 2 AND meta_key = '_aipkit_token_balance'",
        "UPDATE wp_aipkit_token_ledger SET credits_delta = credits_delta - 5"
        " WHERE user_id = 2 AND entry_type = 'usage'",
    ],
    ids=["balance", "ledger"],
)
def test_a_balance_that_stays_unexplained_for_ten_minutes_is_a_finding(
    booked: World, damage: str
) -> None:
    booked.site.run(
        "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, operation, entry_type,"
        " credits_delta) VALUES (2, 'user', 'chat', 'chat', 'usage', 0)"
    )
    settle_all(booked)
    booked.site.run(damage)

    first = reconcile(booked.bridge.db)
    assert (first.noticed, first.findings) == (1, 0)
    booked.site.assert_balanced()
    ten_minutes_later(booked)
    second, third = reconcile(booked.bridge.db), reconcile(booked.bridge.db)

    assert (second.noticed, second.findings, third.findings) == (0, 1, 0)
    (finding,) = booked.site.rows(FINDINGS)
    assert (finding["kind"], finding["user_id"]) == ("foreign_change", ALICE)
    assert "5" in finding["evidence"]


def test_a_wrong_figure_of_the_bridges_own_is_measured_afresh(booked: World) -> None:
    settle_all(booked)
    booked.site.run("UPDATE wp_aipkit_bridge_ledger_state SET unledgered = 5 WHERE user_id = 2")

    noticed = [reconcile(booked.bridge.db).noticed for _ in range(2)]

    assert noticed == [1, 0]
    booked.site.assert_balanced()


def settle_all(world: World) -> None:
    """Let the first measure of each account be settled."""
    ten_minutes_later(world)
    reconcile(world.bridge.db)
    assert kinds(world) == []


def test_a_row_that_comes_late_explains_the_balance(booked: World) -> None:
    settle_all(booked)
    booked.site.set_balance(ALICE, booked.site.balance(ALICE) - 40)
    assert reconcile(booked.bridge.db).noticed == 1
    booked.site.run(
        "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, operation, entry_type,"
        " credits_delta) VALUES (2, 'user', 'chat', 'chat', 'usage', -40)"
    )

    ten_minutes_later(booked)
    done = reconcile(booked.bridge.db)

    assert (done.noticed, done.findings) == (0, 0)
    assert kinds(booked) == []


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM wp_aipkit_token_ledger WHERE operation = 'clawback'",
        "UPDATE wp_aipkit_token_ledger SET credits_delta = 1 WHERE operation = 'regrant'",
        "UPDATE wp_aipkit_bridge_orders SET granted = granted + 1 WHERE regrants > 0",
        "DELETE FROM wp_aipkit_token_ledger WHERE operation IN ('clawback', 'regrant')",
    ],
)
def test_an_order_that_its_rows_do_not_add_up_to_is_one_finding(
    booked: World, damage: str
) -> None:
    booked.site.run(damage)

    first, second = reconcile(booked.bridge.db), reconcile(booked.bridge.db)

    assert (first.findings, second.findings) == (1, 0)
    (finding,) = booked.site.rows(FINDINGS)
    assert (finding["kind"], finding["user_id"]) == ("order_ledger_mismatch", BOB)


def test_wrong_counts_of_holds_are_told_and_repaired_when_asked(booked: World) -> None:
    booked.site.run("UPDATE wp_aipkit_bridge_accounts SET held = held + 7 WHERE user_id = 2")
    booked.site.run(
        "INSERT INTO wp_aipkit_bridge_guests (session_id, open_holds, changed_at)"
        " VALUES ('lost', 2, NOW()), ('well', 0, NOW())"
    )

    told, again = reconcile(booked.bridge.db), reconcile(booked.bridge.db)
    repaired = reconcile(booked.bridge.db, spending=booked.bridge.spending)

    assert (told.findings, again.findings) == (2, 0)
    assert kinds(booked) == ["holds_mismatch", "holds_mismatch"]
    assert (repaired.findings, repaired.repaired) == (0, 2)
    row = booked.site.rows("SELECT * FROM wp_aipkit_bridge_accounts WHERE user_id = 2")[0]
    assert (row["held"], row["open_holds"]) == (300, 1)
    assert booked.site.value("SELECT SUM(open_holds) FROM wp_aipkit_bridge_guests") == 0


def test_repairs_leave_balances_and_ledger_alone(booked: World) -> None:
    booked.site.set_balance(ALICE, 1)
    before = booked.site.ledger()

    reconcile(booked.bridge.db, spending=booked.bridge.spending)

    assert booked.site.balance(ALICE) == 1
    assert booked.site.ledger() == before


def test_a_deleted_user_is_no_finding(booked: World) -> None:
    booked.site.run("DELETE FROM wp_usermeta WHERE user_id = 2")
    booked.site.run("DELETE FROM wp_users WHERE ID = 2")

    reconcile(booked.bridge.db)
    ten_minutes_later(booked)

    assert reconcile(booked.bridge.db).findings == 0


def test_chunks_miss_nobody(booked: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.services.books.comparing._CHUNK", 1)
    heard: list[tuple[str, int]] = []

    reconcile(booked.bridge.db, progress=lambda what, number: heard.append((what, number)))

    assert heard == [(what, n) for what in ("balances", "orders", "accounts") for n in (1, 2)]


def test_nothing_false_is_found_while_everybody_spends(booked: World) -> None:
    over = Event()
    spender = booked.with_settings(security=api_key("usage")).bridge
    threads = [Thread(target=spend, args=(spender, n, over)) for n in range(4)]
    for thread in threads:
        thread.start()

    done = [reconcile(booked.bridge.db)]
    while uses(booked) < 20 and len(done) < 1000:
        done.append(reconcile(booked.bridge.db))
    over.set()
    for thread in threads:
        thread.join()

    assert {(one.noticed, one.findings) for one in done} == {(0, 0)}
    assert kinds(booked) == []
    assert done[-1].answers > 0
    assert uses(booked) >= 20, "there was spending to look at"


def uses(world: World) -> int:
    sql = "SELECT COUNT(*) FROM wp_aipkit_token_ledger WHERE entry_type = 'usage'"
    return int(world.site.value(sql))


def spend(bridge: Bridge, number: int, over: Event) -> None:
    """Record, hold and commit for Alice until told to stop."""
    client = create_app(bridge).test_client()
    asked = {"actor": {"user_id": ALICE}, "module": "image_generator", "units": 1}
    for turn in count():
        if over.is_set():
            return
        headers = {**bearer(API_KEY), "Idempotency-Key": f"{number}-{turn}"}
        client.post("/v1/usage/record", headers=headers, json=asked)
        hold = client.post("/v1/holds", headers=headers, json=asked).json
        assert hold is not None
        client.post(f"/v1/holds/{hold['hold_id']}/commit", headers=headers, json={"units": 2})


def test_the_job_runs_once_a_day_and_when_it_is_asked_for(booked: World) -> None:
    bridge = booked.bridge
    leadership = Leadership(bridge, "host:1")
    leadership.renew()
    (job,) = [job for job in timetable(bridge) if job.name == "reconcile"]

    def runs() -> int:
        run_job(bridge, leadership, job)
        sql = "SELECT runs FROM wp_aipkit_bridge_jobs WHERE name = 'reconcile'"
        return int(booked.site.value(sql))

    assert reconcile_is_due(bridge.db)
    assert [runs(), runs()] == [1, 1]
    ask(bridge.db, RECONCILE)
    assert [runs(), runs()] == [2, 2]
