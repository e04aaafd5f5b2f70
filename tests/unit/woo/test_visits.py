"""A look at a site as a visitor: where its API is, and whether it answers."""

from contextlib import closing
from datetime import UTC, datetime

import pytest
import requests
import responses

from bridge.woo.client import Shop
from bridge.woo.errors import ShopError, ShopFault
from bridge.woo.visits import find_api, visit

API = "http://shop.example/wp-json/"


@responses.activate
def test_redirects_lead_to_where_the_api_is() -> None:
    moved = {"Location": "https://www.shop.example/wp-json/"}
    responses.get(API, status=301, headers=moved)
    responses.get("https://www.shop.example/wp-json/", json={})

    assert find_api("http://shop.example") == "https://www.shop.example"


@responses.activate
def test_a_redirect_to_a_page_says_nothing_of_the_api() -> None:
    responses.get(API, status=302, headers={"Location": "https://shop.example/login"})
    responses.get("https://shop.example/login")

    assert find_api("http://shop.example") == "http://shop.example"


@responses.activate
def test_who_cannot_be_reached_is_nowhere() -> None:
    responses.get(API, body=requests.ConnectionError())
    responses.get("http://shop.example/", body=requests.Timeout())

    assert find_api("http://shop.example") is None
    assert visit("http://shop.example/") is None


@responses.activate
def test_a_certificate_that_is_not_trusted_is_told_as_such() -> None:
    responses.get(API, body=requests.exceptions.SSLError())
    responses.get("http://shop.example/wp-json/wc/v3/orders", body=requests.exceptions.SSLError())

    with pytest.raises(ShopError, match="REQUESTS_CA_BUNDLE") as of_visit:
        find_api("http://shop.example")
    with (
        closing(Shop("http://shop.example", "ck_key", "cs_secret")) as shop,
        pytest.raises(ShopError) as of_list,
    ):
        shop.list_orders(status="any", modified_after=datetime.now(UTC), page=1, fetch_number=0)

    faults = {of_visit.value.fault, of_list.value.fault}
    assert faults == {ShopFault.CERTIFICATE}


@responses.activate
@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("woocommerce_rest_cannot_view", ShopFault.KEY_UNSEEN),
        ("woocommerce_rest_authentication_error", ShopFault.UNAUTHORIZED),
        ("rest_cannot_access", ShopFault.FORBIDDEN),
    ],
)
def test_a_key_that_got_lost_on_the_way_is_no_wrong_key(code: str, fault: ShopFault) -> None:
    """Apache before php-fpm drops the Authorization header without WordPress's own rule."""
    responses.put("https://shop.example/wp-json/wc/v3/orders/0", status=401, json={"code": code})

    with (
        closing(Shop("https://shop.example", "ck_key", "cs_secret")) as shop,
        pytest.raises(ShopError) as caught,
    ):
        shop.check_writing()

    assert caught.value.fault is fault


@responses.activate
def test_a_visit_tells_the_status_and_follows_nothing() -> None:
    responses.get("http://shop.example/", status=301, headers={"Location": "https://x.example"})

    assert visit("http://shop.example/") == 301
