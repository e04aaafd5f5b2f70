"""What callers were told is there; what should have ended by itself has."""

from collections.abc import Callable

import pytest

from bridge.domain.accounts import Account
from bridge.services.books.comparing import Reconciliation
from bridge.services.books.reconcile import reconcile
from tests.support.site import USERS, SiteDatabase
from tests.support.spending import Desk

BOB = USERS["bob"]
LEDGER = "wp_aipkit_token_ledger"


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    desk = Desk(site)
    desk.give(100)
    return desk


def compare(desk: Desk, *, repair: bool = False) -> Reconciliation:
    spending = desk.bridge.spending if repair else None
    return reconcile(desk.bridge.db, spending=spending)


def findings(desk: Desk) -> list[dict[str, object]]:
    return desk.site.rows("SELECT * FROM wp_aipkit_bridge_findings ORDER BY finding_id")


def forget_row(desk: Desk, entry_id: str) -> None:
    """As a cluster did that lost a part of a transaction; balances are another comparison's."""
    desk.site.run(f"DELETE FROM {LEDGER} WHERE id = %s", (entry_id.removeprefix("led_"),))


def a_record(desk: Desk) -> None:
    forget_row(desk, desk.record(units=30)["entry_id"])


def a_row_of_somebody_else(desk: Desk) -> None:
    told = desk.record(units=30)["entry_id"].removeprefix("led_")
    desk.site.run(f"UPDATE {LEDGER} SET user_id = %s WHERE id = %s", (USERS["alice"], told))


def a_hold(desk: Desk) -> None:
    desk.hold(units=30)
    desk.site.run("DELETE FROM wp_aipkit_bridge_holds")
    desk.site.run("UPDATE wp_aipkit_bridge_accounts SET held = 0, open_holds = 0")


def a_commit(desk: Desk) -> None:
    forget_row(desk, desk.commit(desk.hold(units=30), units=20)["entry_id"])


def a_charge(desk: Desk) -> None:
    hold = desk.hold(units=30, ttl_seconds=10, on_expiry="charge")
    desk.advance(11)
    desk.record(units=0)  # whoever looks at the account lets it end
    key = f"aipkit_bridge_{hold['hold_id']}_charge"
    desk.site.run(f"DELETE FROM {LEDGER} WHERE idempotency_key = %s", (key,))


@pytest.mark.parametrize("lose", [a_record, a_hold, a_commit, a_charge, a_row_of_somebody_else])
def test_an_answer_whose_booking_is_gone_is_one_finding(
    desk: Desk, lose: Callable[[Desk], None]
) -> None:
    lose(desk)

    first, second = compare(desk), compare(desk)

    assert (first.findings, second.findings) == (1, 0)
    (finding,) = findings(desk)
    assert (finding["kind"], finding["user_id"]) == ("answer_without_booking", BOB)
    assert f"user {BOB}" in str(finding["summary"])
    assert "by hand" in str(finding["summary"])


def test_it_is_no_news_once_a_person_has_dealt_with_it(desk: Desk) -> None:
    a_record(desk)
    compare(desk)
    desk.site.run("UPDATE wp_aipkit_bridge_findings SET resolved_at = UTC_TIMESTAMP(6)")

    assert compare(desk).findings == 0


def test_many_answers_without_bookings_are_told_some_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.services.books.compare_answers.MOST_A_RUN", 2)
    for _ in range(5):
        a_record(desk)

    assert [compare(desk).findings for _ in range(4)] == [2, 2, 1, 0]


def test_answers_of_a_deleted_user_and_of_another_site_are_no_finding(desk: Desk) -> None:
    a_record(desk)
    desk.site.run("UPDATE wp_aipkit_bridge_idempotency SET site = 'wp_2_'")
    assert compare(desk).findings == 0
    desk.site.run("UPDATE wp_aipkit_bridge_idempotency SET site = 'wp_'")
    desk.site.run("DELETE FROM wp_users WHERE ID = %s", (BOB,))

    assert compare(desk).findings == 0


def test_answers_that_promise_no_row_are_right_without(desk: Desk) -> None:
    desk.record(units=0)
    desk.try_hold(units=5_000)
    desk.commit(desk.hold(units=1), units=0)
    guest = desk.of_guest("visitor")
    guest.record(units=3)
    guest.commit(guest.hold(units=3), units=2)

    assert compare(desk).findings == 0


def failing_for(user_id: int) -> Callable[[Account], None]:
    expire = Account.expire

    def fail(account: Account) -> None:
        if account.actor.user_id == user_id:
            raise RuntimeError("as a defect would")
        expire(account)

    return fail


def overdue(desk: Desk, seconds: float, **fields: object) -> dict[str, object]:
    hold = desk.hold(units=30, ttl_seconds=10, **fields)
    desk.advance(10 + seconds)
    return hold


def test_a_hold_that_nobody_ends_is_a_finding(desk: Desk) -> None:
    overdue(desk, 31)
    overdue(desk.of_guest("visitor"), 31)

    first, second = compare(desk), compare(desk)

    assert (first.findings, second.findings) == (2, 0)
    assert [(row["kind"], row["user_id"]) for row in findings(desk)] == [
        ("hold_overdue", BOB),
        ("hold_overdue", None),
    ]


def test_a_hold_that_a_worker_may_be_ending_is_none(desk: Desk) -> None:
    overdue(desk, 29)
    assert compare(desk).findings == 0
    desk.site.run(
        "INSERT INTO wp_aipkit_bridge_leases (name, owner, token, expires_at)"
        " VALUES ('worker', 'busy', 1, '2027-01-01')"
        " ON DUPLICATE KEY UPDATE expires_at = '2027-01-01'"
    )
    desk.advance(500)
    assert compare(desk).findings == 0

    desk.advance(100)

    assert compare(desk).findings == 1


@pytest.mark.parametrize("on_expiry", ["release", "charge"])
def test_repair_lets_overdue_holds_end_in_the_ordinary_way(desk: Desk, on_expiry: str) -> None:
    hold = overdue(desk, 31, on_expiry=on_expiry)

    done = compare(desk, repair=True)

    assert (done.findings, done.repaired) == (0, 1)
    assert desk.state(hold) == ("charged" if on_expiry == "charge" else "expired")
    desk.assert_booked(-30 if on_expiry == "charge" else 0)


def test_what_repair_cannot_end_is_a_finding(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    overdue(desk, 31)
    guest = desk.of_guest("visitor")
    ended = overdue(guest, 31)
    monkeypatch.setattr(Account, "expire", failing_for(BOB))

    done = compare(desk, repair=True)

    assert (done.findings, done.repaired) == (1, 1)
    assert [row["kind"] for row in findings(desk)] == ["hold_overdue"]
    assert guest.state(ended) == "expired"
