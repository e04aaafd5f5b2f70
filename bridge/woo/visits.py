"""A look at an address, as a visitor: whether somebody answers there, and how."""

import requests

from bridge.version import VERSION

_TIMEOUT_S = (5.0, 20.0)


def visit(url: str) -> int | None:
    """Return the HTTP status that an address answers with; None if nobody answers in time."""
    headers = {"User-Agent": f"aipkit-bridge/{VERSION}", "Cache-Control": "no-cache"}
    try:
        with requests.get(
            url, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False, stream=True
        ) as answer:
            return answer.status_code
    except requests.RequestException:
        return None
