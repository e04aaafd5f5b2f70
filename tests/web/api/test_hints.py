"""Hints and webhooks: they only make the bridge look sooner."""

import base64
import hmac
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.apps import create_app
from tests.support.client import WEBHOOK_SECRET, bearer, make_token
from tests.support.folders import FIXTURES
from tests.support.site import SiteDatabase
from tests.support.world import World

HOOKS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in (FIXTURES / "site/webhooks").glob("*.json")
}


def deliver(client: FlaskClient, name: str, **headers: str) -> int:
    hook = HOOKS[name]
    sent = {k: v for k, v in hook["headers"].items() if k not in ("Host", "Content-Length")}
    body = base64.b64decode(hook["body_base64"])
    answer = client.post("/webhooks/woocommerce", data=body, headers={**sent, **headers})
    return answer.status_code


def due(site: SiteDatabase) -> set[int]:
    sql = "SELECT order_id FROM wp_aipkit_bridge_orders WHERE look_again_at <= UTC_TIMESTAMP(6)"
    return {row["order_id"] for row in site.rows(sql)}


def test_recorded_deliveries_ask_for_their_orders(client: FlaskClient, site: SiteDatabase) -> None:
    names = [name for name in HOOKS if name != "ping"]
    assert [deliver(client, name) for name in names] == [200] * len(names)

    assert due(site) == {26, 41, 43}


def test_the_ping_is_unsigned_and_gets_200(client: FlaskClient, site: SiteDatabase) -> None:
    assert deliver(client, "ping") == 200
    assert due(site) == set()


def test_a_wrong_signature_is_401(client: FlaskClient, site: SiteDatabase) -> None:
    headers = {"X-WC-Webhook-Signature": base64.b64encode(b"x" * 32).decode()}

    assert deliver(client, "order_updated_alice", **headers) == 401
    assert due(site) == set()


def test_without_a_secret_there_is_no_webhook_address(site: SiteDatabase) -> None:
    client = create_app(site.bridge()).test_client()

    assert deliver(client, "order_updated_alice") == 404


def test_a_hint_is_looked_at_before_the_next_poll(world: World) -> None:
    from bridge.services.orders.poll_shop import look_again

    order_id = world.order()
    client = create_app(world.bridge).test_client()
    answer = client.post(
        "/v1/hints/order",
        headers=bearer(make_token(2, "hint")),
        json={"order_id": order_id},
    )
    assert answer.status_code == 202

    look_again(world.bridge.import_context(), world.bridge.shop)

    assert world.site.booked(order_id) == 10_000


def test_a_hint_for_an_order_that_does_not_exist_is_forgotten(world: World) -> None:
    from bridge.services.orders.decide import look_at_order
    from bridge.services.orders.poll_shop import look_again

    look_at_order(world.bridge.db, 424242)  # type: ignore[arg-type]  # an int

    look_again(world.bridge.import_context(), world.bridge.shop)

    assert world.site.order(424242) is None


@pytest.mark.parametrize("body", [{}, {"order_id": 0}, {"order_id": "5"}, {"order_id": True}])
def test_a_bad_hint_names_the_field(client: FlaskClient, body: dict[str, object]) -> None:
    answer = client.post("/v1/hints/order", headers=bearer(make_token(2, "hint")), json=body)

    assert answer.status_code == 400
    assert answer.json is not None
    assert "order_id" in answer.json["detail"]


def test_broken_json_and_a_large_body_are_refused(client: FlaskClient) -> None:
    headers = bearer(make_token(2, "hint"))
    broken = client.post("/v1/hints/order", headers=headers, data=b'{"order_id":')
    large = client.post("/v1/hints/order", headers=headers, data=b"x" * (2**20 + 1))

    assert (broken.status_code, large.status_code) == (400, 413)


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":"woocommerce_rest_cannot_view","message":"..."}',
        b'{"id":true}', b'{"id":0}', b'{"id":9223372036854775808}', b'{"id":"5"}',
    ],
)  # fmt: skip
def test_a_signed_delivery_without_an_order_is_200(
    client: FlaskClient, site: SiteDatabase, body: bytes
) -> None:
    signature = base64.b64encode(hmac.new(WEBHOOK_SECRET.encode(), body, "sha256").digest())
    headers = {
        "X-WC-Webhook-Signature": signature.decode(),
        "X-WC-Webhook-Resource": "order",
        "Content-Type": "application/json",
    }

    answer = client.post("/webhooks/woocommerce", data=body, headers=headers)

    assert answer.status_code == 200
    assert due(site) == set()
