"""`/v1/accounts/{user}`: figures, purchases and ledger as JSON."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from bridge.services.orders.poll_shop import poll_shop
from shop_stand_in.shop import RunningShop
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer, make_token
from tests.support.site import ORDERS, USERS, SiteDatabase

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def get(client: FlaskClient, path: str) -> dict[str, Any]:
    answer = client.get(path, headers=bearer(API_KEY))
    assert answer.status_code == 200, answer.text
    assert answer.headers["API-Version"] == "1"
    found: dict[str, Any] = answer.json  # type: ignore[assignment]  # it is an object
    return found


@pytest.fixture
def polled(site: SiteDatabase, recorded_shop: RunningShop) -> FlaskClient:
    bridge = site.bridge(recorded_shop.url, now=NOW, security=api_key("read"))
    poll_shop(bridge.import_context(), bridge.shop)
    return create_app(bridge).test_client()


def test_an_account_has_balance_and_a_row_for_each_module(polled: FlaskClient) -> None:
    found = get(polled, f"/v1/accounts/{USERS['erin']}")

    assert (found["balance"], found["held"], found["available"]) == (60_250, 0, 60_250)
    rows = {(row["module"], row["context_id"]): row for row in found["modules"]}
    assert list(rows) == [
        ("chat", 23),
        ("chat", 22),
        ("ai_forms", None),
        ("image_generator", None),
    ]
    assert rows["chat", 22] == {
        "module": "chat",
        "context_id": 22,
        "title": "Support Bot",
        "used": 0,
        "limit": 10_000,
        "remaining": 10_000,
        "period": "daily",
        "resets_at": "2026-11-23T21:00:00Z",
    }


def test_limits_follow_roles_and_periods_turn_by_themselves(polled: FlaskClient) -> None:
    alice = get(polled, f"/v1/accounts/{USERS['alice']}")["modules"]
    carol = get(polled, f"/v1/accounts/{USERS['carol']}")["modules"]
    bob = get(polled, f"/v1/accounts/{USERS['bob']}")["modules"]

    sales = {row["context_id"]: row for row in alice}[23]
    assert (sales["limit"], sales["used"]) == (5_000, 0), "october's 4,900 are over"
    assert {row["context_id"]: row for row in carol}.get(23) is None, "unlimited, unused: no row"
    assert {row["context_id"]: row["limit"] for row in bob}[23] == 0
    forms = {row["module"]: row for row in alice}["ai_forms"]
    assert (forms["limit"], forms["used"], forms["remaining"]) == (2_000, 1_999, 1)
    images = {row["module"]: row for row in alice}["image_generator"]
    assert (images["limit"], images["used"], images["period"]) == (50, 0, "weekly")


def test_purchases_show_what_was_booked_newest_first(polled: FlaskClient) -> None:
    found = get(polled, f"/v1/accounts/{USERS['alice']}/purchases")

    assert found["next_cursor"] is None
    (purchase,) = found["items"]
    assert purchase["order_id"] == ORDERS["alice_small_x2"]
    assert purchase["lines"] == [{"name": "10k Token Pack", "quantity": 2, "credits": 20_000}]
    assert (purchase["granted"], purchase["reversed"], purchase["shortfall"]) == (10_000, 0, 0)


def test_purchases_page_by_cursor(polled: FlaskClient) -> None:
    path = f"/v1/accounts/{USERS['bob']}/purchases"
    first = get(polled, f"{path}?limit=1")
    second = get(polled, f"{path}?limit=1&cursor={first['next_cursor']}")

    numbers = {page["items"][0]["order_id"] for page in (first, second)}
    assert numbers == {ORDERS["bob_mixed_big_mug"], ORDERS["bob_second"]}
    assert second["next_cursor"] is None


def test_grants_from_before_the_bridge_are_purchases_too(client: FlaskClient) -> None:
    (purchase,) = get(client, f"/v1/accounts/{USERS['bob']}/purchases")["items"]

    assert (purchase["order_id"], purchase["granted"], purchase["lines"]) == (35, 10_000, [])


def test_the_ledger_names_type_reference_and_balance(polled: FlaskClient) -> None:
    (row,) = get(polled, f"/v1/accounts/{USERS['judy']}/ledger")["items"]

    assert row["id"].startswith("led_")
    assert (row["entry_type"], row["operation"]) == ("purchase", "purchase")
    assert (row["credits_delta"], row["balance_after"]) == (2_000_000, 2_000_000)
    assert row["reference"] == {"type": "woocommerce_order", "id": str(ORDERS["judy_mega"])}


def test_a_user_who_owns_nothing_has_zeros(client: FlaskClient) -> None:
    token = make_token(USERS["ivan"])
    answer = client.get(f"/v1/accounts/{USERS['ivan']}", headers=bearer(token))

    assert answer.json is not None
    assert (answer.json["balance"], answer.json["available"]) == (0, 0)


@pytest.mark.parametrize("user_id", ["4711", "18446744073709551616"])
def test_an_unknown_user_is_404(client: FlaskClient, user_id: str) -> None:
    answer = client.get(f"/v1/accounts/{user_id}", headers=bearer(API_KEY))

    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "unknown_user"


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=eA"])
def test_bad_paging_names_the_field(client: FlaskClient, query: str) -> None:
    path = f"/v1/accounts/{USERS['bob']}/ledger?{query}"
    answer = client.get(path, headers=bearer(API_KEY))

    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["detail"].startswith(query.partition("=")[0])


def test_modules_that_are_off_are_not_shown(site: SiteDatabase) -> None:
    bridge = site.bridge(security=api_key("read"), modules={"enabled": ["chat"]})
    client = create_app(bridge).test_client()

    modules = get(client, f"/v1/accounts/{USERS['erin']}")["modules"]

    assert {row["module"] for row in modules} == {"chat"}
