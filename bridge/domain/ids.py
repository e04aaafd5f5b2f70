"""The numbers that name things, and the unit everything is counted in."""

import re
from dataclasses import dataclass
from typing import NewType

UserId = NewType("UserId", int)
"""WordPress user id, > 0. Guests have none."""

OrderId = NewType("OrderId", int)
"""WooCommerce order id, > 0."""

LineId = NewType("LineId", int)
"""WooCommerce order item id of a product line, > 0."""

Credits = NewType("Credits", int)
"""What customers buy and spend: a whole number, never money, never a float."""

MAX_BALANCE = 2**63 - 1
"""The largest balance that PHP and SQL both hold as an integer."""

MAX_ORDER_CREDITS = 10**15
"""No order may grant more; above it a product amount is taken for a typing error."""


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
