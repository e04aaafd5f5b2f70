"""The numbers that name things, and the unit everything is counted in."""

import re
from dataclasses import dataclass
from typing import NewType, TypeGuard

UserId = NewType("UserId", int)
"""WordPress user id, > 0. Guests have none."""

OrderId = NewType("OrderId", int)
"""WooCommerce order id, > 0."""

LineId = NewType("LineId", int)
"""WooCommerce order item id of a product line, > 0."""

Credits = NewType("Credits", int)
"""What customers buy and spend: a whole number, never money, never a float."""

MAX_ID = 2**63 - 1
"""The largest id that a column holds."""

MAX_BALANCE = 2**63 - 1
"""The largest balance that PHP and SQL both hold as an integer."""

MAX_ORDER_CREDITS = 10**15
"""No order may grant more; above it a product amount is taken for a typing error."""

_DIGITS = 19  # of `MAX_ID`; to convert a text of very many digits takes very long


def whole_number(text: str, most: int = MAX_ID) -> int | None:
    """Return a number from 0 to *most* that is written in plain digits; None for other texts."""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        return None
    number = int(text)
    return number if number <= most else None


def is_id(value: object) -> TypeGuard[int]:
    """Say whether a value can name something: a whole number above 0, which True is not."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_ID


_ADMIN = "admin:"


def admin_name(user_id: UserId) -> str:
    """Return what the ledger and logs call an administrator."""
    return f"{_ADMIN}{user_id}"


def admin_in(name: str) -> UserId | None:
    """Return whom `admin_name` named; None: it was somebody else."""
    number = whole_number(name.removeprefix(_ADMIN)) if name.startswith(_ADMIN) else None
    return None if number is None else UserId(number)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose account: a WordPress user's, or a guest's by session id (in lower case)."""

    user_id: UserId | None = None
    session_id: str = ""


SESSION_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
"""What a guest's session can be called (docs/http-api.md)."""


def is_session_id(text: str) -> bool:
    """Say whether a guest's session can be called so."""
    return re.fullmatch(SESSION_ID_PATTERN, text) is not None
