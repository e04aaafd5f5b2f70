"""Idempotency keys of this site's callers, whichever surface they come by."""

from collections.abc import Mapping

from bridge.services.spending.idempotency import KeyPurpose, RequestKey
from bridge.services.spending.idempotency import request_key as make_key
from bridge.wiring import Bridge


def request_key(
    bridge: Bridge, caller: str, operation: KeyPurpose, key: str, request: Mapping[str, object]
) -> RequestKey:
    """Return the digests of a caller's key and of what is asked, validated."""
    return make_key(bridge.settings.site.url, caller, operation, key, request)
