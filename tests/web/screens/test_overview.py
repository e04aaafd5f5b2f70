"""Above the list of accounts: use by day, what was sold, and what customers own."""

from datetime import timedelta
from decimal import Decimal

import pytest
from babel.numbers import format_currency
from flask.testing import FlaskClient

from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.services.reports.usage_by_day import keep_usage_slots
from shop_stand_in.state import Line
from tests.support.admin import look, sign_in_browser
from tests.support.apps import create_app
from tests.support.site import SiteDatabase
from tests.support.spending import NOON, Desk
from tests.support.visitor import Html
from tests.support.world import ALICE, BIG, BOB, MUG, SMALL, World

PATH = "/admin/credits"


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    """Bob, who used 100 three days before, and 700 today, 200 of them on images."""
    desk = Desk(site)
    assert desk.bridge
    desk.clock.set(NOON - timedelta(days=3))
    desk.record(units=100)
    desk.clock.set(NOON)
    desk.record(units=500)
    desk.record(units=200, module="image_generator", context_id=None)
    return desk


@pytest.fixture
def browser(desk: Desk) -> FlaskClient:
    return sign_in_browser(create_app(desk.bridge), desk.bridge)


def rows_of(page: Html) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in page.rows if row[0].endswith(", 2026")}


def test_the_table_has_each_day_newest_first(browser: FlaskClient) -> None:
    rows = rows_of(look(browser, PATH))

    assert len(rows) == 30
    assert next(iter(rows)) == "November 24, 2026"
    assert rows["November 24, 2026"] == ["500", "0", "200", "700"]
    assert rows["November 21, 2026"] == ["100", "0", "0", "100"]
    assert rows["November 22, 2026"] == ["0", "0", "0", "0"]


def test_a_span_can_be_chosen_and_nonsense_is_thirty_days(browser: FlaskClient) -> None:
    assert len(rows_of(look(browser, PATH, days="7"))) == 7
    assert len(rows_of(look(browser, PATH, days="<script>"))) == 30
    assert "800" in look(browser, PATH, days="7").text
    assert "Used in 90 days" in look(browser, PATH, days="90").text


def test_the_bars_are_to_scale(browser: FlaskClient) -> None:
    bars = [tag for name, tag in look(browser, PATH, days="7").tags if name == "rect"]

    assert [bar["class"] for bar in bars] == ["chat", "chat", "image_generator"]
    heights = [float(bar["height"]) for bar in bars]
    assert heights == pytest.approx([100 / 7, 500 / 7, 200 / 7], abs=0.01)
    assert float(bars[-1]["y"]) == pytest.approx(0, abs=0.01)


def test_before_all_accounts_were_looked_at_nothing_is_told_of_what_customers_own(
    browser: FlaskClient,
) -> None:
    assert "Not counted yet" in look(browser, PATH).text


def test_what_all_customers_own_is_told(desk: Desk) -> None:
    desk.give(123_456)
    keep_summaries(desk.bridge.db, desk.bridge.site.get(), run_for_s=60)
    total = desk.site.value(
        "SELECT SUM(meta_value) FROM wp_usermeta WHERE meta_key = '_aipkit_token_balance'"
        " AND user_id IN (SELECT ID FROM wp_users)"
    )

    page = look(sign_in_browser(create_app(desk.bridge), desk.bridge), PATH)

    assert total > 123_456
    assert f"{int(total):,}" in page.text


def test_a_search_is_not_pushed_down_by_the_chart(browser: FlaskClient) -> None:
    assert "Used in 30 days" not in look(browser, PATH, search="bob").text


def sales_of(world: World, days: int = 30) -> str:
    """What the panel of sales says, to a browser of a bridge that has summed nothing yet."""
    bridge = world.with_settings().bridge
    page = look(sign_in_browser(create_app(bridge), bridge), PATH, days=str(days))
    return page.text.partition(f"Sold in {days} days")[2].partition("Sold: by orders")[0]


def test_what_was_sold_is_told_with_what_was_paid_for_it(world: World) -> None:
    world.order(ALICE, Line(SMALL, 2), Line(MUG))
    world.order(BOB, Line(BIG))
    world.poll()

    assert "Tokens sold 120,000 for $50.00 Spent from balances 0" in sales_of(world)


def test_what_a_refund_took_back_is_not_sold(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, 4))
    world.poll()
    world.shop.refund(order_id, "5.00")
    world.poll()

    assert "Tokens sold 30,000 for $15.00" in sales_of(world)


def test_what_was_spent_before_its_refund_is_not_sold_either(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, 2))
    world.poll()
    world.site.set_balance(ALICE, 4_000)
    world.shop.set_status(order_id, "refunded")
    world.poll()

    world.site.assert_order(order_id, reversed=4_000, shortfall=16_000)
    assert "Tokens sold 0 for $0.00" in sales_of(world)


