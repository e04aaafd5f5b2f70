"""Purchase history by page number: links that work without JavaScript cannot carry a cursor."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from bridge.domain.ids import UserId
from bridge.domain.purchases import Purchase
from bridge.store import purchases
from bridge.store.db import Database

PAGE_SIZE = 10
LAST_PAGE = 1000
"""Skipping rows costs reading them, so it ends somewhere."""

MAX_AGE_S = 5.0
_KEPT = 2048


@dataclass(frozen=True, slots=True)
class PurchasePage:
    """One page, and whether there is an older one."""

    number: int
    items: tuple[Purchase, ...]
    has_older: bool


class PurchasePager:
    """
    Reads pages of purchase history, and lends what it read for a few seconds.

    The balance is part of the key: what is booked shows at once, and only a change without a
    booking (an order's status) may be some seconds late.
    """

    def __init__(self, db: Database, *, max_age_s: float = MAX_AGE_S) -> None:
        """Read nothing yet."""
        self._db = db
        self._max_age_s = max_age_s
        self._lock = Lock()
        self._kept: OrderedDict[tuple[int, int, int], tuple[float, PurchasePage]] = OrderedDict()

    def get(self, user_id: UserId, number: int, *, balance: int) -> PurchasePage:
        """Return page *number*, newest first; the number is kept within 1 and the last."""
        key = (user_id, max(1, min(number, LAST_PAGE)), balance)
        now = time.monotonic()
        with self._lock:
            read_at, page = self._kept.get(key, (0.0, None))
            if page is not None and now - read_at < self._max_age_s:
                return page
        page = read_page(self._db, user_id, key[1])
        with self._lock:
            self._kept[key] = (now, page)
            self._kept.move_to_end(key)
            self._forget(now)
        return page

    def _forget(self, now: float) -> None:
        """Drop the oldest, while they are too old to be lent or too many."""
        while self._kept and (
            len(self._kept) > _KEPT or now - next(iter(self._kept.values()))[0] >= self._max_age_s
        ):
            self._kept.popitem(last=False)


def read_page(db: Database, user_id: UserId, number: int) -> PurchasePage:
    """Return a page as the database has it now."""
    with db.reading() as tx:
        found = purchases.list_purchases(
            tx, user_id, limit=PAGE_SIZE + 1, offset=(number - 1) * PAGE_SIZE
        )
    has_older = len(found) > PAGE_SIZE and number < LAST_PAGE
    return PurchasePage(number, tuple(found[:PAGE_SIZE]), has_older)
