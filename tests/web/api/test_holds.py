"""`/v1/holds`: reserving, and every ending of a hold (R21)."""

from typing import Any

import pytest

from tests.support.site import IDS, SiteDatabase
from tests.support.spending import Desk, json_of

BOT = IDS["bots"]["Support Bot"]


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    """Bob, with 10,000 credits and 1,000 free ones a day in a chat."""
    return Desk(site)


def test_a_hold_reserves_balance_first_then_the_free_limit(desk: Desk) -> None:
    desk.give(100)

    hold = desk.hold(units=150)

    assert (hold["credits"], hold["from_balance"], hold["from_quota"]) == (150, 100, 50)
    assert desk.figures() == {"balance": 100, "held": 100, "available": 0, "remaining": 950}


def test_what_is_held_cannot_be_held_again(desk: Desk) -> None:
    desk.give(100)
    desk.hold(units=900)

    status, answer = desk.try_hold(units=201)

    assert (status, answer["code"]) == (402, "quota_exceeded")
    assert answer["notice"]["message"]
    assert desk.try_hold(units=200)[0] == 201


def test_a_commit_uses_what_was_held_first(desk: Desk) -> None:
    desk.give(100)
    hold = desk.hold(units=150)
    desk.give(5000)

    answer = desk.commit(hold, units=160)

    assert answer["from_balance"] == 110  # 100 held, 10 of what came meanwhile
    assert (answer["from_quota"], answer["uncovered"], answer["late"]) == (50, 0, False)
    assert desk.figures() == {"balance": 4890, "held": 0, "available": 4890, "remaining": 950}
    desk.assert_booked(-110)


def test_a_smaller_commit_frees_the_rest(desk: Desk) -> None:
    desk.give(100)
    hold = desk.hold(units=150)

    answer = desk.commit(hold, units=120)

    assert (answer["billed_credits"], answer["from_balance"], answer["from_quota"]) == (
        120,
        100,
        20,
    )
    assert desk.figures() == {"balance": 0, "held": 0, "available": 0, "remaining": 980}


def test_a_repeated_commit_gets_the_first_answer_and_another_body_is_refused(desk: Desk) -> None:
    hold = desk.hold(units=150)
    first = desk.commit(hold, units=120)

    again = desk.post(f"/v1/holds/{hold['hold_id']}/commit", {"units": 120})
    other = desk.post(f"/v1/holds/{hold['hold_id']}/commit", {"units": 121})

    assert (again.status_code, json_of(again)) == (200, first)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, json_of(other)["code"]) == (422, "idempotency_mismatch")
    desk.assert_booked(-120)


def test_releasing_frees_everything_once(desk: Desk) -> None:
    hold = desk.hold(units=150)

    answers = [desk.post(f"/v1/holds/{hold['hold_id']}/release") for _ in range(2)]

    assert [json_of(answer)["state"] for answer in answers] == ["released", "released"]
    assert desk.figures()["held"] == 0
    assert desk.account_row()["open_holds"] == 0


def test_a_committed_hold_cannot_be_released(desk: Desk) -> None:
    hold = desk.hold(units=150)
    desk.commit(hold, units=150)

    answer = desk.post(f"/v1/holds/{hold['hold_id']}/release")

    assert (answer.status_code, json_of(answer)["code"]) == (409, "hold_committed")


def test_a_late_commit_after_a_release_books_what_is_there(desk: Desk) -> None:
    desk.give(100)
    hold = desk.hold(units=100)
    desk.post(f"/v1/holds/{hold['hold_id']}/release")
    desk.give(30)

    answer = desk.commit(hold, units=1200)

    assert answer["late"] is True
    assert (answer["from_balance"], answer["from_quota"], answer["uncovered"]) == (30, 1000, 170)


def test_an_expired_hold_is_free_by_the_clock_alone(desk: Desk) -> None:
    desk.give(100)
    hold = desk.hold(units=100, ttl_seconds=60)

    desk.advance(59)
    assert desk.figures()["held"] == 100
    desk.advance(1)

    assert desk.figures() == {"balance": 100, "held": 0, "available": 100, "remaining": 1000}
    assert desk.state(hold) == "expired"
    answer = desk.commit(hold, units=70)
    assert (answer["late"], answer["from_balance"]) == (True, 70)
    desk.assert_booked(-70)


def test_an_expiry_that_charges_takes_the_whole_price_by_the_clock_alone(desk: Desk) -> None:
    desk.give(100)
    hold = desk.hold(units=150, ttl_seconds=60, on_expiry="charge")

    desk.advance(60)

    assert desk.figures() == {"balance": 0, "held": 0, "available": 0, "remaining": 950}
    assert desk.state(hold) == "charged"
    assert desk.ledger() == []  # a reader writes nothing
    desk.record(units=1)
    assert [row["operation"] for row in desk.ledger()] == ["hold_expired", "chat"]
    desk.assert_booked(-100)


