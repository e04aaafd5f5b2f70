"""The demo's shop page."""

import re

import pytest
from flask.testing import FlaskClient

from shop_stand_in.pages import Member
from shop_stand_in.shop import create_shop
from shop_stand_in.state import Line, OrderQuery, ShopState
from shop_stand_in.types import Json

ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def page(state: ShopState) -> FlaskClient:
    app = create_shop(state, links={"Member's page": "http://127.0.0.1:1/me"})
    app.config["DEMO_MEMBERS"] = [Member(2, "Alice <a>", "alice@example.com"), Member(3, "Bob")]
    return app.test_client()


def text(page: FlaskClient, url: str = "/") -> str:
    return page.get(url).get_data(as_text=True)


def newest(state: ShopState) -> Json:
    [order], _ = state.find(OrderQuery(orderby="id", per_page=1))
    return order


def test_it_says_what_it_is_and_lists_what_is_on_sale(page: FlaskClient) -> None:
    html = text(page)

    assert "not WooCommerce" in html
    assert "100,000" in html
    assert 'href="http://127.0.0.1:1/me"' in html
    assert "Flexible Pack – S" in html


def test_names_are_escaped(page: FlaskClient) -> None:
    html = text(page)

    assert "<b>" not in html
    assert "Mega Pack &lt;b&gt;" in html
    assert "Alice &lt;a&gt;" in html


def test_buying_completes_an_order_at_once(page: FlaskClient, state: ShopState) -> None:
    form = {"offer": "12-0", "member": "2", "quantity": "3", "then": "complete"}
    got = page.post("/buy", data=form, headers=ORIGIN)

    assert got.status_code == 303
    order = newest(state)
    assert (order["status"], order["customer_id"], order["total"]) == ("completed", 2, "15.00")
    assert order["billing"]["email"] == "alice@example.com"
    html = text(page, got.location)
    assert f"Order {order['id']} is completed" in html
    assert "30,000" in html


def test_buying_can_leave_the_order_pending(page: FlaskClient, state: ShopState) -> None:
    form = {"offer": "19-20", "member": "3", "quantity": "1", "then": "leave"}
    page.post("/buy", data=form, headers=ORIGIN)

    order = newest(state)
    assert (order["status"], order["line_items"][0]["variation_id"]) == ("pending", 20)


def test_the_buttons_change_an_order(page: FlaskClient, state: ShopState) -> None:
    number = state.add_order(2, [Line(12, 2)])
    for change in ("completed", "refunded", "cancelled", "trashed"):
        got = page.post(f"/orders/{number}/{change}", headers=ORIGIN)
        assert got.status_code == 303, change

    assert (state.order(number) or {})["status"] == "trash"
    assert state.refunds(number)[0]["line_items"][0]["quantity"] == -1
    assert page.post(f"/orders/{number}/completed", headers=ORIGIN).status_code == 404


def test_only_what_fits_is_offered(page: FlaskClient, state: ShopState) -> None:
    number = state.add_order(2, [Line(12)])
    assert f"/orders/{number}/refunded" not in text(page)

    state.set_status(number, "completed")
    assert f"/orders/{number}/refunded" in text(page)
    page.post(f"/orders/{number}/refunded", headers=ORIGIN)
    assert f"/orders/{number}/refunded" not in text(page)
    assert page.post(f"/orders/{number}/refunded", headers=ORIGIN).status_code == 400


def test_what_the_bridge_booked_is_shown(page: FlaskClient, state: ShopState) -> None:
    state.write_meta(31, [{"key": "_aipkit_tokens_granted", "value": 1234567}])

    assert re.search(r'data-label="Booked" class="number">1,234,567<', text(page))


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://evil.example"}, {"Referer": "http://evil.example/localhost"}],
)
def test_forms_of_other_sites_are_refused(
    headers: dict[str, str], page: FlaskClient, state: ShopState
) -> None:
    before = state.order(26), newest(state)
    assert page.post("/orders/26/cancelled", headers=headers).status_code == 403
    assert (state.order(26), newest(state)) == before


def test_a_referer_of_the_page_will_do(page: FlaskClient) -> None:
    headers = {"Referer": "http://localhost/?said=x"}
    assert page.post("/orders/26/cancelled", headers=headers).status_code == 303


@pytest.mark.parametrize(
    "form",
    [
        {"offer": "999-0", "member": "2", "quantity": "1"},
        {"offer": "12-0", "member": "99", "quantity": "1"},
        {"offer": "12-0", "member": "2", "quantity": "0"},
        {"offer": "12-0", "member": "2", "quantity": "many"},
        {},
    ],
)
def test_bad_forms_are_refused(form: dict[str, str], page: FlaskClient) -> None:
    assert page.post("/buy", data=form, headers=ORIGIN).status_code == 400


def test_the_page_may_load_nothing_from_elsewhere(page: FlaskClient) -> None:
    got = page.get("/")

    assert got.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert not re.findall(r"\s(?:src|style|on\w+)=", got.get_data(as_text=True))
    with page.get("/static/shop.css") as style:
        assert style.status_code == 200
