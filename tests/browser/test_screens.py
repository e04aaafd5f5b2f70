"""The bridge's own screens: status, sign-in, and the page for a database that is down."""

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from bridge.services.books.reconcile import reconcile
from bridge.services.hold_lease import take_lease
from bridge.services.record_jobs import record_end, record_start
from bridge.services.sign_in import sign_in
from bridge.wiring import Bridge
from tests.browser.looking import (
    WIDTHS,
    Open,
    complaints_of_both_schemes,
    complaints_of_structure,
)
from tests.support.client import make_token
from tests.support.site import SiteDatabase

ADMIN = 1
LONG = "Unbroken" * 60


@pytest.fixture
def busy(bridge: Bridge, site: SiteDatabase) -> Bridge:
    """A bridge with something in every list of the status page."""
    site.run("UPDATE wp_aipkit_bridge_orders SET state = 'waiting' WHERE order_id = 26")
    site.run("UPDATE wp_aipkit_bridge_orders SET reason = %s WHERE order_id = 33", (LONG,))
    site.run(
        "INSERT INTO wp_aipkit_bridge_findings (kind, user_id, order_id, summary, evidence,"
        " found_at) VALUES ('foreign_change', 2, 26, %s, '{}', NOW())",
        (LONG,),
    )
    take_lease(bridge.db, "worker", "host-1:4711:9af3", 600)
    for name, error in (("poll_shop", ""), ("settle_differences", LONG)):
        record_start(bridge.db, name, "host-1")
        record_end(bridge.db, name, duration_ms=1240, error=error)
    return bridge


def check(context: BrowserContext, url: str, status: int) -> None:
    """Open *url* at every width; nobody may complain, the browser neither."""
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        answer = page.goto(url)
        assert answer
        assert answer.status == status
        assert complaints_of_structure(page) == [], width
        # What is seen now is seen with all details open as well, in the same colours.
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert complaints_of_both_schemes(page) == [], f"{width}, with all details open"
    assert not [text for text in refused if "Content Security Policy" in text]
    context.close()


def test_the_status_page(chromium: Browser, busy: Bridge, address: str) -> None:
    context = chromium.new_context()
    secret = sign_in(busy.db, busy.site, user_id=ADMIN, token_id="a-token-of-this-test")
    context.add_cookies([{"name": "aipkit_bridge_session", "value": secret, "url": address}])

    check(context, f"{address}/status", 200)


@pytest.fixture
def alone(site: SiteDatabase) -> SiteDatabase:
    """The site without the other plugin; to be asked for before the bridge looks at it."""
    return site.without_peer()


def test_what_needs_the_owner_is_in_sight_at_every_width(
    alone: SiteDatabase,
    chromium: Browser,
    bridge: Bridge,
    address: str,
) -> None:
    take_lease(bridge.db, "worker", "host-1:4711:9af3", 600)
    alone.run(
        "INSERT INTO wp_aipkit_bridge_findings (kind, user_id, summary, evidence, found_at)"
        " VALUES ('foreign_change', 2, 'Another program changed the balance of user 2 without a"
        " ledger row, or its ledger: 10,000 was expected, 9,400 was found. Adjust the balance if"
        " that is wrong.', '{}', UTC_TIMESTAMP(6) - INTERVAL 2 HOUR)"
    )
    reconcile(bridge.db)
    secret = sign_in(bridge.db, bridge.site, user_id=ADMIN, token_id="a-token-of-this-test")

    for width in WIDTHS:
        context = chromium.new_context()
        context.add_cookies([{"name": "aipkit_bridge_session", "value": secret, "url": address}])
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{address}/status")

        expect(page.get_by_role("heading", name="3 things need you.")).to_be_visible()
        page.locator("summary", has_text="Assign").first.click()
        expect(page.get_by_label("User: id, login or e-mail").first).to_be_visible()
        context.close()


def test_the_sign_in_page(chromium: Browser, address: str) -> None:
    token = make_token(ADMIN, scope="", aud="aipkit-bridge/login", jti="a-link-of-this-test")

    check(chromium.new_context(), f"{address}/admin/login?token={token}", 200)


def test_the_page_for_a_link_that_was_used(chromium: Browser, address: str) -> None:
    check(chromium.new_context(), f"{address}/admin/login?token=used", 401)


def test_the_page_without_a_database(
    chromium: Browser, bridge: Bridge, address: str, site: SiteDatabase
) -> None:
    secret = sign_in(bridge.db, bridge.site, user_id=ADMIN, token_id="a-token-of-this-test")
    context = chromium.new_context()
    context.add_cookies([{"name": "aipkit_bridge_session", "value": secret, "url": address}])
    site.run("DROP TABLE wp_aipkit_bridge_jobs")

    check(context, f"{address}/status", 503)


def test_signing_in_by_the_button(chromium: Browser, address: str) -> None:
    token = make_token(ADMIN, scope="", aud="aipkit-bridge/login", jti="a-link-of-this-test")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/admin/login?token={token}")

    page.get_by_role("button", name="Sign in as admin").click()

    assert page.url == f"{address}/status"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Come from WordPress")).to_be_visible()
    context.close()


@pytest.mark.usefixtures("busy")
def test_deciding_on_the_status_page(open_page: Open) -> None:
    page = open_page("/status", java_script_enabled=False)
    row = page.get_by_role("row", name="#45")

    row.locator("summary", has_text="Dismiss").click()
    row.get_by_label("Why nothing is to be done").fill("It was no package.")
    row.get_by_role("button", name="Dismiss", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("The order is off the list")
    expect(page.get_by_role("row", name="#45")).to_have_count(0)
    page.get_by_text("Orders dismissed last").click()
    expect(page.get_by_text("It was no package.")).to_be_visible()
    page.get_by_role("button", name="List it again: order #45").click()
    page.get_by_role("button", name="Try again: order #45").click()
    expect(page.get_by_role("row", name="#45")).to_be_visible()

    row = page.get_by_role("row", name="#29")
    row.locator("summary", has_text="Assign").click()
    row.get_by_label("User: id, login or e-mail").fill("nobody at all")
    row.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("nobody at all")
    expect(row.get_by_label("User: id, login or e-mail")).to_have_value("nobody at all")
    row.get_by_label("User: id, login or e-mail").fill("alice")
    row.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("The worker looks at order #29 now")
    expect(page.get_by_role("link", name="Look again")).to_be_visible()

    page.locator("summary", has_text="Resolve").first.click()
    page.get_by_label("What you found, or did about it").fill("I adjusted it.")
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.get_by_text("The finding is resolved")).to_be_visible()
    page.get_by_text("Findings resolved last").click()

    expect(page.get_by_text("I adjusted it.")).to_be_visible()
    page.get_by_role("button", name="Read the shop now").click()
    expect(page.get_by_text("The worker reads the shop now")).to_be_visible()
    page.get_by_role("button", name="Compare the books now").click()
    expect(page.get_by_text("The worker compares the books now")).to_be_visible()
