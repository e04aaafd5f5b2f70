"""Purchase history by page number: links that work without JavaScript cannot carry a cursor."""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from cachetools import TTLCache

from bridge.domain.ids import Credits, UserId
from bridge.domain.paging import Page, numbered_page
from bridge.domain.purchases import Purchase
from bridge.store import purchases
from bridge.store.db import Database

PAGE_SIZE = 10
LAST_PAGE = 1000
"""Skipping rows costs reading them, so it ends somewhere."""

MAX_AGE_S = 5.0
MOST_KEPT = 2048


class PurchaseHistory:
    """
    Reads pages of purchase history, and lends what it read for a few seconds.

    The balance is part of the key: what is booked shows at once, and only a change without a
    booking (an order's status) may be some seconds late.
    """

    def __init__(
        self,
        db: Database,
        *,
        max_age_s: float = MAX_AGE_S,
        most: int = MOST_KEPT,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet."""
        self._db = db
        self._lock = Lock()
        self._kept: TTLCache[tuple[int, int, int], Page[Purchase], float] = TTLCache(
            most, max_age_s, timer
        )

    def get(self, user_id: UserId, number: int, *, balance: Credits) -> Page[Purchase]:
        """Return page *number*, newest first; the number is kept within 1 and the last."""
        key = (user_id, max(1, min(number, LAST_PAGE)), balance)
        with self._lock, suppress(KeyError):
            return self._kept[key]
        page = read_page(self._db, user_id, key[1])
        with self._lock:
            self._kept[key] = page
        return page


def read_page(db: Database, user_id: UserId, number: int) -> Page[Purchase]:
    """Return a page as the database has it now."""
    with db.reading() as tx:
        found = purchases.list_purchases(
            tx, user_id, limit=PAGE_SIZE + 1, offset=(number - 1) * PAGE_SIZE
        )
    return numbered_page(found, number, size=PAGE_SIZE, last=LAST_PAGE)
