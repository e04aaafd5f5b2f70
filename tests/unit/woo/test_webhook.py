"""WooCommerce's webhook signature."""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode

import pytest

from bridge.woo.webhook import is_signed
from tests.support.folders import FIXTURES

SECRET = "whsec-fixture-secret"
DELIVERIES = sorted(path.stem for path in (FIXTURES / "site/webhooks").glob("order_*.json"))


def delivery(name: str) -> tuple[bytes, str]:
    recorded = json.loads((FIXTURES / f"site/webhooks/{name}.json").read_text())
    signature = recorded["headers"].get("X-WC-Webhook-Signature", "")
    return b64decode(recorded["body_base64"]), signature


def sign(body: bytes, key: str) -> str:
    return b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def test_there_are_recorded_deliveries() -> None:
    assert len(DELIVERIES) == 3


@pytest.mark.parametrize("name", DELIVERIES)
def test_recorded_deliveries_verify(name: str) -> None:
    assert is_signed(*delivery(name), SECRET)


@pytest.mark.parametrize("name", DELIVERIES)
def test_one_changed_byte_does_not(name: str) -> None:
    body, signature = delivery(name)
    for place in range(0, len(body), 97):
        changed = bytearray(body)
        changed[place] ^= 1
        assert not is_signed(bytes(changed), signature, SECRET), place
    assert not is_signed(body + b"\n", signature, SECRET)
    assert not is_signed(body[:-1], signature, SECRET)


@pytest.mark.parametrize("name", DELIVERIES)
def test_another_secret_or_signature_does_not(name: str) -> None:
    body, signature = delivery(name)

    assert not is_signed(body, signature, SECRET + "x")
    assert not is_signed(body, signature.swapcase(), SECRET)
    assert not is_signed(body, signature[:-1], SECRET)
    assert not is_signed(body, "é", SECRET)


def test_the_ping_is_not_signed() -> None:
    body, signature = delivery("ping")

    assert body == b"webhook_id=1"
    assert not is_signed(body, signature, SECRET)


def test_without_a_secret_nothing_is_signed() -> None:
    assert not is_signed(b"{}", sign(b"{}", ""), "")


@pytest.mark.parametrize(
    ("stored", "key"),
    [
        ("plain", "plain"),
        ("a&amp;b", "a&b"),
        ("&lt;&quot;&#039;&gt;", "<\"'>"),
        ("&amp;lt;", "&lt;"),
        ("a&b", "a&b"),
        # `wp_specialchars_decode` knows & < > " ' only, and only with their semicolon
        ("a&copy;b", "a&copy;b"),
        ("a&lt5", "a&lt5"),
        ("a&notb", "a&notb"),
    ],
)
def test_the_secret_is_decoded_as_wordpress_decodes_it(stored: str, key: str) -> None:
    assert is_signed(b"{}", sign(b"{}", key), stored)
