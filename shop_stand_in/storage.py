"""Where the stand-in shop keeps its products and orders.

Everything is kept in the shape in which WooCommerce's REST API answers it, in memory, behind one
lock. An order's body is replaced, never edited in place, so a reader needs the lock only to pick
the bodies, and an answer is always one moment's truth.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shop_stand_in.index import OrderIndex, OrderQuery
from shop_stand_in.oddities import Oddities
from shop_stand_in.types import Json


class Storage:
    """Products, orders with refunds and notes, the ids given so far, and the clock."""

    def __init__(self, now: Callable[[], datetime], zone: str) -> None:
        self.now, self.zone = now, ZoneInfo(zone)
        self.home_url = "http://127.0.0.1:8090"
        self.products: dict[int, Json] = {}
        self.variations: dict[int, Json] = {}
        self.unreadable: set[int] = set()
        self.odd = Oddities()
        self.lock = threading.RLock()
        self._orders: dict[int, Json] = {}
        self._refunds: dict[int, list[Json]] = {}
        self._notes: dict[int, list[Json]] = {}
        self._index = OrderIndex()
        self._last_ids: Counter[str] = Counter()

    # Reading

    def order(self, order_id: int) -> Json | None:
        """One order's body, not to be changed; None when it never was or is deleted for good."""
        with self.lock:
            return self._orders.get(order_id)

    def every_order(self) -> list[Json]:
        """All orders' bodies, also those in the trash."""
        with self.lock:
            return list(self._orders.values())

    def refunds(self, order_id: int) -> list[Json]:
        """Its refunds, newest first."""
        with self.lock:
            return self._refunds.get(order_id, [])[::-1]

    def notes(self, order_id: int) -> list[Json]:
        """Its notes, newest first."""
        with self.lock:
            return self._notes.get(order_id, [])[::-1]

    def find(self, query: OrderQuery) -> tuple[list[Json], int]:
        """One page and the total.

        Unreadable orders count in the total and are dropped from the page after the limit, as
        WooCommerce does: a page may be short without being the last.
        """
        with self.lock:
            found = self._index.matching(query, self._orders)
            entries = self.odd.arranged(found, query, self._orders)
            page = entries[query.start : query.start + query.per_page]
            bodies = [self._orders[i] for _, i in page if i not in self.unreadable]
            return bodies, len(entries)

    # Writing

    def put_order(self, order: Json) -> None:
        """Enter *order* as it stands, in place of the one with its id if there is one."""
        with self.lock:
            if order["id"] in self._orders:
                self._index.remove(self._orders[order["id"]])
            self._orders[order["id"]] = order
            self._index.add(order)
            self.used("order", order["id"])

    def put_refunds(self, order_id: int, refunds: list[Json]) -> None:
        """Enter an order's refunds, newest first, in place of those it has."""
        with self.lock:
            self._refunds[order_id] = refunds[::-1]
            self.used("order", max((one["id"] for one in refunds), default=0))

    def _change(
        self, order_id: int, edit: Callable[[Json], object], moves_date: bool = True
    ) -> None:
        with self.lock:
            old = self._orders[order_id]
            new = deepcopy(old)
            edit(new)
            if moves_date:
                self._stamp(new, "date_modified")
            self._index.remove(old)
            self._orders[order_id] = new
            self._index.add(new)

    def _meta(self, values: Mapping[str, Any]) -> list[Json]:
        return [{"id": self._next("meta"), "key": k, "value": v} for k, v in values.items()]

    # Ids

    def skip_ids(self, number: int) -> None:
        """Give orders, refunds and lines ids above *number*, as in a shop with a past."""
        with self.lock:
            for kind in ("order", "item"):
                self.used(kind, number)

    def used(self, kind: str, number: int) -> None:
        """Give the next ids of *kind* above *number*."""
        self._last_ids[kind] = max(self._last_ids[kind], number)

    def _next(self, kind: str) -> int:
        with self.lock:
            self._last_ids[kind] += 1
            return self._last_ids[kind]

    # Dates

    def _utc(self, at: datetime | None = None) -> datetime:
        moment = at or self.now()
        naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        return naive.replace(microsecond=0)

    def _stamp(self, body: Json, name: str, at: datetime | None = None) -> None:
        gmt = self._utc(at)
        local = gmt.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)
        body[name], body[f"{name}_gmt"] = local.isoformat(), gmt.isoformat()
