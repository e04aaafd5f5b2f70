"""Prices and limits in a browser: every action, with JavaScript and without."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.clicks import Clicks
from tests.browser.looking import Open, clicks, complaints_at_every_width, count_clicks
from tests.support.site import IDS, SiteDatabase

SUPPORT, SALES = IDS["bots"]["Support Bot"], IDS["bots"]["Sales Bot"]
LIMITS, PRICES = "/admin/credits/limits", "/admin/credits/prices"


CHANGE_SUPPORT = re.compile("Change ?: the limits of Support Bot")


def stored(site: SiteDatabase, bot: int, name: str) -> object:
    sql = "SELECT meta_value FROM wp_postmeta WHERE post_id = %s AND meta_key = %s"
    return site.value(sql, (bot, f"_aipkit_token_{name}"))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_limit_is_changed(open_page: Open, site: SiteDatabase, scripts: bool) -> None:
    page = open_page("/admin/credits", java_script_enabled=scripts)
    page.get_by_role("link", name="Prices and limits").click()
    page.get_by_role("link", name=CHANGE_SUPPORT).click()
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


def test_a_limit_for_one_role_takes_three_clicks(open_page: Open, site: SiteDatabase) -> None:
    page = open_page("/admin/credits")
    count_clicks(page)
    page.get_by_role("link", name="Prices and limits").click()
    page.get_by_role("link", name=CHANGE_SUPPORT).click()
    customer = page.get_by_label("Customer", exact=True)
    customer.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("20000")
    said = page.get_by_role("region", name="What each may use")
    expect(said).to_contain_text("Customer: each may use 20,000 tokens a day for free.")
    expect(page.get_by_label("By role")).to_be_checked()
    customer.press("Enter")

    expect(page.get_by_role("status")).to_have_text("Saved.")
    assert clicks(page) == 3
    of_roles = json.loads(str(stored(site, SUPPORT, "role_limits")))
    assert of_roles.pop("customer") == "20000"
    assert set(of_roles.values()) == {"10000"}

    page.goto(page.url.partition("/limits")[0])
    by_keyboard = Clicks(page, by_keyboard=True)
    by_keyboard.on("link", "Prices and limits")
    by_keyboard.press(page.get_by_role("link", name=CHANGE_SUPPORT))
    by_keyboard.stand_in(customer)  # which Tab has selected
    page.keyboard.type("30000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="Support Bot")).to_contain_text("Customer: 30,000")
    assert (clicks(page), by_keyboard.number) == (3, 2)


def test_one_limit_for_all_is_followed_by_the_lines_of_roles(open_page: Open) -> None:
    page = open_page(f"{LIMITS}/chat-{SUPPORT}")
    page.get_by_label("Each user").fill("700")

    expect(page.get_by_label("Customer", exact=True)).to_have_value("700")
    expect(page.get_by_text("Users: each may use 700 tokens a day for free.")).to_be_visible()
    page.get_by_label("Each user").fill("")
    expect(page.get_by_label("Unlimited: Customer", exact=True)).to_be_checked()
    expect(page.get_by_text("Users: no limit.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_taking_a_limit_away_is_asked(open_page: Open, site: SiteDatabase, scripts: bool) -> None:
    page = open_page(f"{LIMITS}/chat-{SUPPORT}", java_script_enabled=scripts)
    page.get_by_label("Each guest").fill("")
    page.get_by_role("button", name="Save").press("Enter")

    expect(page.get_by_role("heading", name="Guests would have no limit")).to_be_visible()
    expect(page.get_by_text("Guests: no limit.")).to_be_visible()
    assert complaints_at_every_width(page) == [] if scripts else True
    page.get_by_role("button", name="Back to the form").press("Enter")
    expect(page.get_by_label("Each guest")).to_have_value("")
    page.get_by_role("button", name="Save").press("Enter")
    assert stored(site, SUPPORT, "guest_limit") == "1000"
    page.get_by_role("button", name="Save without a limit for them").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    assert stored(site, SUPPORT, "guest_limit") is None


def test_what_is_refused_stays_in_the_form(open_page: Open, site: SiteDatabase) -> None:
    page = open_page(f"{LIMITS}/chat-{SUPPORT}")
    page.get_by_label("Each user").fill("ten")
    page.get_by_label("Each guest").fill("7")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert")).to_contain_text("Users: the limit must be empty or")
    expect(page.get_by_label("Each user")).to_have_value("ten")
    expect(page.get_by_label("Each guest")).to_have_value("7")
    assert stored(site, SUPPORT, "guest_limit") == "1000"


RULES = (
    "'module', 0, 'chat', 'OpenAI', 'gpt-5-mini', 'chat', 'per_1k_tokens', 0.25, 2, NULL, 1",
    "'module', 0, 'chat', 'OpenAI', 'gpt-5', 'chat', 'per_1k_tokens', 2, 15, NULL, 1",
    "'global', 0, 'chat', 'OpenAI', 'gpt-5', 'chat', 'flat', NULL, NULL, 9, 1",
    f"'chatbot', {SUPPORT}, 'chat', 'OpenAI', 'gpt-5', 'chat', 'flat', NULL, NULL, 12.5, 1",
    "'module', 0, 'ai_forms', 'Google', 'gemini-flash', 'form_submit', 'flat', 1, 1, NULL, 1",
    "'module', 0, 'image_generator', 'OpenAI', 'gpt-image', 'generate', 'per_image',"
    " NULL, NULL, 400, 0",
)


def put_rules(site: SiteDatabase) -> None:
    """Rules in every state, in place of the recorded ones."""
    site.run("DELETE FROM wp_aipkit_pricing_rules")
    for number, rule in enumerate(RULES, 1):
        site.run(
            "INSERT INTO wp_aipkit_pricing_rules (id, scope_type, scope_id, module, provider,"
            " model, operation, billing_method, input_rate, output_rate, unit_rate, enabled,"
            f" updated_at) VALUES ({number}, {rule}, '2026-11-20 10:00:00')"
        )


@pytest.mark.parametrize("scripts", [True, False])
def test_a_price_is_added_changed_and_deleted(
    open_page: Open, site: SiteDatabase, scripts: bool
) -> None:
    site.run("DELETE FROM wp_aipkit_pricing_rules")
    page = open_page(LIMITS, java_script_enabled=scripts)
    page.get_by_role("link", name="Prices", exact=True).click()
    expect(page.get_by_text("There are no price rules")).to_be_visible()
    page.get_by_role("link", name="Add a rule").click()
    page.locator("[name=module]").select_option("Chatbot")
    page.get_by_label("Operation").fill("chat")
    page.get_by_label("Provider").fill("OpenAI")
    page.get_by_label("Model").fill("gpt-x")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Type a rate that goes with the method.")
    expect(page.get_by_label("Model")).to_have_value("gpt-x")
    page.get_by_label("Input").fill("1.5")
    page.get_by_role("button", name="Save").click()

    row = page.locator("tbody tr").filter(has_text="gpt-x")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(row).to_contain_text("1.5 in, 0 out per 1,000 units")

    page.get_by_role("link", name=re.compile("Change ?: the rule for gpt-x")).click()
    page.locator("[name=billing_method]").select_option("By request")
    page.get_by_label("Rate of a request").fill("40")
    page.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("40 a request")

    page.get_by_role("button", name=re.compile("Disable ?: the rule for gpt-x")).click()
    expect(row).to_contain_text("Disabled")

    page.get_by_role("link", name=re.compile("Change ?: the rule for gpt-x")).click()
    page.get_by_label("Delete this rule for good").check()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_have_text("The rule is deleted.")
    assert site.value("SELECT COUNT(*) FROM wp_aipkit_pricing_rules") == 0


def put_uses(site: SiteDatabase) -> None:
    """Chats in the ledger, of a model without a price and of one with."""
    for model, tokens in (("gpt-6", 1400), ("gpt-6", 1600), ("gpt-5-mini", 4000)):
        site.run(
            "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, context_type,"
            " context_id, provider, model, operation, usage_input_units, usage_output_units,"
            " usage_total_units, credits_delta, entry_type, created_at) VALUES"
            " (2, 'user', 'chat', 'chatbot', %s, 'OpenAI', %s, 'chat', %s, 300, %s, -5, 'usage',"
            " '2026-11-20 10:00:00')",
            (SUPPORT, model, tokens, tokens + 300),
        )


def test_what_a_typical_use_costs_is_said_while_a_price_is_typed(
    open_page: Open, site: SiteDatabase
) -> None:
    put_rules(site)
    put_uses(site)
    page = open_page(PRICES)
    expect(page.get_by_role("row", name="gpt-6 OpenAI")).to_contain_text("1,800 tokens")
    page.get_by_role("link", name=re.compile("Set a price ?(: the price )?.*gpt-6")).click()
    page.get_by_label("Input").fill("0.1")
    page.get_by_label("Output").fill("2.25")

    page.get_by_label("Model").fill("gpt-5-mini")
    said = "A typical use lately, 4,000 units in and 300 out, costs 2 tokens."
    expect(page.get_by_text(said)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_price_is_tried_out(open_page: Open, site: SiteDatabase, scripts: bool) -> None:
    put_rules(site)
    page = open_page(PRICES, java_script_enabled=scripts)
    page.get_by_label("Feature").select_option("Chatbot")
    page.get_by_label("Provider").fill("OpenAI")
    page.get_by_label("Model").fill("gpt-5-mini")
    page.get_by_label("Operation").fill("chat")
    page.get_by_label("Units in").fill("4000")
    page.get_by_label("Units out").fill("600")
    page.get_by_role("button", name="Try").click()

    expect(page.locator("#trial")).to_contain_text("3 tokens: 0.25 in, 2 out per 1,000 units")


@pytest.mark.parametrize(
    "path",
    [
        LIMITS,
        f"{LIMITS}?search=nobody",
        f"{LIMITS}/chat-{SALES}",
        f"{PRICES}?module=chat&input_tokens=5",
        f"{PRICES}?search=nobody&module=chat&input_tokens=x",
        f"{PRICES}/new",
        f"{PRICES}/1",
    ],
)
def test_nobody_can_complain(open_page: Open, site: SiteDatabase, path: str) -> None:
    site.limit_chatbot(SALES, {"guest_limit": "many", "reset_period": "yearly"})
    put_rules(site)
    put_uses(site)

    assert complaints_at_every_width(open_page(path)) == []
