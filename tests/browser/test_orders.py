"""Paid orders that somebody must look at: found, understood and put right, with few clicks."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.services.orders.look_at_orders import look_at_due
from bridge.wiring import Bridge
from tests.browser.clicks import Clicks
from tests.browser.looking import Open, complaints_at_every_width
from tests.support.activity import Activity
from tests.support.folders import IMAGES
from tests.support.site import PRODUCTS, USERS, SiteDatabase

ALICE, FRANK = USERS["alice"], USERS["frank"]
GUESTS_ORDER, FRANKS_ORDER = 29, 33


@contextmanager
def worker(bridge: Bridge) -> Iterator[None]:
    """Look at orders as soon as somebody asks for it, as the worker does."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.05):
            look_at_due(bridge.import_context(), bridge.shop)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def site(site: SiteDatabase) -> SiteDatabase:
    """Without the other plugin, which has granted some of the orders in its way."""
    return site.without_peer()


def news(page: Page) -> str:
    return page.locator("#order-news").inner_text()


@pytest.mark.parametrize("by_keyboard", [False, True])
def test_a_guests_order_is_given_to_its_owner_by_two_clicks(
    open_page: Open, bridge: Bridge, site: SiteDatabase, by_keyboard: bool
) -> None:
    clicks = Clicks(open_page(), by_keyboard=by_keyboard)

    with worker(bridge):
        clicks.on("link", "Status")
        clicks.on("button", f"Give it to Alice Example: order #{GUESTS_ORDER}")
        expect(clicks.page.locator("#order-news")).to_contain_text("Alice Example has its 10,000")

    assert clicks.number == 2
    assert site.booked(GUESTS_ORDER) == 10_000
    expect(clicks.page.get_by_role("row", name=f"#{GUESTS_ORDER}")).to_have_count(0)


@pytest.mark.in_wordpress
def test_the_news_say_what_still_is_wrong(open_page: Open, bridge: Bridge) -> None:
    page = open_page("/status")
    with worker(bridge):
        page.get_by_role("button", name=f"Try again: order #{FRANKS_ORDER}").click()

        expect(page.locator("#order-news")).to_contain_text("is not granted yet.")
    assert "has no amount" in news(page)


def test_what_somebody_types_stays_while_the_page_renews_itself(
    open_page: Open, bridge: Bridge
) -> None:
    page = open_page("/status")
    page.get_by_role("button", name=f"Give it to Alice Example: order #{GUESTS_ORDER}").click()
    row = page.get_by_role("row", name="#45")
    row.locator("summary", has_text="Dismiss").click()
    row.get_by_label("Why nothing is to be done").fill("It was no")

    with worker(bridge):
        expect(page.locator("#order-news")).to_contain_text("has its 10,000 tokens")

    expect(row.get_by_label("Why nothing is to be done")).to_have_value("It was no")
    expect(page.get_by_role("row", name=f"#{GUESTS_ORDER}")).to_have_count(0)


def test_nobody_complains_of_the_status_page(
    open_page: Open, request: pytest.FixtureRequest
) -> None:
    page = open_page("/status")

    assert complaints_at_every_width(page) == []

    if request.config.getoption("--pictures"):
        page.set_viewport_size({"width": 1280, "height": 800})
        page.locator("#attention").screenshot(path=IMAGES / "orders-that-need-you.png")


@pytest.fixture
def nina(site: SiteDatabase) -> int:
    """A user of the site who owns nothing yet."""
    site.run(
        "INSERT INTO wp_users (ID, user_login, user_email, display_name, user_registered)"
        " VALUES (500, 'nina', 'nina@example.net', 'Nina New', '2020-01-01')"
    )
    return 500


@pytest.mark.parametrize("by_keyboard", [False, True])
def test_500_are_given_to_somebody_without_an_account_by_three_clicks(
    open_page: Open, nina: int, site: SiteDatabase, by_keyboard: bool
) -> None:
    clicks = Clicks(open_page(), by_keyboard=by_keyboard)
    page = clicks.page

    clicks.stand_in(page.get_by_role("searchbox"))
    page.keyboard.type("nina@example.net")
    clicks.on("button", "Search")
    clicks.on("link", "Open Nina New")
    amount = page.get_by_label("Tokens", exact=True)
    clicks.stand_in(amount)
    page.keyboard.type("500")
    clicks.on("button", "Save")

    told = page.locator(".booked")
    expect(told).to_contain_text("500 tokens given. New balance: 500")
    expect(told).to_be_focused()
    assert (clicks.number, site.balance(nina)) == (3, 500)


def test_from_i_paid_and_got_nothing_to_the_fix_by_four_clicks(
    open_page: Open, bridge: Bridge, site: SiteDatabase
) -> None:
    """
    By keyboard alone: others press the same by the mouse.

    Frank's product has no number of tokens: it is put right in WooCommerce, in another tab.
    """
    clicks = Clicks(open_page(), by_keyboard=True)
    page = clicks.page
    clicks.stand_in(page.get_by_role("searchbox"))
    page.keyboard.type("frank@example.com")

    clicks.on("button", "Search")
    clicks.on("link", "Open Frank Example")
    product = page.get_by_role("link", name="Open the product")
    expect(product).to_have_attribute("href", re.compile("post.php"))
    clicks.reach(product)
    clicks.number += 1  # there
    site.run(
        "INSERT INTO wp_postmeta (post_id, meta_key, meta_value)"
        " VALUES (%s, '_aipkit_tokens_amount', '700')",
        (PRODUCTS["no_amount"],),
    )
    with worker(bridge):
        clicks.on("button", f"Try again: order #{FRANKS_ORDER}")
        expect(page.locator("#order-news")).to_contain_text("Frank Example has its 2,800 tokens")

    expect(page.locator("#balance .amount")).to_have_text("2,800")
    assert (clicks.number, site.balance(FRANK)) == (4, 2800)


@pytest.mark.parametrize("by_keyboard", [False, True])
def test_i_was_charged_twice_is_settled_by_three_clicks(
    open_page: Open, bridge: Bridge, site: SiteDatabase, by_keyboard: bool
) -> None:
    past = Activity(site, datetime.now(UTC))
    past.book(ALICE, 120, age=64)
    past.book(ALICE, 120, age=60)
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)
    before = site.balance(ALICE)
    clicks = Clicks(open_page(), by_keyboard=by_keyboard)
    page = clicks.page
    search = page.get_by_role("searchbox")
    clicks.stand_in(search)
    page.keyboard.type("alice@example.com")

    clicks.on("button", "Search")
    clicks.on("link", "Alice Example")
    expect(page.get_by_text("possible duplicate")).to_have_count(2)
    clicks.press(page.get_by_role("button", name=re.compile("^Give back")).first)

    expect(page.locator(".booked")).to_contain_text("120 tokens given back.")
    expect(page.get_by_text("possible duplicate")).to_have_count(0)
    assert (clicks.number, site.balance(ALICE)) == (3, before + 120)
