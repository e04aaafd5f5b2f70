"""Pages of lists, and the opaque cursors between them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from bridge.domain.errors import InvalidInputError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and where the rest begins; ``next_cursor`` None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None


def encode_cursor(at: datetime, number: int) -> str:
    """Return a cursor behind the item at (*at*, *number*)."""
    return urlsafe_b64encode(f"{at.isoformat()}|{number}".encode()).decode().rstrip("=")


def decode_cursor(text: str) -> tuple[datetime, int] | None:
    """
    Return what `encode_cursor` was given; None for an empty text.

    Raises:
        InvalidInputError: It is no cursor of ours.
    """
    if not text:
        return None
    try:
        plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
        at, _, number = plain.partition("|")
        return datetime.fromisoformat(at).astimezone(UTC), int(number)
    except (Base64Error, ValueError, OverflowError):
        raise InvalidInputError("cursor: take it from next_cursor of the page before.") from None
