"""The Credits screens in a browser: every action, with JavaScript and without."""

from datetime import UTC, datetime

import pytest
import requests
from playwright.sync_api import Page, expect

from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.wiring import Bridge
from tests.browser.looking import Open, complaints_at_every_width
from tests.browser.visits import Visits
from tests.support.activity import Activity
from tests.support.client import bearer, make_token
from tests.support.site import USERS, SiteDatabase

BOB, GRACE, HEIDI = (USERS[name] for name in ("bob", "grace", "heidi"))
CHANGE_BOB = "change the balance of Bob Example"


def let_all_own_and_use(bridge: Bridge, site: SiteDatabase) -> None:
    """Grace has used what she bought; some users have only a balance."""
    for user in range(101, 131):
        site.run(
            "INSERT INTO wp_users (ID, user_login, user_email, display_name, user_registered)"
            " VALUES (%s, %s, %s, %s, '2020-01-01')",
            (user, f"member{user}", f"member{user}@example.net", f"Member {user}"),
        )
        site.run(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value)"
            " VALUES (%s, '_aipkit_token_balance', %s)",
            (user, user * 137 % 9000),
        )
    past = Activity(site, datetime.now(UTC))
    for number in range(1, 31):
        past.book(GRACE, 40 * number, age=5_000 * number)
    site.run(
        "INSERT INTO wp_usermeta (user_id, meta_key, meta_value)"
        " VALUES (%s, '_aipkit_token_usage_22', '8600')", (GRACE,),
    )  # fmt: skip
    site.hold(GRACE, 1200)
    for number, (currency, price) in enumerate([("EUR", 120), ("JPY", 9000), ("", None)]):
        site.run(
            "INSERT INTO wp_aipkit_bridge_orders (order_id, granted, granted_at, first_seen_at,"
            " currency, sold_for) VALUES (%s, 90000, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), %s, %s)",
            (9000 + number, currency, price),
        )
    site.count_orders_anew()
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)


@pytest.fixture
def bridge(bridge: Bridge, site: SiteDatabase) -> Bridge:
    let_all_own_and_use(bridge, site)
    return bridge


def balance_of(page: Page, name: str) -> str:
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))
    return row.locator(".balance .shown").inner_text()


