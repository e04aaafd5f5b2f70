"""`/v1/mails`: what the WordPress plugin writes mails of."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from bridge.services.events.watch import watch_events
from bridge.store.wp_options import MAILS_OPTION
from shop_stand_in.state import Line
from tests.support.apps import create_app
from tests.support.client import bearer, make_token
from tests.support.world import ALICE, SMALL, SMALL_CREDITS, World

WANTED = 'a:3:{i:0;s:15:"credits.granted";i:1;s:15:"order.attention";i:2;s:7:"unknown";}'


@pytest.fixture
def told(world: World) -> World:
    """A site whose plugin sends mails of grants and of orders that need a person."""
    world.site.run(
        "INSERT INTO wp_options (option_name, option_value) VALUES (%s, %s)",
        (MAILS_OPTION, WANTED),
    )
    told = world.with_settings()
    watch(told)
    told.order(ALICE, Line(SMALL))
    told.order(0, Line(SMALL))
    told.poll()
    watch(told)
    return told


def watch(world: World) -> None:
    watch_events(world.bridge.db, world.bridge.channels)


@pytest.fixture
def client(told: World) -> FlaskClient:
    return create_app(told.bridge).test_client()


def post(client: FlaskClient, path: str, **body: Any) -> Any:
    answer = client.post(f"/v1/mails/{path}", headers=bearer(make_token(0, "mail")), json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def take(client: FlaskClient) -> list[Any]:
    items: list[Any] = post(client, "take")["items"]
    return items


def end_claims(world: World) -> None:
    world.site.run(
        "UPDATE wp_aipkit_bridge_deliveries SET next_try_at = UTC_TIMESTAMP(6)"
        " WHERE next_try_at IS NOT NULL"
    )


def test_what_is_taken_is_nobody_elses_and_what_was_sent_is_gone(
    client: FlaskClient, told: World
) -> None:
    granted, asking = sorted(take(client), key=lambda one: one["type"])

    assert granted["type"] == "credits.granted"
    assert granted["data"]["credits"] == SMALL_CREDITS
    assert asking["type"] == "order.attention"
    assert take(client) == []
    post(client, f"{granted['id']}/sent")
    end_claims(told)
    assert take(client) == [asking]


def test_a_mail_that_was_sent_stays_so_whatever_is_said_later(
    client: FlaskClient, told: World
) -> None:
    first = take(client)[0]["id"]
    post(client, f"{first}/sent")
    post(client, f"{first}/unsent", error="late")
    post(client, f"{first}/sent")
    end_claims(told)

    assert first not in [one["id"] for one in take(client)]


def test_a_mail_that_was_not_sent_comes_again(client: FlaskClient, told: World) -> None:
    taken = {one["id"] for one in take(client)}
    for number in taken:
        post(client, f"{number}/unsent", error="Could not instantiate mail function.")
    end_claims(told)

    assert {one["id"] for one in take(client)} == taken
    errors = told.site.rows("SELECT DISTINCT last_error FROM wp_aipkit_bridge_deliveries")
    assert errors == [{"last_error": "Could not instantiate mail function."}]


def test_without_mails_nothing_is_kept_for_them(world: World) -> None:
    assert world.bridge.channels == []
