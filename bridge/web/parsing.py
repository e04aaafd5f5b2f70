"""Query parameters and bodies into values; every complaint names its field."""

from datetime import datetime
from typing import Any

from flask import request

from bridge.domain.errors import InvalidInputError
from bridge.services.paging import decode_cursor

MAX_LIMIT = 100
DEFAULT_LIMIT = 25


def page_arguments() -> tuple[tuple[datetime, int] | None, int]:
    """Return `cursor` and `limit` (1 to 100) of a list request."""
    text = request.args.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_LIMIT):
        raise InvalidInputError(f"limit: a whole number from 1 to {MAX_LIMIT}.")
    return decode_cursor(request.args.get("cursor", "")), int(text)


def json_object() -> dict[str, Any]:
    """Return the body, which must be a JSON object."""
    body = request.get_json(silent=True, force=True)
    if not isinstance(body, dict):
        raise InvalidInputError("body: must be a JSON object.")
    return body


def positive_integer(body: dict[str, Any], field: str) -> int:
    """Return a field that must be a whole number above 0."""
    value = body.get(field)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise InvalidInputError(f"{field}: a whole number above 0.")
    return value
