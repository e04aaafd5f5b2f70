"""The screens as a part of WordPress's admin: its frame, its colours, its addresses."""

import pytest
from playwright.sync_api import expect

from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.services.hold_lease import take_lease
from bridge.wiring import Bridge
from tests.browser.looking import (
    SCHEMES,
    WIDTHS,
    Open,
    complaints,
    complaints_of_contrasts,
    picture_of,
    thorough,
    to_take,
    wear,
)
from tests.browser.visits import Visits, WordPressVisits
from tests.browser.wordpress import RecordedWordPress
from tests.support.folders import IMAGES
from tests.support.site import IDS, USERS

ADMIN, GRACE = 1, USERS["grace"]
SCREENS = {
    "/admin/credits": "credits",
    f"/admin/credits/{GRACE}": "credits",
    "/admin/credits/limits": "limits",
    f"/admin/credits/limits/chat-{IDS['bots']['Support Bot']}": "limits",
    "/admin/credits/prices": "limits",
    "/admin/credits/prices/new": "limits",
    "/admin/credits/reports": "reports",
    "/admin/credits/reports/usage": "reports",
    "/admin/credits/import": "bulk",
    "/admin/webhooks": "status",
    "/status": "status",
}


@pytest.fixture
def bridge(bridge: Bridge) -> Bridge:
    take_lease(bridge.db, "worker", "host-1:4711:9af3", 600)
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)
    return bridge


@pytest.fixture
def visits(wordpress: RecordedWordPress) -> Visits:
    """Only through WordPress."""
    return WordPressVisits(wordpress)


def test_every_screen_fits_at_every_width(
    open_page: Open, wordpress: RecordedWordPress, request: pytest.FixtureRequest
) -> None:
    """Two in German; in a soak all, in German and Turkish, in two colour schemes of the admin."""
    is_soak = request.config.getoption("--soak")
    looks = (("de-DE", "sunrise"), ("tr-TR", "light"), ("de-DE", "midnight"), ("en-US", "fresh"))
    found = {}
    for language, scheme in looks if is_soak else looks[:1]:
        wordpress.choose_colors(ADMIN, scheme)
        for path, entry in SCREENS.items() if is_soak else list(SCREENS.items())[:3:2]:
            page = open_page(path, locale=language)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                found[path, language, scheme, width] = complaints(page)
            current = page.locator("#adminmenu .current[aria-current]")
            expect(current).to_have_attribute("href", f"admin.php?page=aipkit-bridge-{entry}")
            expect(page.locator("#aipkit-bridge > div")).to_have_attribute("lang", language)
            expect(page.locator("#wpadminbar")).to_be_visible()
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            page.context.close()

    assert found == {place: [] for place in found}


@pytest.mark.parametrize("scheme", ["sunrise", "light"])
def test_the_admins_colours_are_worn_and_stand_out(
    open_page: Open, wordpress: RecordedWordPress, scheme: str
) -> None:
    """Also where the reader's system is dark: the admin is not. Each page in both in a soak."""
    wordpress.choose_colors(ADMIN, scheme)
    found, accents = {}, set()
    for number, path in enumerate(("/admin/credits", "/status")):
        page = open_page(path)
        for mode in SCHEMES:
            if mode != SCHEMES[number] and not thorough.is_set():
                continue
            wear(page, mode)
            found[path, mode] = complaints_of_contrasts(page)
        button = page.locator(".button.quiet, .button.main").first
        accents.add(button.evaluate("element => getComputedStyle(element).borderTopColor"))
        page.context.close()

    assert found == {place: [] for place in found}
    assert accents == {{"sunrise": "rgb(152, 89, 40)", "light": "rgb(0, 110, 154)"}[scheme]}


def test_links_back_and_reload_lead_where_one_was(open_page: Open) -> None:
    page = open_page("/admin/credits")
    expect(page).to_have_title("Credits ‹ Rig Store — WordPress")
    page.get_by_role("link", name="Grace Example", exact=True).click()
    expect(page).to_have_title("Grace Example ‹ Rig Store — WordPress")
    deep = page.url
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Credits")
    page.go_forward()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Grace Example")
    page.locator("#adminmenu").get_by_role("link", name="Status").click()

    page.goto(f"{deep}#ledger")

    expect(page.get_by_role("heading", name="Ledger")).to_be_in_viewport()


def test_nothing_of_ours_reaches_the_admins_own(open_page: Open) -> None:
    """Its menu and bar look as on a page without us."""
    look = """() => ["#adminmenu a.wp-has-current-submenu", "#wpadminbar a", "#wpfooter p", "body"]
        .map((name) => getComputedStyle(document.querySelector(name)))
        .map((style) => [style.font, style.padding, style.backgroundColor, style.boxSizing])"""
    page = open_page("/admin/credits")
    with_ours = page.evaluate(look)

    page.evaluate("document.querySelectorAll('link[href*=aipkit]').forEach(l => l.remove())")

    assert page.evaluate(look) == with_ours


def test_pictures_for_the_documents(
    open_page: Open, wordpress: RecordedWordPress, request: pytest.FixtureRequest
) -> None:
    views = {
        "wordpress-credits": ("/admin/credits", "fresh", 1280, 800),
        "wordpress-status": ("/status", "sunrise", 1280, 800),
        "wordpress-credits-360": ("/admin/credits", "fresh", 360, 780),
    }
    for name, (path, scheme, width, height) in to_take(views, request).items():
        wordpress.choose_colors(ADMIN, scheme)
        page = open_page(path, viewport={"width": width, "height": height})

        picture = picture_of(page)

        assert len(picture) > 5_000
        if request.config.getoption("--pictures"):
            (IMAGES / f"{name}.webp").write_bytes(picture)
        page.context.close()
