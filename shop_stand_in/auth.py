"""Who asks: one-legged OAuth 1.0a, as WooCommerce wants it over plain http."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, unquote

from shop_stand_in.errors import denied
from shop_stand_in.state import Key, ShopState
from shop_stand_in.types import Json

OAUTH_WINDOW_S = 15 * 60
OAUTH_NAMES = ("consumer_key", "timestamp", "nonce", "signature", "signature_method")


def _encode(text: str) -> str:
    return quote(text, safe="")


def _pairs(params: Json, prefix: str = "") -> Iterable[str]:
    for name, value in params.items():
        key = f"{prefix}%5B{name}%5D" if prefix else _encode(name)
        if isinstance(value, dict):
            yield from _pairs(value, key)
        else:
            yield _encode(f"{key}={_encode(value)}")


def oauth_signature(secret: str, method: str, url: str, params: Json) -> str:
    """The one-legged OAuth 1.0a signature that WooCommerce expects for *params*.

    Names and values are encoded twice, and the key of the HMAC ends in `&` (no token).
    """
    ordered = {name: params[name] for name in sorted(params) if name != "oauth_signature"}
    text = f"{method}&{_encode(url)}&{'%26'.join(_pairs(ordered))}"
    algorithm = str(params["oauth_signature_method"]).removeprefix("HMAC-").lower()
    digest = hmac.new(f"{secret}&".encode(), text.encode(), getattr(hashlib, algorithm)).digest()
    return b64encode(digest).decode()


def authorize(state: ShopState, method: str, path: str, params: Json) -> None:
    """Let the request in or raise the 401 that WooCommerce answers over plain http."""
    missing = [f"oauth_{name}" for name in OAUTH_NAMES if not params.get(f"oauth_{name}")]
    if len(missing) == len(OAUTH_NAMES):
        what = "view this resource" if path[-1].isdigit() else "list resources"
        raise denied(f"Sorry, you cannot {what}.", "woocommerce_rest_cannot_view")
    if missing:
        words = f"Missing OAuth parameter{'s' * (len(missing) > 1)} {', '.join(missing)}"
        raise denied(words, "woocommerce_rest_authentication_missing_parameter")
    key = next((k for k in state.keys if k.consumer_key == params["oauth_consumer_key"]), None)
    if key is None:
        raise denied("Consumer key is invalid.")
    if params["oauth_signature_method"] not in ("HMAC-SHA1", "HMAC-SHA256"):
        raise denied("Invalid signature - signature method is invalid.")
    url = state.home_url + path
    expected = oauth_signature(key.consumer_secret, method, url, params)
    given = unquote(str(params["oauth_signature"]).replace(" ", "+"))
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise denied("Invalid signature - provided signature does not match.")
    _spend_nonce(state, key, str(params["oauth_timestamp"]), str(params["oauth_nonce"]))
    needed = "read" if method in ("GET", "HEAD") else "write"
    if needed not in key.permissions.split("_"):
        raise denied(f"The API key provided does not have {needed} permissions.")


def _spend_nonce(state: ShopState, key: Key, timestamp: str, nonce: str) -> None:
    now = state.auth_time()
    if not timestamp.isdecimal() or abs(int(timestamp) - now) > OAUTH_WINDOW_S:
        raise denied("Invalid timestamp.")
    with state.lock:
        if state.nonces.get((key.consumer_key, nonce), 0) >= now - OAUTH_WINDOW_S:
            raise denied("Invalid nonce - nonce has already been used.")
        state.nonces[key.consumer_key, nonce] = now
        oldest = next(iter(state.nonces))
        if state.nonces[oldest] < now - OAUTH_WINDOW_S:
            del state.nonces[oldest]
