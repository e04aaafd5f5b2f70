"""Who bought an order, and which account it may belong to."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bridge.domain.ids import UserId


@dataclass(frozen=True, slots=True)
class Buyer:
    """What an order says of who paid; empty texts and None where nobody knows (yet)."""

    email: str
    name: str
    total: Decimal | None
    currency: str
    product_id: int  # the product that the order asks about; 0: it asks about none
    ordered_at: datetime | None


NOBODY = Buyer("", "", None, "", 0, None)


@dataclass(frozen=True, slots=True)
class LikelyOwner:
    """
    The one account with the e-mail address of an order.

    ``is_older``: it was there before the order, so that R10 lets it claim the order. A younger
    one may be a stranger's, who has registered with somebody else's address.
    """

    user_id: UserId
    name: str
    login: str
    is_older: bool
