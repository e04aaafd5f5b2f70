"""The stand-in answers what the recorded WooCommerce answered."""

import json
from pathlib import Path
from typing import Any

import pytest
from woocommerce import API

from shop_stand_in.shop import RunningShop
from shop_stand_in.state import Key, Line, RefundLine, ShopState

from .support import RECORDINGS, client, first_item

RECORDED_HOST = "http://127.0.0.1:8090"
HEADERS = ("Content-Type", "Allow", "X-WP-Total", "X-WP-TotalPages")
ANSWERS = [path for path in sorted(RECORDINGS.glob("*.json")) if path.stem != "unauthorized"]


def load(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_an_answer_is_the_recorded_one(path: Path, woo: API, running: RunningShop) -> None:
    recorded = load(path)
    request = recorded["request"]

    got = woo.get(request["path"].removeprefix("/wp-json/wc/v3/"), params=request["params"])

    assert got.status_code == recorded["status"]
    assert json.loads(got.text.replace(running.url, RECORDED_HOST)) == recorded["body"]
    headers = recorded["headers"]
    assert {name: got.headers.get(name) for name in HEADERS} == {
        name: headers.get(name) for name in HEADERS
    }
    for rel in ('rel="prev"', 'rel="next"'):
        assert (rel in got.headers["Link"]) == (rel in headers["Link"])


def test_a_wrong_key_gets_the_recorded_refusal(running: RunningShop) -> None:
    recorded = load(RECORDINGS / "unauthorized.json")

    got = client(running, Key("ck_" + "0" * 40)).get("orders")

    assert got.status_code == recorded["status"]
    assert got.json() == recorded["body"]


def test_an_order_made_here_has_the_shape_of_a_recorded_one(state: ShopState, woo: API) -> None:
    number = state.add_order(2, [Line(12, 2)], status="completed")
    ours, recorded = woo.get(f"orders/{number}").json(), woo.get("orders/26").json()

    assert list(ours) == list(recorded)
    assert number > 49, "ids of orders and refunds are never used again"
    for name in ("billing", "shipping"):
        assert list(ours[name]) == list(recorded[name])
    assert list(ours["line_items"][0]) == list(recorded["line_items"][0])
    assert {k: v for k, v in ours["line_items"][0].items() if k != "id"} == {
        k: v for k, v in recorded["line_items"][0].items() if k != "id"
    }


def test_a_refund_made_here_has_the_shape_of_a_recorded_one(state: ShopState, woo: API) -> None:
    number = state.add_order(2, [Line(12, 2)], status="completed")
    state.refund(number, lines=[RefundLine(first_item(state, number), 1)], reason="test")
    recorded = woo.get("orders/26/refunds").json()[0]
    [ours] = woo.get(f"orders/{number}/refunds").json()

    assert list(ours) == list(recorded)
    unlike = ("id", "meta_data")
    assert {k: v for k, v in ours["line_items"][0].items() if k not in unlike} == {
        k: v for k, v in recorded["line_items"][0].items() if k not in unlike
    }
    assert ours["line_items"][0]["meta_data"][0]["key"] == "_refunded_item_id"
    assert ours["amount"] == recorded["amount"]
    short = woo.get(f"orders/{number}").json()["refunds"][0]
    assert short | {"id": 47} == woo.get("orders/26").json()["refunds"][0]
