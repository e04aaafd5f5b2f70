"""The job that lets holds end on accounts where nobody spends."""

import pytest

from bridge.domain.accounts import Account
from bridge.domain.ids import Actor
from bridge.services.spending.expire_holds import HoldsStuckError, expire_holds, holds_are_due
from tests.support.site import USERS, SiteDatabase
from tests.support.spending import Desk


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    return Desk(site)


def run(desk: Desk) -> int:
    return expire_holds(desk.bridge.db, desk.bridge.spending)


def test_holds_end_by_their_own_policy_once(desk: Desk) -> None:
    desk.give(100)
    released = desk.hold(units=30, ttl_seconds=10)
    charged = desk.hold(units=60, ttl_seconds=20, on_expiry="charge")
    kept = desk.hold(units=5, ttl_seconds=600)
    guest = desk.of_guest("visitor")
    guest.hold(units=70, ttl_seconds=20, on_expiry="charge")
    desk.advance(30)

    assert [run(desk), run(desk)] == [2, 0]

    states = [desk.state(hold) for hold in (released, charged, kept)]
    assert states == ["expired", "charged", "open"]
    assert desk.figures()["balance"] == 40
    assert guest.guest_figures()["used"] == 70
    rows = desk.ledger()
    assert [(row["operation"], row["credits_delta"]) for row in rows] == [
        ("hold_expired", -60),
        ("hold_expired", 0),
    ]
    desk.assert_booked(-60)


def test_nothing_is_due_before_its_time(desk: Desk) -> None:
    desk.hold(units=30, ttl_seconds=10)

    assert not holds_are_due(desk.bridge.db)
    desk.advance(10)
    assert holds_are_due(desk.bridge.db)


def test_holds_of_a_deleted_user_end_without_a_charge(desk: Desk, site: SiteDatabase) -> None:
    hold = desk.hold(units=30, ttl_seconds=10, on_expiry="charge")
    site.run("DELETE FROM wp_users WHERE ID = %s", (USERS["bob"],))
    desk.advance(10)

    run(desk)

    assert desk.state(hold) == "expired"
    assert not holds_are_due(desk.bridge.db)
    assert (desk.account_row()["held"], desk.account_row()["open_holds"]) == (0, 0)
    assert desk.ledger() == []


def test_another_sites_holds_are_its_own_to_charge(desk: Desk, site: SiteDatabase) -> None:
    """Sites that share users reserve of one balance; each books on its own limits and ledger."""
    desk.give(100)
    for on_expiry in ("release", "charge"):
        desk.hold(units=40, ttl_seconds=10, on_expiry=on_expiry)
    site.run("UPDATE wp_aipkit_bridge_holds SET site = 'wp_2_'")
    assert desk.figures()["available"] == 20

    desk.advance(10)

    assert run(desk) == 0
    assert desk.figures()["available"] == 60  # what is to be charged there stays reserved
    assert desk.record(units=70)["from_balance"] == 60


def test_an_account_whose_holds_cannot_end_is_named_and_leaves_the_others_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = Actor(session_id="middle")
    guests = [desk.of_guest(name) for name in ("first", "middle", "last")]
    holds = [guest.hold(units=10, ttl_seconds=10) for guest in guests]
    desk.advance(11)
    expire = Account.expire

    def fail(account: Account) -> None:
        if account.actor == bad:
            raise RuntimeError("as a defect would")
        expire(account)

    with monkeypatch.context() as patch:
        patch.setattr(Account, "expire", fail)
        with pytest.raises(HoldsStuckError, match="a guest"):
            run(desk)

    left = desk.site.rows("SELECT session_id FROM wp_aipkit_bridge_holds WHERE state = 'open'")
    assert [row["session_id"] for row in left] == ["middle"]
    assert run(desk) == 1
    assert [desk.state(hold) for hold in holds] == ["expired"] * 3
