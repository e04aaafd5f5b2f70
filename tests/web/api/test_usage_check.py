"""`POST /v1/usage/check`: who may ask, what is refused, and what a denial says."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer, make_token
from tests.support.site import IDS, USERS, SiteDatabase

BOT = IDS["bots"]["Support Bot"]
SALES = IDS["bots"]["Sales Bot"]
BOB = USERS["bob"]
GOOD: dict[str, Any] = {
    "actor": {"user_id": BOB},
    "module": "chat",
    "context_id": BOT,
    "units": 100,
}


@pytest.fixture
def asks(site: SiteDatabase) -> FlaskClient:
    return create_app(site.bridge(security=api_key("usage"))).test_client()


def check(client: FlaskClient, body: object, credential: str = API_KEY) -> tuple[int, Any]:
    answer = client.post("/v1/usage/check", headers=bearer(credential), json=body)
    return answer.status_code, answer.json


def test_the_balance_pays_first(asks: FlaskClient) -> None:
    status, answer = check(asks, GOOD)

    assert status == 200
    assert (answer["allowed"], answer["reason"]) == (True, "balance")
    assert (answer["balance"], answer["available"], answer["notice"]) == (10_000, 10_000, None)
    assert answer["quota"]["limit"] == 10_000


def test_a_denial_carries_the_sites_notice_and_actions(
    asks: FlaskClient, site: SiteDatabase
) -> None:
    site.run(
        "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES"
        " (%(b)s, '_aipkit_token_limit_message', 'Quota <used> up'),"
        " (%(b)s, '_aipkit_token_limit_primary_action_type', 'buy_credits'),"
        " (%(b)s, '_aipkit_token_limit_primary_action_label', 'More'),"
        " (%(b)s, '_aipkit_token_limit_secondary_action_type', 'custom_url'),"
        " (%(b)s, '_aipkit_token_limit_secondary_action_url', 'javascript:alert(1)')",
        {"b": SALES},
    )
    body = {**GOOD, "context_id": SALES, "actor": {"session_id": "Visitor-1"}}

    _, answer = check(asks, body)

    assert (answer["allowed"], answer["reason"]) == (False, "disabled")
    assert answer["notice"] == {
        "message": "Quota <used> up",
        "actions": [{"label": "More", "url": "http://127.0.0.1:8090/shop/", "variant": "primary"}],
    }


def test_a_guests_counter_is_found_in_any_case(asks: FlaskClient, site: SiteDatabase) -> None:
    site.run(
        "INSERT INTO wp_aipkit_guest_token_usage"
        " (session_id, bot_id, tokens_used, last_reset_timestamp)"
        " VALUES ('ViSiToR', %s, 400, UNIX_TIMESTAMP())",
        (BOT,),
    )

    _, answer = check(asks, {**GOOD, "actor": {"session_id": "VISITOR"}})

    assert (answer["quota"]["used"], answer["quota"]["remaining"]) == (400, 600)


def test_a_scoped_rule_prices_its_own_chatbot_only(asks: FlaskClient, site: SiteDatabase) -> None:
    site.run(
        "INSERT INTO wp_aipkit_pricing_rules (scope_type, scope_id, module, provider, model,"
        " operation, billing_method, unit_rate) VALUES"
        " ('chatbot', %s, 'chat', 'openai', 'GPT-X', 'chat', 'flat', 7)",
        (BOT,),
    )
    usage = {"provider": "OpenAI", "model": "gpt-x", "operation": "chat", "data": {}}

    own = check(asks, {**GOOD, "usage": usage})[1]["required_credits"]
    other = check(asks, {**GOOD, "context_id": SALES, "usage": usage})[1]["required_credits"]

    assert (own, other) == (7, 100)


def test_a_rule_with_the_zero_date_of_old_servers_is_older_than_any_other(
    asks: FlaskClient, site: SiteDatabase
) -> None:
    site.run("SET SESSION sql_mode = ''")
    for changed, rate in (("2020-01-01", 3), ("0000-00-00", 7)):
        site.run(
            "INSERT INTO wp_aipkit_pricing_rules (scope_type, module, provider, model, operation,"
            " billing_method, unit_rate, updated_at) VALUES"
            " ('module', 'chat', 'openai', 'gpt-x', 'chat', 'flat', %s, %s)",
            (rate, changed),
        )
    usage = {"provider": "OpenAI", "model": "gpt-x", "operation": "chat", "data": {}}

    assert check(asks, {**GOOD, "usage": usage})[1]["required_credits"] == 3


def test_a_token_acts_for_its_own_user_or_as_a_guest(asks: FlaskClient) -> None:
    own, other = make_token(BOB, "usage"), make_token(USERS["alice"], "usage")
    guest = make_token(0, "usage")
    session = {**GOOD, "actor": {"session_id": "s"}}

    assert check(asks, GOOD, own)[0] == 200
    assert check(asks, GOOD, other)[0] == 403
    assert check(asks, session, guest)[0] == 200
    assert check(asks, session, own)[0] == 403
    assert check(asks, GOOD, guest)[0] == 403
    assert check(asks, GOOD, make_token(BOB, "read"))[0] == 403


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"units": -1}, 400, "units"),
        ({"units": 1.5}, 400, "units"),
        ({"units": "5"}, 400, "units"),
        ({"units": True}, 400, "units"),
        ({"units": 2**63}, 400, "units"),
        ({"units": None}, 400, "units"),
        ({"module": "video"}, 400, "module"),
        ({"module": "ai_forms"}, 400, "context_id"),
        ({"context_id": None}, 400, "context_id"),
        ({"context_id": 12}, 400, "context_id"),
        ({"context_id": 2**64}, 400, "context_id"),
        ({"actor": {}}, 400, "actor"),
        ({"actor": {"user_id": BOB, "session_id": "s"}}, 400, "actor"),
        ({"actor": {"session_id": ""}}, 400, "session_id"),
        ({"actor": {"session_id": "x" * 65}}, 400, "session_id"),
        ({"actor": {"session_id": "a b"}}, 400, "session_id"),
        ({"actor": {"user_id": 4711}}, 404, "4711"),
        ({"usage": {"data": {"input_tokens": -5}}}, 400, "input_tokens"),
        ({"usage": {"data": {"input_tokens": 0.5}}}, 400, "input_tokens"),
        ({"units": None, "usage": {"data": {"words": 5}}}, 422, "usage"),
        ({"unit": 5}, 400, "unit"),
    ],
)
def test_bad_input_names_the_field(
    asks: FlaskClient, change: dict[str, object], status: int, field: str
) -> None:
    body = {key: value for key, value in {**GOOD, **change}.items() if value is not None}

    got, answer = check(asks, body)

    assert (got, field in answer["detail"]) == (status, True), answer


def test_a_module_that_is_off_is_refused(site: SiteDatabase) -> None:
    client = create_app(
        site.bridge(security=api_key("usage"), modules={"enabled": ["ai_forms"]})
    ).test_client()

    status, answer = check(client, GOOD)

    assert (status, answer["code"]) == (422, "module_disabled")
