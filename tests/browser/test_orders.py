"""Paid orders that somebody must look at: found, understood and put right, with few clicks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from bridge.services.orders.look_at_orders import look_at_due
from bridge.wiring import Bridge
from tests.browser.clicks import Clicks
from tests.browser.looking import Open, complaints_at_every_width
from tests.support.folders import IMAGES
from tests.support.site import USERS, SiteDatabase

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
    yield
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
