"""The recorded shop on the recorded site: what the bridge books for each order."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.services.orders.poll_shop import poll_shop
from shop_stand_in.shop import RunningShop
from tests.support.folders import FIXTURES
from tests.support.site import ORDERS, USERS, SiteDatabase

GRANTS: dict[str, dict[str, Any]] = json.loads(
    (FIXTURES / "conformance/order_grants.json").read_text()
)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
BETTER = {
    "erin_variations": 60_000,  # the variations' own amounts
    "alice_small_x2": 10_000,  # one of two refunded by line
    "grace_two_lines_same_product": 24_000,  # a fifth refunded by amount
}
ADOPTED = {"bob_second", "heidi_zero_total"}
UNCLAIMED = {"guest_small_alice_email", "guest_small_unknown"}
ATTENTION = {"frank_no_amount": "bad_amount", "grace_doomed_product": "product_gone"}


def expected_credits(name: str) -> int:
    recorded = GRANTS[name]
    ledger = recorded.get("ledger")
    return BETTER.get(name, int(ledger["credits_delta"]) if ledger else 0)


@pytest.fixture(params=["site", "posts_site"])
def any_site(request: pytest.FixtureRequest) -> SiteDatabase:
    database: SiteDatabase = request.getfixturevalue(request.param)
    return database


def test_every_recorded_order_gets_what_the_rules_ask(
    any_site: SiteDatabase, recorded_shop: RunningShop
) -> None:
    bridge = any_site.bridge(recorded_shop.url, now=NOW)
    recorded_balances = {i: any_site.balance(i) for i in USERS.values()}

    poll_shop(bridge.import_context(), bridge.shop)

    booked = {name: any_site.booked(order_id) for name, order_id in ORDERS.items()}
    assert booked == {name: expected_credits(name) for name in ORDERS}
    states = {name: any_site.order(order_id) for name, order_id in ORDERS.items()}
    assert {n for n, row in states.items() if row and row["state"] == "unclaimed"} == UNCLAIMED
    asking = {n: row["reason_code"] for n, row in states.items() if row and row["reason_code"]}
    assert {n: code for n, code in asking.items() if n not in UNCLAIMED} == ATTENTION
    assert {n for n, row in states.items() if row and row["adopted_credits"]} == ADOPTED
    for name, user_id in USERS.items():
        gained = any_site.balance(user_id) - recorded_balances[user_id]
        orders = [n for n, g in GRANTS.items() if g.get("user_id") == user_id and n not in ADOPTED]
        assert gained == sum(map(expected_credits, orders)), name
    any_site.assert_balanced()


def test_ledger_rows_have_the_peers_shape(site: SiteDatabase, recorded_shop: RunningShop) -> None:
    bridge = site.bridge(recorded_shop.url, now=NOW)

    poll_shop(bridge.import_context(), bridge.shop)

    rows = {row["reference_id"]: row for row in site.ledger()}
    compared = 0
    for name, recorded in GRANTS.items():
        if not recorded.get("ledger") or name in BETTER:
            continue
        row = rows[str(recorded["order_id"])]
        for column, value in recorded["ledger"].items():
            if column == "meta":
                ours, theirs = json.loads(row["meta"]), json.loads(value)
                assert theirs.items() <= ours.items(), name
            else:
                assert (None if row[column] is None else str(row[column])) == value, name
        compared += 1
    assert compared == 5


def test_further_polls_change_nothing(site: SiteDatabase, recorded_shop: RunningShop) -> None:
    bridge = site.bridge(recorded_shop.url, now=NOW)
    poll_shop(bridge.import_context(), bridge.shop)
    ledger = site.ledger()
    orders = site.rows("SELECT * FROM wp_aipkit_bridge_orders ORDER BY order_id")

    for _ in range(2):
        poll_shop(bridge.import_context(), bridge.shop)

    assert site.ledger() == ledger
    assert site.rows("SELECT * FROM wp_aipkit_bridge_orders ORDER BY order_id") == orders
