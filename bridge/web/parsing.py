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
    return decode_cursor(request.args.get("cursor", "")), _limit()


def _is_number(given: str) -> bool:
    """Say whether a parameter is a whole number that every column holds."""
    return given.isascii() and given.isdigit() and len(given) <= 18


def _limit() -> int:
    given = request.args.get("limit", str(DEFAULT_LIMIT))
    if not (_is_number(given) and 1 <= int(given) <= MAX_LIMIT):
        raise InvalidInputError(f"limit: a whole number from 1 to {MAX_LIMIT}.")
    return int(given)


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


def text(body: dict[str, Any], field: str, length: int) -> str:
    """Return a field that must be a text of 1 to *length* characters."""
    value = body.get(field)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= length:
        raise InvalidInputError(f"{field}: a text of 1 to {length} characters.")
    return value.strip()


def number_page() -> tuple[int | None, int]:
    """Return `cursor` and `limit` of a list whose cursor is a plain id."""
    cursor = request.args.get("cursor", "")
    if cursor and not _is_number(cursor):
        raise InvalidInputError("cursor: take it from next_cursor of the page before.")
    return (int(cursor) if cursor else None), _limit()
