"""Prices and limits in a browser: every action, with JavaScript and without."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bridge.wiring import Bridge
from tests.browser.looking import WIDTHS, complaints
from tests.support.admin import ADMIN, COOKIE, new_session
from tests.support.site import IDS, SiteDatabase

IMAGES = Path(__file__).parent.parent.parent / "docs/img"
SUPPORT, SALES = IDS["bots"]["Support Bot"], IDS["bots"]["Sales Bot"]
LIMITS = "/admin/credits/limits"
Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, bridge: Bridge, address: str) -> Iterator[Open]:
    """Opens a screen in a browser of its own, signed in."""
    contexts: list[BrowserContext] = []

    def open_it(path: str = LIMITS, **more: object) -> Page:
        context = chromium.new_context(**more)  # type: ignore[arg-type]  # as the caller says
        contexts.append(context)
        secret = new_session(bridge, ADMIN, f"a-token-of-browser-{len(contexts)}")
        context.add_cookies([{"name": COOKIE, "value": secret, "url": address}])
        page = context.new_page()
        page.goto(address + path)
        return page

    yield open_it
    for context in contexts:
        context.close()


def stored(site: SiteDatabase, bot: int, name: str) -> object:
    sql = "SELECT meta_value FROM wp_postmeta WHERE post_id = %s AND meta_key = %s"
    return site.value(sql, (bot, f"_aipkit_token_{name}"))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_limit_is_changed(open_page: Open, site: SiteDatabase, scripts: bool) -> None:
    page = open_page("/admin/credits", java_script_enabled=scripts)
    page.get_by_role("link", name="Prices and limits").click()
    page.get_by_role("link", name="Change the limits of Support Bot").click()
    page.get_by_label("Each user").fill("12,500")
    page.get_by_label("Renews").select_option("Every week")
    page.get_by_label("Each user").press("Enter")

    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(page.get_by_role("row", name="Support Bot")).to_contain_text("12,500")
    assert stored(site, SUPPORT, "user_limit") == "12500"
    assert stored(site, SUPPORT, "reset_period") == "weekly"


@pytest.mark.parametrize("scripts", [True, False])
def test_a_roles_limit_is_changed(open_page: Open, site: SiteDatabase, scripts: bool) -> None:
    page = open_page(f"{LIMITS}/chat-{SALES}", java_script_enabled=scripts)
    page.get_by_label("Customer", exact=True).fill("9000")
    page.get_by_label("Unlimited: Editor").uncheck()
    page.get_by_label("Unlimited: Shop manager").check()
    page.get_by_role("button", name="Save").click()

    row = page.get_by_role("row", name="Sales Bot")
    expect(row).to_contain_text("Customer: 9,000")
    expect(row).to_contain_text("Shop manager: Unlimited")
    assert stored(site, SALES, "role_limits") == (
        '{"customer":"9000","subscriber":"0","shop_manager":""}'
    )


def test_what_is_refused_stays_in_the_form(open_page: Open, site: SiteDatabase) -> None:
    page = open_page(f"{LIMITS}/chat-{SUPPORT}")
    page.get_by_label("Each user").fill("ten")
    page.get_by_label("Each guest").fill("7")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert")).to_contain_text("Users: the limit must be empty or")
    expect(page.get_by_label("Each user")).to_have_value("ten")
    expect(page.get_by_label("Each guest")).to_have_value("7")
    assert stored(site, SUPPORT, "guest_limit") == "1000"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [LIMITS, f"{LIMITS}?search=nobody", f"{LIMITS}/chat-{SALES}"])
def test_nobody_can_complain(open_page: Open, site: SiteDatabase, path: str, scheme: str) -> None:
    site.limit_chatbot(SALES, {"guest_limit": "many", "reset_period": "yearly"})
    page = open_page(path, color_scheme=scheme)

    for width in (*WIDTHS, 760):
        page.set_viewport_size({"width": width, "height": 800})
        for direction in ("ltr", "rtl"):
            page.evaluate("direction => { document.documentElement.dir = direction }", direction)
            assert complaints(page) == [], (width, direction)


def test_pictures_for_the_documents(open_page: Open, request: pytest.FixtureRequest) -> None:
    views = {
        "limits": ("", "light", 1000, 620),
        "limits-dark": ("", "dark", 1000, 620),
        "limits-360": (f"/chat-{SALES}", "light", 360, 900),
    }
    for name, (path, scheme, width, height) in views.items():
        page = open_page(LIMITS + path, color_scheme=scheme,
                         viewport={"width": width, "height": height})  # fmt: skip

        picture = page.screenshot()

        assert len(picture) > 10_000
        if request.config.getoption("--pictures"):
            (IMAGES / f"{name}.png").write_bytes(picture)
