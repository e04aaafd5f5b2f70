"""Purchase history by page number: links that work without JavaScript cannot carry a cursor."""

from dataclasses import dataclass

from bridge.domain.ids import UserId
from bridge.store import purchases
from bridge.store.db import Database
from bridge.store.purchases import Purchase

PAGE_SIZE = 10
LAST_PAGE = 1000
"""Skipping rows costs reading them, so it ends somewhere."""


@dataclass(frozen=True, slots=True)
class PurchasePage:
    """One page, and whether there is an older one."""

    number: int
    items: tuple[Purchase, ...]
    has_older: bool


def page_purchases(db: Database, user_id: UserId, number: int) -> PurchasePage:
    """Return page *number* of the user's purchases, newest first; kept within 1 and the last."""
    number = max(1, min(number, LAST_PAGE))
    with db.reading() as tx:
        found = purchases.list_purchases(
            tx, user_id, limit=PAGE_SIZE + 1, offset=(number - 1) * PAGE_SIZE
        )
    has_older = len(found) > PAGE_SIZE and number < LAST_PAGE
    return PurchasePage(number, tuple(found[:PAGE_SIZE]), has_older)