def use(address: str, user_id: int, units: int) -> None:
    """Book a use of the image generator."""
    answer = requests.post(
        f"{address}/v1/usage/record",
        json={"actor": {"user_id": user_id}, "module": "image_generator", "units": units},
        headers={**bearer(make_token(user_id, "usage")), "Idempotency-Key": f"use-{units}"},
        timeout=10,
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.in_wordpress
def test_a_balance_is_changed_by_keyboard(open_page: Open, site: SiteDatabase) -> None:
    page = open_page()
    button = page.get_by_role("button", name=CHANGE_BOB)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Tokens", exact=True)).to_be_focused()
    page.keyboard.type("1,500")
    expect(page.get_by_text("New balance: 111,500")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    expect(page.get_by_text("New balance: 1,500", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type("Goodwill")

    page.keyboard.press("Enter")

    told = page.locator(".booked")
    expect(told).to_contain_text("New balance: 1,500")
    expect(told).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    assert balance_of(page, "Bob Example") == "1,500"
    assert site.balance(BOB) == 1500
    page.get_by_role("link", name="Bob Example", exact=True).click()
    expect(page.get_by_role("row", name="By hand")).to_contain_text("Goodwill by admin")


def test_escape_changes_nothing(open_page: Open, site: SiteDatabase) -> None:
    page = open_page()
    button = page.get_by_role("button", name=CHANGE_BOB)
    button.click()
    page.keyboard.type("3")

    page.keyboard.press("Escape")

    expect(page.get_by_label("Tokens", exact=True)).to_have_count(0)
    expect(button).to_be_focused()
    assert (balance_of(page, "Bob Example"), site.balance(BOB)) == ("110,000", 110_000)


def test_the_second_of_two_admins_is_told_while_usage_is_booked(
    open_page: Open, site: SiteDatabase, address: str
) -> None:
    first, second = open_page(), open_page(user=HEIDI)
    for page in (first, second):
        page.get_by_role("button", name=CHANGE_BOB).click()
        page.get_by_text("Set", exact=True).click()
        page.get_by_label("Tokens", exact=True).focus()
    first.keyboard.type("120000")
    first.keyboard.press("Enter")
    expect(first.locator(".booked")).to_contain_text("New balance: 120,000")
    use(address, BOB, 10)
    second.keyboard.type("130000")
    second.keyboard.press("Enter")

    expect(second.get_by_role("alert")).to_contain_text("it is 119,990 now")

    assert site.balance(BOB) == 119_990
    assert balance_of(second, "Bob Example") == "119,990"
    expect(second.get_by_label("Tokens", exact=True)).to_have_value("130000")
    expect(second.get_by_label("Tokens", exact=True)).to_be_focused()
    second.keyboard.press("Enter")
    expect(second.locator(".booked")).to_contain_text("New balance: 130,000")
    assert site.balance(BOB) == 130_000
    booked = [row["credits_delta"] for row in site.ledger() if row["user_id"] == BOB]
    assert booked[-3:] == [10_000, -10, 10_010]


def test_what_is_no_number_stays_in_the_field_with_the_reason(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name=CHANGE_BOB).click()
    page.keyboard.type("ten")

    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("must be a whole number")
    expect(page.get_by_label("Tokens", exact=True)).to_have_value("ten")


@pytest.mark.in_wordpress
def test_a_session_that_has_ended_loses_nothing_that_was_typed(
    open_page: Open, site: SiteDatabase, visits: Visits
) -> None:
    page = open_page()
    page.get_by_role("button", name=CHANGE_BOB).click()
    page.keyboard.type("5")
    visits.end_sessions(site)

    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("You are signed out.")
    assert site.balance(BOB) == 110_000


def test_what_was_told_does_not_stay_beside_the_next_error(
    open_page: Open, site: SiteDatabase
) -> None:
    page = open_page()
    page.get_by_role("button", name=CHANGE_BOB).click()
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    told = page.locator(".booked")
    expect(told).to_contain_text("5 tokens given. New balance: 110,005")
    page.route("**/undo", lambda route: route.abort())

    told.get_by_role("button", name="Undo").click()

    expect(told).to_contain_text("The bridge does not answer.")
    expect(told).not_to_contain_text("given")
    expect(told).not_to_contain_text("New balance")
    page.unroute("**/undo")
    told.get_by_role("button", name="Undo").click()
    expect(told).to_contain_text("Undone. New balance: 110,000")
    assert site.balance(BOB) == 110_000


@pytest.mark.in_wordpress
def test_the_same_works_without_javascript(open_page: Open, site: SiteDatabase) -> None:
    page = open_page(java_script_enabled=False)
    page.get_by_role("searchbox").fill("bob")
    page.keyboard.press("Enter")
    page.get_by_role("link", name=CHANGE_BOB).click()
    page.get_by_text("Set", exact=True).click()
    page.get_by_label("Tokens", exact=True).fill("42")
    page.get_by_label("Reason").fill("Wrong package")
    page.get_by_label("Reason").press("Enter")

    expect(page.get_by_role("status")).to_contain_text("109,958 tokens taken. New balance: 42")
    assert site.balance(BOB) == 42
    page.get_by_role("button", name="Undo: 109,958 tokens taken.").click()
    expect(page.get_by_role("status")).to_contain_text("109,958 tokens given back.")
    assert site.balance(BOB) == 110_000

    site.set_balance(BOB, 40)
    page.get_by_text("Set", exact=True).click()
    page.get_by_label("Tokens", exact=True).fill("50")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("it is 40 now")
    expect(page.get_by_label("Tokens", exact=True)).to_have_value("50")


@pytest.mark.parametrize("scripts", [True, False])
def test_usage_is_reset(open_page: Open, site: SiteDatabase, scripts: bool) -> None:
    page = open_page(f"/admin/credits/{GRACE}", java_script_enabled=scripts)
    expect(page.get_by_role("row", name="Support Bot").first).to_contain_text("8,600")

    page.locator("summary", has_text="usage of Support Bot").click()
    page.locator("details[open]").get_by_label("Why? Usage counts from 0 then.").fill(
        "Asked by phone"
    )
    page.locator("details[open]").get_by_role("button", name="Reset now").click()

    expect(page.get_by_role("status")).to_contain_text("The usage was reset.")
    sql = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
    assert site.value(sql, (GRACE, "_aipkit_token_usage_22")) == "0"

    page.get_by_role("button", name="Undo: The usage was reset.").click()

    expect(page.get_by_role("status")).to_contain_text("The usage counts again.")
    assert site.value(sql, (GRACE, "_aipkit_token_usage_22")) == "8600"


@pytest.mark.parametrize("scripts", [True, False])
def test_lists_are_searched_sorted_filtered_and_paged(open_page: Open, scripts: bool) -> None:
    page = open_page(java_script_enabled=scripts)
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Previous").click()
    page.get_by_role("link", name="Balance", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Balance")
    expect(page.get_by_role("row").nth(1)).to_contain_text("2,000,000")

    page.get_by_text("Filters").click()
    page.get_by_label("Used at least").fill("8000")
    page.get_by_role("button", name="Apply").click()

    expect(page.get_by_text("1 account found")).to_be_visible()
    page.get_by_role("link", name="Purchases of Grace Example").click()
    assert page.url.endswith(f"/admin/credits/{GRACE}#purchases")
    page.get_by_label("Kind").select_option("Usage")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name="Older").click()
    expect(page.locator("#ledger tbody tr")).to_have_count(5)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_overview_has_three_spans_a_table_and_what_was_sold(
    open_page: Open, scripts: bool
) -> None:
    page = open_page(java_script_enabled=scripts)
    expect(page.get_by_role("heading", name="Sold in 30 days")).to_be_visible()
    expect(page.locator(".overview svg")).to_be_visible()

    page.get_by_role("link", name="7 days", exact=True).click()

    expect(page.get_by_role("heading", name="Used in 7 days")).to_be_visible()
    page.get_by_text("The same numbers as a table").click()
    expect(page.get_by_role("region", name="Use by day").locator("tbody tr")).to_have_count(7)
    sold = page.get_by_role("region", name="Sold in 7 days")
    expect(sold).to_contain_text("€")
    expect(sold).to_contain_text("worth")


@pytest.mark.in_wordpress
@pytest.mark.parametrize("scripts", [True, False])
def test_all_accounts_are_downloaded(open_page: Open, scripts: bool) -> None:
    page = open_page(java_script_enabled=scripts)

    with page.expect_download() as download:
        page.get_by_role("link", name="All accounts as CSV").click()

    text = download.value.path().read_text("utf-8")
    assert text.startswith("user_id,login,name,email,balance,")
    assert ",grace@example.com,24000," in text


@pytest.mark.parametrize("path", ["", f"/{GRACE}", "?search=nobody&has_balance=1", "/4711"])
def test_nobody_can_complain(open_page: Open, path: str) -> None:
    page = open_page(f"/admin/credits{path}")
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))

    def open_the_form() -> None:
        page.reload()
        if page.locator(".balance").count():
            page.locator(".balance").first.click()

    assert complaints_at_every_width(page, open_the_form) == []
    assert not [text for text in refused if "Content Security Policy" in text]


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 800)])
def test_the_search_is_in_sight_and_has_the_focus(
    open_page: Open, width: int, height: int
) -> None:
    page = open_page(viewport={"width": width, "height": height})

    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    expect(search).to_be_in_viewport()
    assert page.evaluate("scrollY") == 0
    expect(page.locator(".accounts .person").first).to_be_in_viewport()
