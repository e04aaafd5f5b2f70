"""Telling a wrong clock from a wrong key: both are refused with the same answer."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests

from bridge.woo.errors import ShopError, ShopFault

_WINDOW = timedelta(minutes=15)
"""How far WooCommerce lets the time of a signed request be from its own, either way."""

_BLUR = timedelta(seconds=30)
"""The Date header has whole seconds, and an answer may have been on its way for some."""


def clock_error(response: requests.Response, seen: str) -> ShopError | None:
    """Return what an answer of 401 or 403 means if it is about a clock; None if it is not."""
    ahead = _shop_is_ahead(response)
    # By https the key itself is sent, and no time.
    is_signed = (response.request.url or "").startswith("http://")
    if is_signed and ahead is not None and abs(ahead) > _WINDOW - _BLUR:
        way = "ahead of" if ahead > timedelta() else "behind"
        apart = timedelta(seconds=round(abs(ahead).total_seconds()))
        return ShopError(
            ShopFault.CLOCK, f"{seen}, and the shop's clock is {apart} {way} this machine's"
        )
    return None


def _shop_is_ahead(response: requests.Response) -> timedelta | None:
    """Return by how much the shop's clock is ahead of ours; None if the answer tells no time."""
    try:
        told = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return told.replace(tzinfo=told.tzinfo or UTC) - datetime.now(UTC)
