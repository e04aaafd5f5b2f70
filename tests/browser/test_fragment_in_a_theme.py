"""The fragment with the plugin's style sheet, inside light and dark themes."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page

from bridge.services.reports.keep_user_days import keep_user_days
from bridge.wiring import Bridge
from tests.browser.looking import WIDTHS, complaints, complaints_of_structure
from tests.support.activity import Activity
from tests.support.folders import PLUGIN
from tests.support.site import USERS, SiteDatabase
from tests.support.visitor import LOGIN_URL, Visitor

CSS = PLUGIN / "assets/fragment.css"
THEMES = {
    "light": """
        body { background: #fff; color: #1e1e1e; font: 17px/1.6 Georgia, serif }
        a { color: #0b5cad } table { width: 100% } th, td { border: 1px solid #ccc; padding: 8px }
    """,
    "dark": """
        body { background: #14161a; color: #e6e6e6; font: 16px/1.6 system-ui, sans-serif }
        a { color: #8ab4f8 } ul { padding-left: 2em } p { margin: 1em 0 }
    """,
}
RIGHT_TO_LEFT = ("rtl", "activity in Arabic")
LONG_MODEL = "accounts/example-provider/models/llama-v3p3-70b-instruct-turbo-2026"
LONG_NAME = "Donaudampfschifffahrtsgesellschaftskapitänsassistent"


def in_theme(fragment: str, theme: str, direction: str = "ltr") -> str:
    """Return a page as a theme would make it around the fragment."""
    return (
        f'<!doctype html><html lang="en" dir="{direction}"><head><title>Account</title>'
        '<meta name="viewport" content="width=device-width"><style>'
        f"main {{ max-width: 700px; margin: auto; padding: 16px }} {THEMES[theme]}</style>"
        f"<style>{CSS.read_text('utf-8')}</style></head>"
        f"<body><main><h1>My account</h1>{fragment}</main></body></html>"
    )


@pytest.fixture
def fragments(bridge: Bridge, site: SiteDatabase) -> dict[str, str]:
    """Fragments of every kind, by name."""
    erin, grace, bob, ivan, judy = (
        USERS[name] for name in ("erin", "grace", "bob", "ivan", "judy")
    )
    site.run("UPDATE wp_posts SET post_title = %s WHERE ID = 23", (LONG_NAME,))
    site.run(
        "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES"
        " (%s, '_aipkit_token_usage_22', '8600'), (%s, '_aipkit_img_tokens_used', '60'),"
        " (%s, '_aipkit_token_usage_22', '9500')",
        (grace, grace, ivan),
    )
    past = Activity(site, datetime.now(UTC))
    for number in range(1, 24):
        past.book(grace, 40 * number, age=50_000 * number)
    past.book(grace, 900, delta=-500, meta={"quota_units": 400, "uncovered": 60}, age=20)
    past.book(grace, -150, delta=150, age=10)
    past.log(grace, (900_000, 730))
    site.run(
        "UPDATE wp_aipkit_token_ledger SET model = %s WHERE credits_delta = -80", (LONG_MODEL,)
    )
    site.set_balance(judy, 70)
    site.hold(erin, 1200)
    site.run("UPDATE wp_aipkit_bridge_accounts SET debt = 120000 WHERE user_id = %s", (bob,))

    keep_user_days(bridge.db)

    def html(user_id: int, **query: str) -> str:
        return Visitor(bridge, user_id).html(**query).source

    return {
        "full": html(grace, aipkit_page="1", intro="What you have, and what you used."),
        "held": html(erin, aipkit_page="1", locale="de_DE"),
        "debt": html(bob, locale="tr_TR"),
        "empty": html(USERS["frank"], aipkit_history="1"),
        "activity": html(grace, aipkit_activity="chat-22", aipkit_activity_page="2"),
        "activity in Arabic": html(grace, aipkit_activity="chat-22", locale="ar"),
        "no activity": html(grace, aipkit_activity="ai_forms", locale="tr_TR"),
        "low balance": html(judy, locale="de_DE"),
        "low limit": html(ivan),
        "guest": html(0, login_url=LOGIN_URL),
        "rtl": html(grace, aipkit_page="2", locale="ar"),
    }


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nobody_can_complain(
    chromium: Browser, fragments: dict[str, str], theme: str, width: int
) -> None:
    """Colours of each theme at one width, and in a soak at both."""
    page = chromium.new_page(viewport={"width": width, "height": 800})
    of_colors = (theme, width) in zip(THEMES, WIDTHS, strict=True)
    look = complaints if of_colors else complaints_of_structure

    for name, fragment in fragments.items():
        page.set_content(in_theme(fragment, theme, "rtl" if name in RIGHT_TO_LEFT else "ltr"))
        assert look(page) == [], name
    page.close()


@pytest.fixture
def page(chromium: Browser, fragments: dict[str, str]) -> Iterator[Page]:
    """The full fragment in a light theme."""
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_content(in_theme(fragments["full"], "light"))
    yield page
    page.close()


def test_a_theme_that_centres_everything_leaves_it_as_it_is(
    chromium: Browser, fragments: dict[str, str]
) -> None:
    page = chromium.new_page(viewport={"width": 360, "height": 800})
    page.set_content(in_theme(fragments["full"], "light"))
    read = """elements => elements.map(one => getComputedStyle(one).textAlign)"""
    every = page.locator(".aipkit_token_usage_dashboard, .aipkit_token_usage_dashboard *")
    before = every.evaluate_all(read)

    page.add_style_tag(content="main, main *, main p, main td, main th { text-align: center }")

    assert every.evaluate_all(read) == before
    page.close()


def style_of(page: Page, selector: str, name: str) -> str:
    found: str = page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element)[name]", name
    )
    return found


def test_tables_become_cards_where_it_is_narrow(page: Page) -> None:
    assert style_of(page, ".aipkit_usage_table tbody tr", "display") == "table-row"

    page.set_viewport_size({"width": 360, "height": 800})

    assert style_of(page, ".aipkit_usage_table tbody tr", "display") == "block"
    label = page.locator(".aipkit_usage_table td").first.evaluate(
        "element => getComputedStyle(element, '::before').content"
    )
    assert label == '"Used"'


def test_a_table_stays_a_table_for_screen_readers(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})

    table = page.get_by_role("table", name="Usage")
    assert table.get_by_role("columnheader").count() == 5
    assert table.get_by_role("rowheader", name="Support Bot").count() == 1
    assert page.get_by_role("progressbar", name="Support Bot").count() == 1


def test_the_history_opens_by_keyboard_and_without_javascript(
    chromium: Browser, bridge: Bridge
) -> None:
    fragment = Visitor(bridge, USERS["grace"]).html().source
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(in_theme(fragment, "light"))
    table = page.get_by_role("table", name="Purchase history")
    assert not table.is_visible()

    for _ in range(page.get_by_role("link").count() + 1):  # all stand before the history
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert table.is_visible()
    context.close()


def test_what_has_the_focus_is_outlined(page: Page) -> None:
    page.keyboard.press("Tab")

    assert style_of(page, ".aipkit_button_main", "outlineStyle") == "solid"
    assert style_of(page, ".aipkit_button_main", "outlineWidth") == "3px"


def test_bars_grow_from_the_start_of_the_line(
    chromium: Browser, fragments: dict[str, str]
) -> None:
    page = chromium.new_page()
    page.set_content(in_theme(fragments["rtl"], "light", "rtl"))

    bar = page.locator(".aipkit_progress_bar_container").first.bounding_box()
    filled = page.locator(".aipkit_progress_bar_filled").first.bounding_box()

    assert bar
    assert filled
    assert filled["x"] + filled["width"] == pytest.approx(bar["x"] + bar["width"])
    assert filled["width"] == pytest.approx(bar["width"] * 0.86, abs=1)
    page.close()


def test_people_who_want_no_motion_or_their_own_colours_get_that(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce", forced_colors="active")

    assert style_of(page, ".aipkit_button", "transitionDuration") in ("0s", "")
    filled = style_of(page, ".aipkit_progress_bar_filled", "backgroundColor")
    assert filled != style_of(page, ".aipkit_progress_bar_container", "backgroundColor")
