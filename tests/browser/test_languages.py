"""The screens in German, whose words are long, as a browser shows them."""

import pytest
from playwright.sync_api import expect

from tests.browser.looking import Open, complaints_at_every_width
from tests.support.site import IDS, USERS

CREDITS = "/admin/credits"
BOT = IDS["bots"]["Support Bot"]
SCREENS = (
    CREDITS,
    f"{CREDITS}/{USERS['grace']}",
    f"{CREDITS}/import",
    f"{CREDITS}/limits",
    f"{CREDITS}/limits/chat-{BOT}",
    f"{CREDITS}/prices",
    f"{CREDITS}/prices/new",
    f"{CREDITS}/reports",
    f"{CREDITS}/reports/usage",
    "/status",
)


@pytest.mark.parametrize("path", SCREENS)
def test_nothing_overflows_in_german(path: str, open_page: Open) -> None:
    page = open_page(path, locale="de-DE")

    expect(page.locator("html")).to_have_attribute("lang", "de-DE")
    assert complaints_at_every_width(page, of_colors=False) == []


def test_a_balance_changes_in_german(open_page: Open) -> None:
    page = open_page(CREDITS, locale="de-DE")

    page.locator(".balance").first.click()
    page.get_by_label("Token", exact=True).fill("2.345")
    expect(page.get_by_text("Neuer Kontostand: 12.345")).to_be_visible()
    page.get_by_label("Token", exact=True).press("Enter")

    expect(page.locator(".booked")).to_contain_text("2.345 Token gegeben.")
    expect(page.locator(".balance").first).to_contain_text("12.345")
