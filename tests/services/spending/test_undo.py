"""Rows that are taken back: once each, whoever asks how often, whatever dies in between."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cachetools import TTLCache

from bridge.domain.answers import Adjusted
from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Actor, Credits, UserId
from bridge.services.books.reconcile import reconcile
from bridge.services.spending.adjust import Adjustment, BalanceTooSmallError, ByDelta, adjust
from bridge.services.spending.outcomes import Receipt
from bridge.services.spending.reset_usage import reset_usage
from bridge.services.spending.undo import UndoRequest, undo
from bridge.store import db as store_db
from tests.support.deaths import Died, cut_at, dying_at
from tests.support.site import SITE_URL, USERS, SiteDatabase
from tests.support.spending import BOT, Desk

BOB = UserId(USERS["bob"])


@pytest.fixture
def desk(site: SiteDatabase, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Bob has 500; the site is read once, so that no statement is by chance."""
    desk = Desk(site)
    desk.give(500)
    monkeypatch.setattr(desk.bridge.site, "_kept", TTLCache(1, float("inf")))
    monkeypatch.setattr(store_db, "_LOST_PAUSE_S", 0)
    desk.bridge.site.get()
    return desk


def by_hand(desk: Desk, delta: int) -> int:
    """Change Bob's balance by hand; return the row's id."""
    change = ByDelta(Credits(delta))
    wanted = Adjustment(actor=Actor(BOB), change=change, reason="A gift", by="admin:1")
    return adjust(desk.bridge.db, desk.bridge.spending, wanted).answer.entry_id


def back(desk: Desk, entry_id: int, by: str = "admin:1", user: UserId = BOB) -> Receipt[Any]:
    wanted = UndoRequest(user, entry_id, "A mistake", by)
    return undo(desk.bridge.db, desk.bridge.spending, SITE_URL, wanted)


def last_use(desk: Desk) -> int:
    return int(desk.site.ledger()[-1]["id"])


def counters(desk: Desk, entry_id: int) -> list[dict[str, Any]]:
    key = f"aipkit_bridge_undo_led_{entry_id}"
    return [row for row in desk.site.ledger() if row["idempotency_key"] == key]


def used(desk: Desk) -> int:
    sql = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
    return int(desk.site.value(sql, (BOB, f"_aipkit_token_usage_{BOT}")) or 0)


@pytest.mark.parametrize("delta", [300, -300])
def test_a_change_by_hand_is_undone_by_a_row_of_the_contracts_shape(
    desk: Desk, delta: int
) -> None:
    entry_id = by_hand(desk, delta)

    told = back(desk, entry_id)

    assert (desk.site.balance(BOB), told.answer.balance_after) == (500, 500)
    (row,) = counters(desk, entry_id)
    shape = ("entry_type", "module", "context_type", "operation", "reference_type")
    assert [row[name] for name in shape] == [
        "admin_adjustment", "credits", "manual", "manual_adjustment", "manual",
    ]  # fmt: skip
    assert (row["credits_delta"], row["usage_total_units"]) == (-delta, 300)
    assert row["reference_id"] == "admin:1"
    meta = json.loads(row["meta"])
    assert (meta["reason"], meta["undoes"]) == ("A mistake", f"led_{entry_id}")
    assert (meta["balance_before"], meta["balance_after"]) == (500 + delta, 500)
    desk.site.assert_balanced()


def test_the_second_admin_gets_the_answer_of_the_first(desk: Desk) -> None:
    entry_id = by_hand(desk, 300)
    first = back(desk, entry_id)

    second = back(desk, entry_id, by="admin:2")

    assert second.replayed
    assert second.answer == first.answer
    assert len(counters(desk, entry_id)) == 1


def test_once_is_for_ever_and_not_for_as_long_as_keys_are_kept(desk: Desk) -> None:
    entry_id = by_hand(desk, 300)
    back(desk, entry_id)
    desk.site.run("DELETE FROM wp_aipkit_bridge_idempotency")

    assert back(desk, entry_id).replayed
    assert (desk.site.balance(BOB), len(counters(desk, entry_id))) == (500, 1)


def test_many_at_once_take_it_back_once(desk: Desk) -> None:
    entry_id = by_hand(desk, 300)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda n: back(desk, entry_id, f"admin:{n}"), range(16)))

    assert {one.answer.entry_id for one in told} == {told[0].answer.entry_id}
    assert (desk.site.balance(BOB), len(counters(desk, entry_id))) == (500, 1)


