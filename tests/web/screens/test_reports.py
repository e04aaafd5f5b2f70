"""`/admin/credits/reports`: money by month and product, who used what, and their files."""

import csv
import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from bridge.services.reports import export
from bridge.web.http.formatting import screen_language
from bridge.web.screens.csv_words import HEADINGS
from shop_stand_in.state import Line, RefundLine
from tests.support.admin import look, sign_in_browser
from tests.support.apps import create_app
from tests.support.site import IDS, SiteDatabase
from tests.support.spending import NOON, Desk
from tests.support.visitor import Html
from tests.support.world import ALICE, BIG, BOB, SMALL, World

PATH = "/admin/credits/reports"
SUPPORT = IDS["bots"]["Support Bot"]


def browser_of(world: World) -> FlaskClient:
    return sign_in_browser(create_app(world.bridge), world.bridge)


def part(page: Html, start: str, end: str) -> str:
    return page.text.partition(start)[2].partition(end)[0]


def lines_of(browser: FlaskClient, kind: str, **query: str) -> list[dict[str, str]]:
    answer = browser.get(f"{PATH}/{kind}.csv", query_string=query)
    assert (answer.status_code, answer.is_streamed) == (200, True)
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture
def sold(world: World) -> World:
    """Two packs, of which the smaller was given back; and one that a guest paid for."""
    order_id = world.order(ALICE, Line(SMALL, total="9.90"), Line(BIG, total="34.90"))
    world.order(0)
    world.poll()
    order = world.shop.order(order_id)
    assert order
    world.shop.refund(order_id, lines=[RefundLine(order["line_items"][0]["id"], 1)])
    world.poll()
    return world


@pytest.mark.parametrize("columns", [export.SALES, export.LEDGER, export.USERS])
def test_files_have_headings_in_the_readers_language(
    sold: World, columns: tuple[str, ...]
) -> None:
    kind = {export.SALES: "sales", export.LEDGER: "ledger", export.USERS: "users"}[columns]
    browser = browser_of(sold)
    german = browser.get(f"{PATH}/{kind}.csv", headers={"Accept-Language": "de"}).text
    english = browser.get(f"{PATH}/{kind}.csv").text

    assert english.splitlines()[0] == ",".join(columns)
    words = screen_language("de_DE")
    assert german.splitlines()[0] == ",".join(words.text_in("column", name) for name in columns)
    assert HEADINGS.issuperset(columns)
    assert german.splitlines()[1:] == english.splitlines()[1:]


def test_a_month_is_told_by_product(sold: World) -> None:
    page = look(browser_of(sold), PATH)

    sums = part(page, "Sales, ", "Revenue by month")
    assert "Revenue $39.90 Sold $49.80 Refunded $9.90" in sums
    assert page.row("10k Token Pack") == ["1", "10,000", "$14.90", "$9.90", "$5.00"]
    assert page.row("100k Token Pack") == ["1", "100,000", "$34.90", "$0.00", "$34.90"]


def test_months_are_listed_with_this_one_first(sold: World) -> None:
    page = look(browser_of(sold), PATH)

    months = [row for row in page.rows if len(row) == 3 and row[2] != "Revenue"]
    assert len(months) == 13
    assert months[0][1:] == ["$9.90", "$39.90"]
    assert months[1][1:] == ["–", "–"]


def test_days_can_be_chosen_and_nonsense_is_told(sold: World) -> None:
    browser = browser_of(sold)

    page = look(browser, f"{PATH}?from=2026-02-01&to=2026-02-28")

    assert "Sales, February 2026" in page.text
    assert "No token package was sold" in page.text
    for first, last in (("2026-02-30", ""), ("x", "y"), ("2026-03-01", "2026-02-01")):
        assert browser.get(PATH, query_string={"from": first, "to": last}).status_code == 400


def test_what_moved_balances_is_told(sold: World) -> None:
    page = look(browser_of(sold), PATH)

    moves = part(page, "Tokens, ", "Sold counts")
    assert "Taken back −10,000" in moves
    assert "Owed to customers at the end Not counted yet" in moves


def test_the_sales_file_has_each_line_and_refund(sold: World) -> None:
    rows = lines_of(browser_of(sold), "sales")

    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert {(row["kind"], row["product"], row["amount"], row["tokens"]) for row in rows} == {
        ("sale", "10k Token Pack", "9.90", "10000"),
        ("sale", "100k Token Pack", "34.90", "100000"),
        ("sale", "10k Token Pack", "5.00", "10000"),
        ("refund", "10k Token Pack", "-9.90", "-10000"),
    }
    assert {row["currency"] for row in rows} == {"USD"}


def test_the_ledger_file_is_the_ledger(sold: World) -> None:
    browser = browser_of(sold)
    rows = lines_of(browser, "ledger")

    stored = sold.site.rows("SELECT id, credits_delta FROM wp_aipkit_token_ledger ORDER BY id")
    assert [(int(row["id"]), int(row["tokens"])) for row in rows] == [
        (row["id"], row["credits_delta"]) for row in stored
    ]
    assert lines_of(browser, "ledger", **{"from": "2020-01-01", "to": "2020-01-31"}) == []


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    """Bob, who used 100 the day before, and 700 today; a guest used 50 then."""
    desk = Desk(site)
    assert desk.bridge
    desk.clock.set(NOON - timedelta(days=1))
    desk.record(units=100)
    desk.clock.set(NOON)
    usage = {"provider": "OpenAI", "model": "gpt-x", "operation": "chat"}
    desk.record(units=500, usage=usage)
    desk.record(units=200, module="image_generator", context_id=None)
    desk.record(units=50, actor={"session_id": "g"})
    return desk


@pytest.fixture
def browser(desk: Desk) -> FlaskClient:
    return sign_in_browser(create_app(desk.bridge), desk.bridge)


def test_who_used_what_on_which_model_is_told(browser: FlaskClient) -> None:
    page = look(browser, f"{PATH}/usage")

    users = [row for row in page.rows if len(row) == 4]
    assert [row[1:] for row in users[1:]] == [["2", "700", "700"], ["1", "50", "0"]]
    assert users[2][0] == "Guests"
    models = [row[1:] for row in page.rows if len(row) == 6]
    assert ["Support Bot", "gpt-x OpenAI", "1", "500", "500"] in models


def test_yesterday_is_one_choice_away(browser: FlaskClient) -> None:
    yesterday = look(browser, f"{PATH}/usage").links["Yesterday"]

    page = look(browser, yesterday)

    assert [row[1:] for row in page.rows if len(row) == 4][1:] == [["1", "100", "100"]]


def test_a_day_of_the_chart_leads_to_who_used_what(browser: FlaskClient) -> None:
    page = look(browser, "/admin/credits")

    assert page.links["November 24, 2026"] == f"{PATH}/usage?from=2026-11-24&to=2026-11-24"


def test_the_users_file_has_those_who_used_most(browser: FlaskClient) -> None:
    rows = lines_of(browser, "users")

    assert [(row["user_id"], row["login"], row["tokens_used"]) for row in rows] == [
        (str(BOB), "bob", "800"), ("0", "", "50"),
    ]  # fmt: skip


def test_nobody_without_a_session_sees_any(world: World) -> None:
    visitor = create_app(world.bridge).test_client()

    for path in (PATH, f"{PATH}/usage", f"{PATH}/sales.csv", f"{PATH}/ledger.csv"):
        assert visitor.get(path).status_code == 401
