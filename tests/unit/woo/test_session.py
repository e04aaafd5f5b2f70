"""How a request proves who asks: by https with the key itself, else by a signature."""

from base64 import b64encode
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses
from requests import PreparedRequest

from bridge.woo.session import ShopSession
from shop_stand_in.auth import oauth_signature

PARAMS: dict[str, str | int] = {"_fields": "id,note", "after": "2026-01-01T00:00:00", "page": 2}


def sent(url: str, method: str) -> PreparedRequest:
    """Return what goes out to a shop."""
    session = ShopSession(url, "ck_1", "cs_1", (1, 1))
    with responses.RequestsMock() as network:
        network.add(method, f"{url.lower()}/wp-json/wc/v3/orders", json={})
        session.send(method, "orders", params=PARAMS)
        request = network.calls[0].request
    session.close()
    return request


def query(request: PreparedRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(str(request.url)).query))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("url", ["https://shop.example", "HTTPS://shop.example:8443"])
def test_by_https_the_key_itself_is_sent_in_the_header(url: str, method: str) -> None:
    request = sent(url, method)

    key = b64encode(b"ck_1:cs_1").decode()
    assert request.headers["Authorization"] == f"Basic {key}"
    assert query(request) == {name: str(value) for name, value in PARAMS.items()}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("url", ["http://shop.example", "http://Shop.Example:8080"])
def test_by_http_the_address_is_signed_as_it_is_configured(url: str, method: str) -> None:
    request = sent(url, method)

    params = query(request)
    signature = params.pop("oauth_signature")
    assert signature == oauth_signature("cs_1", method, f"{url}/wp-json/wc/v3/orders", params)
    assert "Authorization" not in request.headers
    assert "cs_1" not in str(request.url)
