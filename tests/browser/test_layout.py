"""Where things stand: the same place on every screen, and what comes first on a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import WIDTHS, Open
from tests.browser.test_reports import put_uses
from tests.browser.visits import Visits
from tests.support.site import IDS, USERS, SiteDatabase

CREDITS = "/admin/credits"
SCREENS = (
    CREDITS,
    f"{CREDITS}?search=nobody",
    f"{CREDITS}/{USERS['grace']}",
    f"{CREDITS}/import",
    f"{CREDITS}/limits",
    f"{CREDITS}/limits/chat-{IDS['bots']['Support Bot']}",
    f"{CREDITS}/prices",
    f"{CREDITS}/prices/new",
    f"{CREDITS}/reports",
    f"{CREDITS}/reports/usage",
    "/admin/webhooks",
    "/status",
)
PLACES = """() => ["h1", "nav.screens", ".screens a", ".who button"].map((name) => {
    const box = document.querySelector(name).getBoundingClientRect();
    return [name, Math.round(box.x), Math.round(box.y), name === "h1" || Math.round(box.width)];
})"""


@pytest.mark.own_frame
def test_the_header_stands_still_between_screens(open_page: Open, visits: Visits) -> None:
    page = open_page(SCREENS[0])
    places: dict[tuple[int, str], object] = {}
    for path in SCREENS:
        page.goto(visits.address_of(path))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            places[width, path] = page.evaluate(PLACES)

    for width in WIDTHS:
        first = places[width, SCREENS[0]]
        assert {path: places[width, path] for path in SCREENS} == dict.fromkeys(SCREENS, first)


THUMB = 44
SMALL = """() => [...document.querySelectorAll(
    "#main :is(.button, button, select, summary, input:not([type=hidden])), .bar nav a"
)].map((one) => (one.matches("[type=checkbox], [type=radio]") && one.closest("label")) || one)
    .filter((one) => one.checkVisibility() && !one.closest(".actions"))
    .filter((one) => one.getBoundingClientRect().height < 43.5)
    .map((one) => one.outerHTML.slice(0, 90))"""


@pytest.fixture
def phone(open_page: Open) -> Page:
    return open_page(CREDITS, viewport={"width": 360, "height": 740}, has_touch=True)


def test_what_is_pressed_on_a_phone_is_as_large_as_a_thumb(phone: Page, visits: Visits) -> None:
    small = {}
    for path in SCREENS:
        phone.goto(visits.address_of(path))
        small[path] = phone.evaluate(SMALL)

    assert small == {path: [] for path in SCREENS}


def test_what_is_ticked_on_a_phone_has_a_bar_below_the_list(phone: Page) -> None:
    bar = phone.locator("#give-bar")
    ticks = phone.locator("tbody .tick label")
    expect(ticks.first).to_be_in_viewport()
    expect(bar).not_to_be_in_viewport()
    ticks.nth(0).tap()
    ticks.nth(1).tap()

    expect(bar).to_contain_text("2 ticked")
    box = bar.bounding_box()
    assert box
    assert box["y"] + box["height"] == pytest.approx(740, abs=1)
    assert box["height"] < 2 * THUMB
    bar.locator("summary").tap()
    expect(bar.get_by_label("Tokens for each")).to_be_in_viewport()
    expect(bar.get_by_role("button", name="Preview")).to_be_in_viewport()
    bar.get_by_role("button", name="Untick all").tap()
    expect(bar).not_to_be_in_viewport()


def test_the_shortcode_is_copied_with_its_settings(open_page: Open, visits: Visits) -> None:
    page = open_page(CREDITS)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".shortcode summary").click()
    page.get_by_label("Purchases", exact=True).uncheck()
    page.get_by_label("Title").fill("My tokens")

    page.get_by_role("button", name="Copy").click()

    expect(page.locator(".shortcode button")).to_have_text("Copied")
    expect(page.locator(".shortcode [role=status]")).to_have_text("Copied")
    text = '[aipkit_token_usage purchasehistory="false" title="My tokens"]'
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_without_javascript_the_shortcode_is_selected(open_page: Open) -> None:
    page = open_page(CREDITS, java_script_enabled=False)
    page.get_by_role("searchbox").press("Shift+Tab")  # its settings, which may be opened
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")

    page.keyboard.press("Control+C")

    page.get_by_role("searchbox").press("Control+V")
    expect(page.get_by_role("searchbox")).to_have_value("[aipkit_token_usage]")


def test_with_colours_of_ones_own_all_still_stands_out(
    open_page: Open, visits: Visits, site: SiteDatabase
) -> None:
    """What a surface alone would say is gone then: the system's colours say it."""
    put_uses(site)
    page = open_page(f"{CREDITS}/{USERS['grace']}", forced_colors="active")

    def style(part: str, name: str) -> str:
        of = page.locator(part).first
        return str(of.evaluate("(one, name) => getComputedStyle(one)[name]", name))

    assert style(".actions :checked + span", "backgroundColor") != style(
        ".actions :not(:checked) + span", "backgroundColor"
    )
    assert style(".button.main", "borderTopWidth") == "2px"
    assert style("progress", "borderTopWidth") == "1px"
    page.locator(".button.main").first.focus()
    page.keyboard.press("Shift+Tab")
    assert style(":focus-visible", "outlineStyle") == "solid"
    page.goto(visits.address_of(CREDITS))
    white = style("body", "backgroundColor")
    legend = page.locator(".of-modules .chat dt").evaluate(
        "one => getComputedStyle(one, '::before').backgroundColor"
    )
    assert white != legend == style(".overview rect.chat", "fill")
    if page.locator(".screens").count():  # in WordPress its menu stands there
        assert style(".screens [aria-current]", "borderBottomWidth") == "3px"