def test_currencies_stand_one_under_another(world: World) -> None:
    for customer in (ALICE, BOB):
        world.order(customer, Line(SMALL))
        world.poll()
    newest = world.site.value("SELECT MAX(order_id) FROM wp_aipkit_bridge_orders")
    world.site.run(
        "UPDATE wp_aipkit_bridge_orders SET currency = 'JPY' WHERE order_id = %s", (newest,)
    )
    world.site.count_orders_anew()
    keep_summaries(world.bridge.db, world.bridge.site.get(), run_for_s=60)
    owned = int(world.site.value("SELECT SUM(balance) FROM wp_aipkit_bridge_summaries"))

    text = sales_of(world)

    half = Decimal(owned) / 20_000 * 5
    assert "Tokens sold 20,000 for ¥5 and $5.00" in text
    assert f"{owned:,} worth {format_currency(half, 'JPY', locale='en')} and ${half:,.2f}" in text


def test_a_free_order_lowers_the_average_price(world: World) -> None:
    world.order(ALICE, Line(SMALL))
    world.order(ALICE, Line(SMALL, total="0.00"))
    world.poll()
    keep_summaries(world.bridge.db, world.bridge.site.get(), run_for_s=60)
    owned = int(world.site.value("SELECT SUM(balance) FROM wp_aipkit_bridge_summaries"))

    text = sales_of(world)

    assert "Tokens sold 20,000 for $5.00" in text
    assert f"{owned:,} worth ${Decimal(owned) / 20_000 * 5:,.2f}" in text


def test_credits_whose_price_nobody_knows_are_told_of(world: World) -> None:
    for customer in (ALICE, BOB, BOB):
        world.order(customer, Line(SMALL))
    world.poll()
    oldest = world.site.value("SELECT MIN(order_id) FROM wp_aipkit_bridge_orders")
    world.site.run("DELETE FROM wp_aipkit_bridge_order_lines WHERE order_id = %s", (oldest,))
    world.site.run(
        "UPDATE wp_aipkit_bridge_orders SET sold_for = NULL WHERE order_id = %s", (oldest,)
    )
    world.site.count_orders_anew()
    keep_summaries(world.bridge.db, world.bridge.site.get(), run_for_s=60)

    bridge = world.with_settings().bridge
    text = look(sign_in_browser(create_app(bridge), bridge), PATH).text

    assert "Tokens sold 30,000 for $10.00" in text
    assert "of 34% of those nobody knows the price." in text


def test_an_order_that_the_peer_granted_is_sold_for_what_was_paid(
    world: World,
) -> None:
    order_id = world.order(ALICE, Line(SMALL))
    world.site.run(
        "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, context_type,"
        " context_id, operation, entry_type, credits_delta, idempotency_key, created_at)"
        " VALUES (%s, 'user', 'woocommerce', 'order', %s, 'purchase', 'purchase', 7500, %s,"
        " UTC_TIMESTAMP())",
        (ALICE, order_id, f"woocommerce_order_{order_id}_purchase"),
    )
    world.poll()

    assert "Tokens sold 7,500 for $5.00" in sales_of(world)


def test_days_begin_at_the_sites_midnight(desk: Desk) -> None:
    """Istanbul is three hours ahead of UTC; seven days end on the 24th, and begin on the 18th."""
    for order_id, at, credits in (
        (1, "2026-11-17 20:59:59", 1),
        (2, "2026-11-17 21:00:00", 20),
        (3, "2026-11-24 08:59:59", 300),
    ):
        desk.site.run(
            "INSERT INTO wp_aipkit_bridge_orders (order_id, granted, granted_at, first_seen_at,"
            " currency, sold_for) VALUES (%s, %s, %s, %s, 'EUR', %s)",
            (order_id, credits, at, at, credits),
        )
    desk.site.count_orders_anew()

    browser = sign_in_browser(create_app(desk.bridge), desk.bridge)

    assert "Tokens sold 320 for €320.00" in look(browser, PATH, days="7").text
    assert "Tokens sold 321 for €321.00" in look(browser, PATH, days="30").text


@pytest.mark.parametrize("is_kept", [False, True])
def test_what_balances_paid_is_told_apart_from_what_was_used(desk: Desk, is_kept: bool) -> None:
    desk.give(250)
    desk.record(units=1000)
    if is_kept:
        desk.advance(3600)
        keep_usage_slots(desk.bridge.db)
        desk.site.run("DELETE FROM wp_aipkit_token_ledger")

    page = look(sign_in_browser(create_app(desk.bridge), desk.bridge), PATH)

    assert "Spent from balances 1,050" in page.text
