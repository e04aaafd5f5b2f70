"""The search of Credits finds orders, uses by their reference, and users who own nothing yet."""

import pytest
from flask.testing import FlaskClient

from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.store import found
from shop_stand_in.state import Line
from tests.support.admin import look, sign_in_browser
from tests.support.apps import create_app
from tests.support.client import bearer, make_token
from tests.support.visitor import Html
from tests.support.world import ALICE, SMALL, World

CREDITS = "/admin/credits"
NINA = 500


@pytest.fixture
def browser(world: World) -> FlaskClient:
    """Nina is a user of the site; nobody has given or sold her anything."""
    world.site.run(
        "INSERT INTO wp_users (ID, user_login, user_email, display_name, user_registered)"
        " VALUES (%s, 'nina_new', 'Nina@example.net', 'Nina <i>New</i>', '2020-01-01')",
        (NINA,),
    )
    keep_summaries(world.bridge.db, world.bridge.site.get(), run_for_s=60)
    return sign_in_browser(create_app(world.bridge), world.bridge)


def search(browser: FlaskClient, text: str) -> Html:
    return look(browser, CREDITS, search=text)


@pytest.mark.parametrize("text", ["nina@", "NINA_n", "nina@example.net", str(NINA)])
def test_a_user_who_owns_nothing_is_found(browser: FlaskClient, text: str) -> None:
    page = search(browser, text)

    assert "No tokens yet. Open" in page.text
    assert page.links["Open"] == f"{CREDITS}/{NINA}#balance"
    assert "Nina <i>New</i>" in page.text
    assert "No account is like that" not in page.text


@pytest.mark.parametrize("text", ["%", "_", "ina", "nina%", "nina\\", "501"])
def test_nobody_is_found_by_what_is_no_beginning(browser: FlaskClient, text: str) -> None:
    assert "No tokens yet" not in search(browser, text).text


def test_whoever_is_in_the_list_is_no_newcomer(world: World, browser: FlaskClient) -> None:
    world.site.run(
        "INSERT INTO wp_usermeta (user_id, meta_key, meta_value)"
        " VALUES (%s, '_aipkit_token_balance', '70')", (NINA,)
    )  # fmt: skip
    assert "70" in search(browser, "nina").text, "the summaries do not know her yet"
    keep_summaries(world.bridge.db, world.bridge.site.get(), run_for_s=60)

    page = search(browser, "nina")

    assert "Also found" not in page.text
    assert "1 account found" in page.text


@pytest.mark.parametrize("sign", ["", "#"])
def test_an_order_is_found_by_its_number_or_id(
    world: World, browser: FlaskClient, sign: str
) -> None:
    order_id = world.order(ALICE, Line(SMALL))
    world.poll()
    world.site.run(
        "UPDATE wp_aipkit_bridge_orders SET order_number = 'A-77' WHERE order_id = %s", (order_id,)
    )

    for text in ("A-77", str(order_id)):
        page = search(browser, sign + text)
        assert "Granted: 10,000 tokens" in page.text
        assert page.links["Open the account"] == f"{CREDITS}/{ALICE}#purchases"


def test_a_guests_order_is_found_by_the_address_and_given_away(
    world: World, browser: FlaskClient
) -> None:
    order_id = world.order(0, Line(SMALL), email="Stranger@example.com")
    world.poll()

    page = search(browser, "stranger@EXAMPLE.com")

    assert f"#{order_id}" in page.links
    assert "Assign" in page.text


@pytest.fixture
def used(world: World) -> None:
    """Alice's back end has booked a use, and called it by its own name."""
    app = create_app(world.bridge)
    answer = app.test_client().post(
        "/v1/usage/record",
        json={
            "actor": {"user_id": ALICE},
            "module": "image_generator",
            "units": 30,
            "reference": "run-4711",
        },
        headers={**bearer(make_token(ALICE, "usage")), "Idempotency-Key": "a-use"},
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.usefixtures("used")
def test_a_use_is_found_by_its_reference_and_its_id(world: World, browser: FlaskClient) -> None:
    entry = f"led_{world.site.ledger()[-1]['id']}"

    for text in ("run-4711", entry):
        page = search(browser, text)
        (address,) = [at for at in page.links.values() if "before=" in at]
        assert "run-4711" in page.text
        assert address.endswith(f"#{entry}")
        first = Html(browser.get(address.partition("#")[0]).text)
        (row,) = [a for tag, a in first.tags if a.get("id") == entry]
        assert row


def test_how_far_back_references_are_looked_for_is_said(
    browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "References of uses were looked for in the newest"
    assert said not in search(browser, "conversation-99").text, "it was looked for in all"

    monkeypatch.setattr(found, "LOOKED_THROUGH", 1)

    assert f"{said} 1 rows of the ledger." in search(browser, "conversation-99").text
    assert said not in search(browser, "led_1").text


def test_what_is_filtered_is_no_search_for_more(browser: FlaskClient) -> None:
    assert "Also found" not in look(browser, CREDITS, search="nina", has_balance="1").text
