"""Reports in a browser: the owner's questions, with their clicks counted."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.clicks import Clicks
from tests.browser.looking import Open, clicks, complaints_at_every_width, count_clicks
from tests.support.site import IDS, SiteDatabase

REPORTS = "/admin/credits/reports"
SUPPORT = IDS["bots"]["Support Bot"]
ZONE = ZoneInfo("Europe/Istanbul")


def last_month() -> datetime:
    """A noon in the middle of it, by the site's clock."""
    return (datetime.now(ZONE).replace(day=1, hour=12) - timedelta(days=15)).replace(tzinfo=None)


def put_sales(site: SiteDatabase) -> None:
    """Sales of this month and the last one, as bookings would have kept them."""
    for number, (at, amount, product) in enumerate(
        [
            (last_month(), "129.90", 12),
            (last_month(), "80.00", 13),
            (last_month(), "-9.90", 12),
            (datetime.now() - timedelta(minutes=1), "15.00", 12),  # noqa: DTZ005  # a column's
        ],
        1,
    ):
        site.run(
            "INSERT INTO wp_aipkit_bridge_sale_lines (order_id, line_id, refund_id, at, day,"
            " currency, product_id, variation_id, quantity, credits, amount)"
            " VALUES (%s, %s, %s, %s, %s, 'EUR', %s, 0, 1, 10000, %s)",
            (1000 + number, number, 7 if amount < "0" else 0, at, at, product, amount),
        )
        site.run(
            "INSERT INTO wp_aipkit_bridge_order_lines (order_id, line_id, product_id,"
            " variation_id, name, quantity, unit_amount, paid, frozen_at) VALUES"
            " (%s, %s, %s, 0, %s, 1, 10000, 5, UTC_TIMESTAMP(6))",
            (1000 + number, number, product, f"{product}0k Token Pack"),
        )
    site.count_orders_anew()


def put_uses(site: SiteDatabase) -> None:
    """Uses of yesterday, at the site's noon."""
    noon = datetime.now(ZONE).replace(hour=12, minute=0, second=0, microsecond=0)
    at = (noon - timedelta(days=1, hours=3)).replace(tzinfo=None)
    for user, model, credits in ((2, "gpt-5", 900), (3, "gpt-5-mini", 300), (2, "gpt-5-mini", 40)):
        site.run(
            "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, context_type,"
            " context_id, provider, model, operation, usage_total_units, credits_delta,"
            " entry_type, created_at) VALUES (%s, 'user', 'chat', 'chatbot', %s, 'OpenAI', %s,"
            " 'chat', 1200, %s, 'usage', %s)",
            (user, SUPPORT, model, -credits, at),
        )


def test_last_months_revenue_takes_one_click(open_page: Open, site: SiteDatabase) -> None:
    put_sales(site)
    page = open_page("/admin/credits")
    count_clicks(page)
    page.get_by_role("link", name="Reports").click()

    name = f"{last_month():%B %Y}"
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name))
    expect(row).to_contain_text("€200.00")
    expect(row).to_be_in_viewport()
    assert clicks(page) == 1
    page.go_back()
    Clicks(page, by_keyboard=True).on("link", "Reports")
    expect(row).to_contain_text("€200.00")
    assert clicks(page) == 1


def test_who_used_most_yesterday_takes_two_clicks(open_page: Open, site: SiteDatabase) -> None:
    put_uses(site)
    page = open_page("/admin/credits")
    count_clicks(page)
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("link", name="Who used most yesterday").click()

    first = page.get_by_role("table").first.get_by_role("row").nth(1)
    expect(first).to_contain_text("940")
    assert clicks(page) == 2
    expect(page.get_by_role("table").last).to_contain_text("gpt-5-mini")
    page.go_back()
    page.go_back()
    by_keyboard = Clicks(page, by_keyboard=True)
    by_keyboard.on("link", "Reports")
    by_keyboard.on("link", "Who used most yesterday")
    expect(first).to_contain_text("940")
    assert (clicks(page), by_keyboard.number) == (2, 2)


def test_a_day_is_clicked_in_the_chart(open_page: Open, site: SiteDatabase) -> None:
    put_uses(site)
    page = open_page("/admin/credits", viewport={"width": 1280, "height": 800})
    page.locator(".overview svg a").nth(-2).click()

    expect(page.get_by_role("heading", name="Who used what")).to_be_visible()
    expect(page.get_by_role("table").first.get_by_role("row").nth(1)).to_contain_text("940")


@pytest.mark.parametrize("path", ["", "/usage?days"])
def test_nobody_can_complain(open_page: Open, site: SiteDatabase, path: str) -> None:
    put_sales(site)
    put_uses(site)
    yesterday = (datetime.now(ZONE) - timedelta(days=1)).date()

    page = open_page(REPORTS + path.replace("days", f"from={yesterday}&to={yesterday}"))

    assert complaints_at_every_width(page) == []
