"""Above the list of accounts: use by day, and what customers own."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from bridge.services.keep_summaries import keep_summaries
from bridge.web.app import create_app
from tests.browser.visitor import Html
from tests.support.admin import look, sign_in_browser
from tests.support.site import SiteDatabase
from tests.support.spending import NOON, Desk

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
    assert next(iter(rows)) == "Nov 24, 2026"
    assert rows["Nov 24, 2026"] == ["500", "0", "200", "700"]
    assert rows["Nov 21, 2026"] == ["100", "0", "0", "100"]
    assert rows["Nov 22, 2026"] == ["0", "0", "0", "0"]


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
