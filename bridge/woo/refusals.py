"""What a refusal of the shop means, told by its status and by whose words it has."""

from urllib.parse import urlsplit

import requests

from bridge.woo.answers import error_message, whole_header
from bridge.woo.clock import clock_error
from bridge.woo.errors import ShopError, ShopFault

_MAX_RETRY_AFTER_S = {429: 3600.0, 503: 60.0}
"""WordPress asks for ten minutes with each update, which takes some seconds."""
_WOOCOMMERCE = "woocommerce_"
_NO_RIGHTS = "woocommerce_rest_cannot_"


def refusal(response: requests.Response, code: str) -> ShopError:
    """Return the error for an answer that is none of success; *code* is WordPress's."""
    seen = _seen(response, code)
    if response.status_code in (401, 403) and (wrong := clock_error(response, seen)) is not None:
        return wrong
    is_unseen = _is_unseen(response, code)
    fault = ShopFault.KEY_UNSEEN if is_unseen else _fault(response.status_code, code)
    return ShopError(fault, seen, retry_after_s=_retry_after(response))


def _is_unseen(response: requests.Response, code: str) -> bool:
    """
    Whether the shop takes us for a stranger: a wrong key is refused in other words.

    By http the address itself is signed, and nothing of that gets lost.
    """
    is_https = (response.request.url or "").startswith("https:")
    return is_https and response.status_code == 401 and code.startswith(_NO_RIGHTS)


def _fault(status: int, code: str) -> ShopFault:
    named = {
        # Whoever else asks for a sign-in, as plugins do that close the REST API to strangers,
        # knows nothing of WooCommerce's keys.
        401: ShopFault.UNAUTHORIZED if code.startswith(_WOOCOMMERCE) else ShopFault.FORBIDDEN,
        403: ShopFault.FORBIDDEN,
        429: ShopFault.RATE_LIMITED,
        503: ShopFault.CLOSED,
    }
    if status in named:
        return named[status]
    if status >= 500:
        return ShopFault.SERVER_ERROR
    if 300 <= status < 400:
        return ShopFault.REDIRECTED
    return ShopFault.REFUSED


def _seen(response: requests.Response, code: str) -> str:
    seen = f"HTTP {response.status_code} {code}".strip()
    if said := error_message(response):
        seen += f": “{said}”"
    if 300 <= response.status_code < 400:
        # Without the query: it holds the signature, and may hold the keys.
        target = urlsplit(response.headers.get("Location", ""))
        where = f"{target.scheme}://{target.hostname}" if target.hostname else ""
        if target.hostname and target.port:
            where += f":{target.port}"
        seen += f" to {(where + target.path)[:200] or 'nowhere'}"
    return seen


def _retry_after(response: requests.Response) -> float | None:
    """Return how long the shop asks to be left alone; None where it does not."""
    longest = _MAX_RETRY_AFTER_S.get(response.status_code)
    seconds = whole_header(response, "Retry-After")
    return None if seconds is None or longest is None else min(float(seconds), longest)
