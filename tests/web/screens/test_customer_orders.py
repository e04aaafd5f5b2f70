"""An account shows all orders of its customer: granted, or why not, with the button."""

import pytest
from flask.testing import FlaskClient

from bridge.services.sign_in import csrf_token
from shop_stand_in.state import Line
from tests.support.admin import look, new_session, sign_in_browser
from tests.support.apps import create_app
from tests.support.site import USERS
from tests.support.visitor import Html
from tests.support.world import ALICE, BOB, MUG, SMALL, World


@pytest.fixture
def browser(world: World) -> FlaskClient:
    return sign_in_browser(create_app(world.bridge), world.bridge)


def ways(page: Html) -> dict[str, str]:
    """Return how far each order is, by its number."""
    return {row[0].split()[0]: row[3] for row in page.rows if len(row) == 5 and "#" in row[0]}


def test_each_order_says_how_far_it_is(world: World, browser: FlaskClient) -> None:
    world.site.set_amount(SMALL, "ten")
    asks = world.order(ALICE, Line(SMALL))
    pending = world.order(ALICE, Line(SMALL), status="pending")
    processing = world.order(ALICE, Line(SMALL), status="processing")
    mug = world.order(ALICE, Line(MUG))
    guests = world.order(0, Line(MUG), Line(SMALL), email="Alice@example.com")
    world.poll()
    world.site.set_amount(SMALL, "10000")
    world.look_at_all()
    world.site.set_amount(SMALL, "ten")
    broken = world.order(ALICE, Line(SMALL))
    world.poll()

    page = look(browser, f"/admin/credits/{ALICE}")

    told = ways(page)
    assert told[f"#{broken}"].startswith("Paid Seen Not granted: “10k Token Pack”: its product")
    assert told[f"#{pending}"] == "Not paid yet Seen Granted once it is completed."
    assert told[f"#{processing}"] == "Paid Seen Granted once it is completed."
    assert f"#{mug}" not in told, "it has to do with no tokens"
    assert told[f"#{guests}"].startswith("Paid Seen Not granted: bought as a guest")
    assert f"#{asks}" not in told, "it is granted, and stands among the purchases"
    assert "Nothing bought yet" not in page.text
    assert page.links["Open the product"].endswith(f"post.php?post={SMALL}&action=edit")


def test_who_paid_for_what_is_not_granted_is_not_told_that_nothing_was_bought(
    world: World, browser: FlaskClient
) -> None:
    world.order(0, Line(SMALL), email="frank@example.com")
    world.poll()

    page = look(browser, f"/admin/credits/{USERS['frank']}")

    assert "No order granted tokens yet." in page.text


def test_an_order_that_asks_stands_there_though_it_is_granted(
    world: World, browser: FlaskClient
) -> None:
    order_id = world.order(ALICE, Line(SMALL))
    world.poll()
    world.shop.set_customer(order_id, BOB)
    world.poll()

    for user in (ALICE, BOB):
        assert (
            "Its customer is now" in ways(look(browser, f"/admin/credits/{user}"))[f"#{order_id}"]
        )


def test_a_guests_order_is_given_to_this_account_and_the_page_tells(
    world: World, browser: FlaskClient
) -> None:
    order_id = world.order(0, Line(SMALL), email="alice@example.com")
    world.poll()
    secret = new_session(world.bridge, token="another-token-of-a-test")
    browser.set_cookie("aipkit_bridge_session", secret)

    answer = browser.post(
        f"/admin/orders/{order_id}/assign",
        data={"csrf": csrf_token(secret), "user": str(ALICE), "back": str(ALICE)},
    )

    assert answer.location == f"/admin/credits/{ALICE}?done=assign&order={order_id}"
    assert (
        f"The worker looks at order #{order_id} now"
        in Html(browser.get(answer.location).text).text
    )
    world.poll()
    page = Html(browser.get(answer.location).text)
    assert f"Order #{order_id}: Alice Example has its 10,000 tokens." in page.text
    assert ways(page) == {}


def test_others_orders_are_not_shown(world: World, browser: FlaskClient) -> None:
    world.order(0, Line(SMALL), email="somebody@example.com")
    world.order(BOB, Line(MUG), email="alice@example.com")
    world.poll()

    assert ways(look(browser, f"/admin/credits/{ALICE}")) == {}