@pytest.mark.parametrize(
    ("units", "parts", "balance", "remaining", "operation"),
    [
        (120, (100, 20, 0), 0, 980, "hold_adjusted"),
        (40, (40, 0, 0), 60, 1000, "hold_adjusted"),
        (0, (0, 0, 0), 100, 1000, "hold_adjusted"),
        (170, (100, 70, 0), 0, 930, "chat"),
        (150, (100, 50, 0), 0, 950, None),
    ],
)
def test_a_commit_after_a_charge_books_the_difference(
    desk: Desk,
    units: int,
    parts: tuple[int, int, int],
    balance: int,
    remaining: int,
    operation: str | None,
) -> None:
    desk.give(100)
    hold = desk.hold(units=150, ttl_seconds=60, on_expiry="charge")
    desk.advance(61)

    answer = desk.commit(hold, units=units)

    assert (answer["from_balance"], answer["from_quota"], answer["uncovered"]) == parts
    assert (answer["billed_credits"], answer["late"]) == (units, True)
    assert (desk.figures()["balance"], desk.figures()["remaining"]) == (balance, remaining)
    rows = [row["operation"] for row in desk.ledger()]
    assert rows == ["hold_expired", *([operation] if operation else [])]
    desk.assert_booked(balance - 100)


def test_a_charged_hold_is_given_back_by_a_commit_of_nothing_not_by_a_release(desk: Desk) -> None:
    hold = desk.hold(units=150, ttl_seconds=60, on_expiry="charge")
    desk.advance(61)

    answer = desk.post(f"/v1/holds/{hold['hold_id']}/release")

    assert (answer.status_code, json_of(answer)["code"]) == (409, "hold_charged")
    assert desk.commit(hold, units=0)["balance_after"] == 10_000


def test_when_another_writer_took_the_held_balance_quota_pays_then_nobody(desk: Desk) -> None:
    hold = desk.hold(units=10_000)
    desk.give(400)

    answer = desk.commit(hold, units=10_000)

    assert answer["from_balance"] == 400
    assert (answer["from_quota"], answer["uncovered"]) == (1000, 8600)
    assert desk.figures()["balance"] == 0
    desk.assert_booked(-400)


def test_a_hold_over_midnight_is_booked_in_the_period_of_its_commit(desk: Desk) -> None:
    desk.give(0)
    desk.at_midnight(before_s=30)
    hold = desk.hold(units=900, ttl_seconds=120)
    assert desk.figures()["remaining"] == 100

    desk.advance(31)

    assert desk.figures()["remaining"] == 100  # a hold counts in the period that is current
    assert desk.commit(hold, units=700)["from_quota"] == 700
    assert desk.figures()["remaining"] == 300


def test_a_charge_belongs_to_the_day_it_expired_whenever_it_is_noticed(desk: Desk) -> None:
    desk.give(0)
    desk.at_midnight(before_s=30)
    hold = desk.hold(units=900, ttl_seconds=10, on_expiry="charge")

    desk.advance(31)

    assert desk.figures()["remaining"] == 1000
    desk.record(units=50)
    assert desk.figures()["remaining"] == 950
    desk.commit(hold, units=100)  # what goes back was counted yesterday
    assert desk.figures()["remaining"] == 950


def test_keys_replay_holds_and_denials(desk: Desk) -> None:
    first = desk.try_hold(units=150, key="a")
    again = desk.try_hold(units=150, key="a")
    denied = desk.try_hold(units=1_000_000, key="b")
    desk.give(5_000_000)
    still_denied = desk.try_hold(units=1_000_000, key="b")
    other = desk.try_hold(units=151, key="a")

    assert again == first
    assert still_denied == denied
    assert denied[0] == 402
    assert (other[0], other[1]["code"]) == (422, "idempotency_mismatch")
    assert desk.account_row()["open_holds"] == 1


def test_guests_hold_of_their_limit(desk: Desk) -> None:
    guest = desk.of_guest("Visitor-1")

    hold = guest.hold(units=1000)
    denied, _ = guest.try_hold(units=1)
    guest.commit(hold, units=400)

    assert (hold["from_balance"], hold["from_quota"], denied) == (0, 1000, 402)
    assert guest.guest_figures() == {"used": 400, "remaining": 600}
    rows: list[dict[str, Any]] = desk.ledger()
    assert [(row["session_id"], row["user_id"], row["actor_type"]) for row in rows] == [
        ("visitor-1", None, "guest")
    ]
