"""OAuth 1.0a as WooCommerce checks it over plain http, with the real client and without."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from woocommerce import API

from shop_stand_in.auth import oauth_signature
from shop_stand_in.query import php_query
from shop_stand_in.shop import RunningShop, serve_shop
from shop_stand_in.state import Key, Line, ShopState

from .support import client, ids

READ = Key("ck_read", "cs_read", "read")
WRITE = Key("ck_write", "cs_write", "write")
Ask = Callable[..., Any]


@pytest.fixture
def ask(running: RunningShop) -> Ask:
    """Sign a GET of orders by hand; other parameters replace or join the signed ones."""

    def asked(method: str = "HMAC-SHA256", query: str = "per_page=1", **tampered: str) -> Any:
        state = running.state
        url = f"{running.url}/wp-json/wc/v3/orders"
        params = php_query(query) | {
            "oauth_consumer_key": tampered.pop("key", Key().consumer_key),
            "oauth_timestamp": tampered.pop("timestamp", str(int(state.auth_time()))),
            "oauth_nonce": tampered.pop("nonce", str(state.counts["all"])),
            "oauth_signature_method": method,
        }
        if method in ("HMAC-SHA1", "HMAC-SHA256"):
            secret = Key().consumer_secret
            params["oauth_signature"] = oauth_signature(secret, "GET", url, params)
        oauth = {name: value for name, value in params.items() if name.startswith("oauth_")}
        return requests.get(f"{url}?{query}&{urlencode(oauth | tampered)}", timeout=5)

    return asked


def refusal(got: Any) -> str:
    assert got.status_code == 401
    assert got.json()["data"] == {"status": 401}
    return str(got.json()["message"])


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
def test_a_signed_request_is_let_in(method: str, ask: Ask) -> None:
    assert ask(method).status_code == 200


def test_the_real_client_is_let_in_though_it_sends_everything_twice(
    running: RunningShop, woo: API
) -> None:
    """It signs the parameters once and sends them again behind the signed address."""
    got = woo.get("orders", params={"per_page": 2, "_fields": "id,billing.email", "status": "any"})

    assert got.request.url.count("per_page=2") == 2
    assert len(ids(got)) == 2
    assert running.state.requests[-1].params == {
        "per_page": "2",
        "_fields": "id,billing.email",
        "status": "any",
    }


def test_the_last_of_a_repeated_parameter_wins_and_is_what_is_signed(ask: Ask) -> None:
    assert len(ids(ask(query="per_page=1&per_page=3"))) == 3


@pytest.mark.parametrize("query", ["search=a+b%26c", "search=%C3%A7+~*", "status[]=completed"])
def test_odd_characters_are_signed_as_php_encodes_them(query: str, ask: Ask) -> None:
    assert ask(query=query).status_code == 200


def test_what_is_wrong_with_a_signature_is_said(ask: Ask) -> None:
    assert refusal(ask(oauth_signature="x")) == (
        "Invalid signature - provided signature does not match."
    )
    assert refusal(ask("PLAINTEXT", oauth_signature="x")) == (
        "Invalid signature - signature method is invalid."
    )
    assert refusal(ask(key="ck_unknown")) == "Consumer key is invalid."
    assert refusal(ask(oauth_nonce="")) == "Missing OAuth parameter oauth_nonce"


@pytest.mark.parametrize("change", [{"page": "2"}, {"per_page": "2"}, {"oauth_timestamp": "1"}])
def test_what_is_not_as_it_was_signed_is_refused(change: dict[str, str], ask: Ask) -> None:
    assert refusal(ask(**change)).startswith("Invalid signature")


def test_a_timestamp_is_good_for_a_quarter_of_an_hour(running: RunningShop, ask: Ask) -> None:
    now = int(running.state.auth_time())

    assert ask(timestamp=str(now - 890)).status_code == 200
    assert ask(timestamp=str(now + 890)).status_code == 200
    assert refusal(ask(timestamp=str(now - 910))) == "Invalid timestamp."
    assert refusal(ask(timestamp=str(now + 910))) == "Invalid timestamp."


def test_a_nonce_is_good_once(running: RunningShop, ask: Ask) -> None:
    assert ask(nonce="n1").status_code == 200
    assert refusal(ask(nonce="n1")) == "Invalid nonce - nonce has already been used."
    later = running.state.auth_time() + 901
    running.state.auth_time = lambda: later
    assert ask(nonce="n1").status_code == 200


def test_without_any_signature_nothing_is_shown(running: RunningShop) -> None:
    got = requests.get(f"{running.url}/wp-json/wc/v3/orders", timeout=5)

    assert got.status_code == 401
    assert got.json()["code"] == "woocommerce_rest_cannot_view"


def test_basic_authentication_is_for_https_only(running: RunningShop) -> None:
    login = (Key().consumer_key, Key().consumer_secret)

    assert (
        requests.get(f"{running.url}/wp-json/wc/v3/orders", auth=login, timeout=5).status_code
        == 401
    )


def test_another_name_for_the_host_breaks_the_signature(running: RunningShop) -> None:
    woo = client(running)
    woo.url = running.url.replace("127.0.0.1", "localhost")

    assert refusal(woo.get("orders")).startswith("Invalid signature")


def test_keys_read_or_write_as_they_are_made(empty: ShopState) -> None:
    empty.keys += [READ, WRITE]
    number = empty.add_order(1, [Line(12)])
    with serve_shop(empty) as running:
        reader, writer = client(running, READ), client(running, WRITE)

        assert reader.get(f"orders/{number}").status_code == 200
        assert writer.put(f"orders/{number}", {"meta_data": []}).status_code == 200
        assert refusal(reader.post(f"orders/{number}/notes", {"note": "x"})) == (
            "The API key provided does not have write permissions."
        )
        assert refusal(writer.get(f"orders/{number}")) == (
            "The API key provided does not have read permissions."
        )


def test_php_reads_queries_its_own_way() -> None:
    assert php_query("a=1&b=2&a=3") == {"a": "3", "b": "2"}
    assert php_query("s[]=x&s[]=y&k[n][m]=1") == {
        "s": {"0": "x", "1": "y"},
        "k": {"n": {"m": "1"}},
    }
    assert php_query("a.b=1&c d=2&e=%2B+&&=7&a=1&a[]=2") == {
        "a_b": "1",
        "c_d": "2",
        "e": "+ ",
        "a": {"0": "2"},
    }