@pytest.mark.parametrize("end", ["dies", "is cut"])
def test_whatever_statement_it_dies_at_a_repeat_takes_it_back_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    number, ended = 0, True
    while ended:
        number += 1
        entry_id = by_hand(desk, 300)
        ended = False
        if end == "dies":
            try:
                with dying_at(monkeypatch, number, after=True):
                    back(desk, entry_id)
            except Died:
                ended = True
        else:
            with cut_at(monkeypatch, number) as was_cut:
                back(desk, entry_id)
            ended = bool(was_cut)
        back(desk, entry_id)
        assert (desk.site.balance(BOB), len(counters(desk, entry_id))) == (500, 1), number

    assert number > 3
    desk.site.assert_balanced()
    assert reconcile(desk.bridge.db).findings == 0


def test_what_is_spent_is_not_taken_below_nothing(desk: Desk) -> None:
    entry_id = by_hand(desk, 300)
    desk.record(units=700)

    with pytest.raises(BalanceTooSmallError, match="the balance is"):
        back(desk, entry_id)

    assert counters(desk, entry_id) == []


def test_a_use_goes_back_with_what_it_took_of_the_free_limit(desk: Desk) -> None:
    desk.record(units=600)  # 500 of the balance, 100 of the limit
    entry_id = last_use(desk)
    assert (desk.site.balance(BOB), used(desk)) == (0, 100)

    back(desk, entry_id)
    back(desk, entry_id)

    assert (desk.site.balance(BOB), used(desk)) == (500, 0)
    desk.site.assert_balanced()


def test_of_an_earlier_period_only_the_balance_goes_back(desk: Desk) -> None:
    desk.record(units=600)
    entry_id = last_use(desk)
    desk.advance(86_400)
    desk.record(units=30)
    assert used(desk) == 30

    back(desk, entry_id)

    assert (desk.site.balance(BOB), used(desk)) == (500, 30)


def test_what_was_used_after_a_reset_stays_used(desk: Desk) -> None:
    desk.record(units=600)
    entry_id = last_use(desk)
    desk.advance(60)
    reset(desk)
    desk.advance(60)
    desk.record(units=30)

    back(desk, entry_id)

    assert used(desk) == 30


def reset(desk: Desk, reason: str = "Asked by phone") -> int:
    told = reset_usage(
        desk.bridge.site.get(), desk.bridge.spending, BOB, reason=reason, by="admin:1"
    )
    assert isinstance(told.answer, Adjusted)
    return told.answer.entry_id


def test_a_reset_has_a_row_and_is_undone_with_what_was_used_since(desk: Desk) -> None:
    desk.give(0)
    desk.record(units=300)
    desk.advance(60)
    entry_id = reset(desk)
    assert used(desk) == 0
    row = desk.site.ledger()[-1]
    assert (row["operation"], row["credits_delta"], row["reference_id"]) == (
        "usage_reset", 0, "admin:1",
    )  # fmt: skip
    meta = json.loads(row["meta"])
    assert (meta["reason"], meta["forgiven"]) == ("Asked by phone", {f"chat-{BOT}": 300})
    desk.advance(60)
    desk.record(units=40)

    back(desk, entry_id)
    back(desk, entry_id)

    assert used(desk) == 340
    desk.site.assert_balanced()


def test_a_reset_of_an_earlier_period_is_history(desk: Desk) -> None:
    desk.give(0)
    desk.record(units=300)
    entry_id = reset(desk)
    desk.advance(86_400)

    back(desk, entry_id)

    assert desk.figures()["remaining"] == 1000


def test_rows_of_orders_and_of_others_are_not_taken_back(desk: Desk) -> None:
    (order_row,) = [
        row for row in desk.site.ledger() if row["user_id"] == BOB and row["context_id"] == 35
    ]

    with pytest.raises(InvalidInputError, match="cannot be taken back"):
        back(desk, order_row["id"])
    with pytest.raises(InvalidInputError, match="There is no row"):
        back(desk, by_hand(desk, 5), user=UserId(USERS["alice"]))


def test_a_counter_entry_can_be_taken_back_itself(desk: Desk) -> None:
    entry_id = by_hand(desk, 300)
    counter = back(desk, entry_id).answer.entry_id

    back(desk, counter)

    assert desk.site.balance(BOB) == 800
    assert back(desk, entry_id).replayed
    desk.site.assert_balanced()
