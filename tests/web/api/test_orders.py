"""`/v1/orders`: lists, and what people decide."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from shop_stand_in.state import Line
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer, make_token
from tests.support.world import ALICE, BOB, SMALL, World


@pytest.fixture
def admins(world: World) -> FlaskClient:
    bridge = world.site.bridge(world.running.url, security=api_key("read", "admin"))
    return create_app(bridge).test_client()


def listed(client: FlaskClient, query: str) -> dict[str, Any]:
    answer = client.get(f"/v1/orders?{query}", headers=bearer(API_KEY))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json  # type: ignore[assignment]  # it is an object
    return found


def decide(client: FlaskClient, order_id: int, what: str, **body: object) -> int:
    path = f"/v1/orders/{order_id}/{what}"
    return client.post(path, headers=bearer(API_KEY), json=body).status_code


def test_orders_are_listed_by_state_newest_first(world: World, admins: FlaskClient) -> None:
    guests = [world.order(0, Line(SMALL), email="g@example.com") for _ in range(3)]
    granted = world.order()
    world.poll()

    first = listed(admins, "state=unclaimed&limit=2")
    rest = listed(admins, f"state=unclaimed&limit=2&cursor={first['next_cursor']}")

    assert [o["order_id"] for o in first["items"]] == [guests[2], guests[1]]
    assert [o["order_id"] for o in rest["items"]] == [guests[0]]
    assert rest["next_cursor"] is None
    (one,) = listed(admins, "state=granted")["items"]
    assert (one["order_id"], one["user_id"], one["booked"]) == (granted, ALICE, 10_000)
    assert listed(admins, "state=attention")["items"] == []


def test_an_assigned_guest_order_is_granted_and_says_who_did_it(
    world: World, admins: FlaskClient
) -> None:
    order_id = world.order(0, Line(SMALL), email="g@example.com")
    world.poll()

    assert decide(admins, order_id, "assign", user_id=BOB) == 202
    world.poll()

    world.site.assert_order(order_id, state="granted", account_id=BOB, booked=10_000)
    assert '"claimed_as":"api:tests"' in world.site.ledger()[-1]["meta"]
    assert decide(admins, order_id, "assign", user_id=ALICE) == 400, "it has a booking"


def test_assigning_to_nobody_or_an_order_nobody_knows_is_refused(
    world: World, admins: FlaskClient
) -> None:
    order_id = world.order(0, Line(SMALL), email="g@example.com")
    world.poll()

    assert decide(admins, order_id, "assign", user_id=4711) == 400
    assert decide(admins, 99_999, "assign", user_id=BOB) == 404
    assert decide(admins, 99_999, "retry") == 404
    assert decide(admins, order_id, "assign") == 400


def test_a_dismissed_order_leaves_the_list_until_something_else_is_wrong(
    world: World, admins: FlaskClient
) -> None:
    order_id = world.order(4711)
    world.poll()
    assert [o["order_id"] for o in listed(admins, "state=attention")["items"]] == [order_id]

    assert decide(admins, order_id, "dismiss", reason="A test order.") == 200
    row = world.site.assert_order(
        order_id, dismissed_by="api:tests", dismissed_reason="A test order."
    )
    assert row["dismissed_at"] is not None
    world.look_at_all()
    assert listed(admins, "state=attention")["items"] == []

    world.shop.write_meta(order_id, [{"key": "_aipkit_tokens_granted", "value": "5"}])
    world.look_at_all()
    (again,) = listed(admins, "state=attention")["items"]
    assert again["reason_code"] == "marker_without_ledger"
    assert decide(admins, order_id, "dismiss") == 400


def test_retry_looks_at_the_order_now(world: World, admins: FlaskClient) -> None:
    order_id = world.order(4711)
    world.poll()
    world.site.run(
        "INSERT INTO wp_users (ID, user_login, user_email, user_registered)"
        " VALUES (4711, 'late', 'late@example.com', UTC_TIMESTAMP())"
    )

    assert decide(admins, order_id, "retry") == 202
    world.poll()

    assert world.site.booked(order_id) == 10_000


def test_readers_decide_nothing_and_tokens_see_no_orders(world: World) -> None:
    bridge = world.site.bridge(world.running.url, security=api_key("read"))
    client = create_app(bridge).test_client()

    assert decide(client, 1, "retry") == 403
    token = bearer(make_token(ALICE, "fragment"))
    assert client.get("/v1/orders", headers=token).status_code == 403
    assert client.get("/v1/orders?state=x", headers=bearer(API_KEY)).status_code == 400
