"""A look at an address, as a visitor: whether somebody answers there, and how."""

import requests

from bridge.version import VERSION
from bridge.woo.errors import ShopError, ShopFault

_TIMEOUT_S = (5.0, 20.0)
_HEADERS = {"User-Agent": f"aipkit-bridge/{VERSION}", "Cache-Control": "no-cache"}


_API = "/wp-json/"


def find_api(home: str) -> str | None:
    """
    Return where a site's REST API is, after redirects, without `/wp-json/`.

    None: it cannot be reached from here. Where it is not found, *home* is as good as any.

    Raises:
        ShopError: Its certificate is not trusted here.
    """
    try:
        with requests.get(
            home + _API, headers=_HEADERS, timeout=_TIMEOUT_S, stream=True
        ) as answer:
            address, api, _ = answer.url.partition(_API)
    except requests.exceptions.SSLError:
        raise ShopError(ShopFault.CERTIFICATE, f"at {home}") from None
    except requests.RequestException:
        return None
    return address if api else home


def visit(url: str) -> int | None:
    """Return the HTTP status that an address answers with; None if nobody answers in time."""
    try:
        with requests.get(
            url, headers=_HEADERS, timeout=_TIMEOUT_S, allow_redirects=False, stream=True
        ) as answer:
            return answer.status_code
    except requests.RequestException:
        return None
