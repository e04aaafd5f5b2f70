"""Pages of lists, and the opaque cursors between them."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from bridge.domain.errors import InvalidInputError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and where the rest begins; ``next_cursor`` None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None


def encode_cursor(at: datetime, number: int) -> str:
    """Return a cursor behind the item at (*at*, *number*)."""
    return _encode(f"{at.isoformat()}|{number}")


def decode_cursor(text: str) -> tuple[datetime, int] | None:
    """
    Return what `encode_cursor` was given; None for an empty text.

    Raises:
        InvalidInputError: It is no cursor of ours.
    """
    if not text:
        return None
    at, _, number = _decode(text).partition("|")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), int(number)
    except (ValueError, OverflowError):
        raise _no_cursor() from None


def encode_place(parts: Sequence[object]) -> str:
    """Return a cursor that says more than an instant and a number."""
    return _encode(json.dumps(parts))


def decode_place(text: str) -> list[Any]:
    """
    Return what `encode_place` was given; whoever asks checks that it is of the right kind.

    Raises:
        InvalidInputError: It is no cursor of ours.
    """
    try:
        parts = json.loads(_decode(text))
    except (ValueError, RecursionError):
        raise _no_cursor() from None
    if not isinstance(parts, list):
        raise _no_cursor()
    return parts


def _encode(plain: str) -> str:
    return urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _decode(text: str) -> str:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (Base64Error, ValueError):
        raise _no_cursor() from None


def _no_cursor() -> InvalidInputError:
    return InvalidInputError("cursor: take it from next_cursor of the page before.")
