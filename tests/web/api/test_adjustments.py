"""`POST /v1/accounts/{user}/adjustments`: balances changed by hand, each with its ledger row."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from flask import Flask
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from bridge.domain.ids import UserId
from bridge.domain.quotas import Context, Module
from bridge.services.spending.reset_usage import reset_usage
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer, make_token
from tests.support.site import USERS, SiteDatabase
from tests.support.spending import BOT, Desk, json_of

BOB, CAROL = USERS["bob"], USERS["carol"]
REASON: dict[str, Any] = {"reason": "Sorry for the outage"}
_numbers = count(1)


@pytest.fixture
def app(site: SiteDatabase) -> Flask:
    bridge = site.bridge(security=api_key("admin", "usage", "read"))
    site.set_balance(BOB, 500)
    return create_app(bridge)


def post(app: Flask, user_id: int = BOB, key: str = "", **body: Any) -> TestResponse:
    headers = {**bearer(API_KEY), "Idempotency-Key": key or f"key-{next(_numbers)}"}
    client = app.test_client()
    return client.post(f"/v1/accounts/{user_id}/adjustments", headers=headers, json=body)


def balance_rows(site: SiteDatabase, user_id: int) -> int:
    sql = "SELECT * FROM wp_usermeta WHERE user_id = %s AND meta_key = '_aipkit_token_balance'"
    return len(site.rows(sql, (user_id,)))


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ({"delta": 250}, 750),
        ({"delta": -500}, 0),
        ({"set_to": 20, "expected_balance": 500}, 20),
        ({"set_to": 500, "expected_balance": 500}, 500),
    ],
)
def test_a_change_is_booked_with_who_and_why(
    app: Flask, site: SiteDatabase, body: dict[str, Any], after: int
) -> None:
    answer = post(app, **body, **REASON)

    assert answer.status_code == 201
    row = site.ledger()[-1]
    assert json_of(answer) == {"entry_id": f"led_{row['id']}", "balance_after": after}
    assert site.balance(BOB) == after
    columns = ("entry_type", "operation", "module", "context_type", "context_id",
               "reference_type", "reference_id", "credits_delta", "idempotency_key")  # fmt: skip
    assert {name: row[name] for name in columns} == {
        "entry_type": "admin_adjustment",
        "operation": "manual_adjustment",
        "module": "credits",
        "context_type": "manual",
        "context_id": None,
        "reference_type": "manual",
        "reference_id": "api:tests",
        "credits_delta": after - 500,
        "idempotency_key": None,
    }
    assert json.loads(row["meta"]) == {**REASON, "balance_before": 500, "balance_after": after}
    site.assert_balanced()


def test_another_balance_than_expected_is_told_and_changes_nothing(
    app: Flask, site: SiteDatabase
) -> None:
    rows = len(site.ledger())
    first = post(app, key="k", set_to=900, expected_balance=499, **REASON)
    again = post(app, key="k", set_to=900, expected_balance=500, **REASON)

    told = json_of(first)
    assert (first.status_code, told["code"], told["balance"]) == (409, "balance_changed", 500)
    assert again.status_code == 201, "a conflict is no first answer to its key"
    assert (site.balance(BOB), len(site.ledger())) == (900, rows + 1)


def test_no_balance_goes_below_nothing(app: Flask, site: SiteDatabase) -> None:
    answer = post(app, delta=-501, **REASON)

    assert (answer.status_code, json_of(answer)["code"]) == (422, "balance_too_small")
    assert json_of(answer)["balance"] == site.balance(BOB) == 500


def test_a_repeat_gets_the_first_answer(app: Flask, site: SiteDatabase) -> None:
    with capture_logs() as seen:
        first, again = (post(app, key="same", delta=5, **REASON) for _ in range(2))
    told = [line for line in seen if line["event"] == "balance_adjusted"]
    assert [(line["user_id"], line["credits"], line["by"]) for line in told] == [
        (BOB, 5, "api:tests")
    ]
    other = post(app, key="same", delta=6, **REASON)
    elsewhere = post(app, CAROL, key="same", delta=5, **REASON)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert json_of(again) == json_of(first)
    assert (other.status_code, json_of(other)["code"]) == (422, "idempotency_mismatch")
    assert elsewhere.status_code == 422, "another account is another request"
    assert site.balance(BOB) == 505


def test_a_user_without_a_balance_row_gets_one_only_to_own_something(
    app: Flask, site: SiteDatabase
) -> None:
    site.run("DELETE FROM wp_usermeta WHERE meta_key = '_aipkit_token_balance'")
    post(app, CAROL, delta=-1, **REASON)
    rows_after_taking = balance_rows(site, CAROL)

    post(app, CAROL, delta=7, **REASON)

    assert rows_after_taking == 0
    assert (balance_rows(site, CAROL), site.balance(CAROL)) == (1, 7)
    site.assert_balanced()


@pytest.mark.parametrize("user_id", [0, 9999, 2**63, 2**64])
def test_an_unknown_user_is_404_and_nothing_is_made(
    app: Flask, site: SiteDatabase, user_id: int
) -> None:
    answer = post(app, user_id, delta=5, **REASON)

    assert (answer.status_code, json_of(answer)["code"]) == (404, "unknown_user")
    assert site.rows("SELECT * FROM wp_aipkit_bridge_accounts") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "delta:"),
        ({"delta": 0}, "delta:"),
        ({"delta": 1.5}, "delta:"),
        ({"delta": "5"}, "delta:"),
        ({"delta": True}, "delta:"),
        ({"delta": 2**53}, "delta:"),
        ({"delta": 5, "set_to": 6, "expected_balance": 1}, "delta:"),
        ({"set_to": 6}, "delta:"),
        ({"set_to": -1, "expected_balance": 500}, "set_to:"),
        ({"delta": 5, "reason": " "}, "reason:"),
        ({"delta": 5, "reason": "x" * 501}, "reason:"),
        ({"delta": 5, "reason": None}, "reason:"),
        ({"delta": 5, "because": "x"}, "because:"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_booked(
    app: Flask, site: SiteDatabase, body: dict[str, Any], field: str
) -> None:
    answer = post(app, **{**REASON, **body})

    assert answer.status_code == 400
    assert json_of(answer)["detail"].removeprefix("body: ").startswith(field)
    assert site.balance(BOB) == 500


def test_it_needs_a_key_with_the_scope_admin(site: SiteDatabase) -> None:
    app = create_app(site.bridge(security=api_key("usage", "read")))
    client = app.test_client()
    headers = {"Idempotency-Key": "k"}
    body: dict[str, Any] = {"delta": 5, **REASON}

    by_key = post(app, **body)
    token = bearer(make_token(BOB, "admin read usage"))
    by_token = client.post(
        f"/v1/accounts/{BOB}/adjustments", headers={**headers, **token}, json=body
    )

    assert (by_key.status_code, by_token.status_code) == (403, 403)


def test_a_hold_whose_time_is_up_is_charged_before(site: SiteDatabase) -> None:
    desk = Desk(site)
    desk.give(500)
    desk.hold(units=200, on_expiry="charge", ttl_seconds=60)
    desk.advance(61)
    app = create_app(site.bridge(clock=desk.clock, security=api_key("admin")))

    stale = post(app, set_to=1000, expected_balance=500, **REASON)
    fresh = post(app, set_to=1000, expected_balance=300, **REASON)

    assert (stale.status_code, json_of(stale)["balance"]) == (409, 300)
    assert fresh.status_code == 201
    desk.assert_right()


def test_two_who_set_a_balance_at_once_while_it_is_spent_lose_nothing(
    app: Flask, site: SiteDatabase
) -> None:
    desk = {"actor": {"user_id": BOB}, "module": "chat", "context_id": BOT, "units": 1}

    def spend(number: int) -> int:
        headers = {**bearer(API_KEY), "Idempotency-Key": f"spend-{number}"}
        answer = app.test_client().post("/v1/usage/record", headers=headers, json=desk)
        return int(json_of(answer)["from_balance"])

    def set_it(number: int) -> int:
        shown = 500
        while True:
            answer = post(app, set_to=shown + 1000, expected_balance=shown, **REASON)
            if answer.status_code == 201:
                return 1000
            assert answer.status_code == 409
            shown = json_of(answer)["balance"]

    with ThreadPoolExecutor(8) as pool:
        spent = pool.map(spend, range(40))
        added = pool.map(set_it, range(6))

    assert site.balance(BOB) == 500 + sum(added) - sum(spent)
    site.assert_balanced()


def test_usage_is_reset_for_one_chatbot_or_all(site: SiteDatabase) -> None:
    desk = Desk(site)
    desk.give(0)
    desk.limit_module(Module.AI_FORMS, 1000)
    desk.record(units=300)
    desk.record(units=40, module="ai_forms", context_id=None)
    rows = len(desk.ledger())
    bob, seen = UserId(BOB), desk.bridge.site.get()
    why: dict[str, Any] = {"reason": "A test", "by": "admin:1"}

    reset_usage(seen, desk.bridge.spending, bob, [Context(Module.CHAT, BOT)], **why)
    room = desk.figures()["remaining"]
    desk.record(units=30)
    reset_usage(seen, desk.bridge.spending, bob, **why)

    assert room == 1000
    first, _, second = (row["meta"] for row in site.ledger()[-3:])
    assert json.loads(first)["forgiven"] == {f"chat-{BOT}": 300}
    assert sum(json.loads(second)["forgiven"].values()) >= 70
    stamp = int(desk.clock.now.timestamp())
    sql = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
    assert site.value(sql, (BOB, f"_aipkit_token_usage_{BOT}")) == "0"
    assert site.value(sql, (BOB, f"_aipkit_last_token_reset_{BOT}")) == str(stamp)
    assert site.value(sql, (BOB, "_aipkit_aiforms_tokens_used")) == "0"
    assert len(desk.ledger()) == rows + 3, "what was used, and each reset"
