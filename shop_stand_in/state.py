"""What the stand-in shop holds, and what its owner and customers can do to it.

The shop in one piece: products and new orders come from `Sales`, refunds and statuses from
`Refunds`, other changes to an order from `OrderEdits`, and all of it is kept by `Storage`.
"""

import re
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from shop_stand_in.index import OrderQuery
from shop_stand_in.recordings import load_recordings
from shop_stand_in.refunds import Refunds
from shop_stand_in.sales import Sales
from shop_stand_in.types import STATUS_NAMES, Fault, Json, Key, Line, RefundLine, SeenRequest

__all__ = ["Fault", "Key", "Line", "OrderQuery", "RefundLine", "SeenRequest", "ShopState"]

Hook = Callable[[SeenRequest], object]


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


class ShopState(Sales, Refunds):
    """The shop: products, orders with refunds and notes, keys, faults and what was asked.

    Methods change it as WooCommerce would: `date_modified` moves, one second being its finest
    step, save where WooCommerce itself forgets to (each such method says so).
    """

    def __init__(
        self,
        now: Callable[[], datetime] = utc_now,
        *,
        zone: str = "Europe/Istanbul",
        keys: Sequence[Key] = (Key(),),
        auth_time: Callable[[], float] = time.time,
    ) -> None:
        """
        Open an empty shop.

        Args:
            now: The shop's clock: order dates and the Date header.
            zone: The site's time zone, of `date_modified` and of the trap with `Z`.
            keys: REST keys that are let in.
            auth_time: Unix time that OAuth timestamps are judged by; it stays the real one
                when *now* is a test's, because clients sign with their own clock.
        """
        super().__init__(now, zone)
        self.auth_time = auth_time
        self.keys = list(keys)
        self.statuses = list(STATUS_NAMES)
        self.faults: list[Fault | None] | Callable[[SeenRequest], Fault | None] = []
        self.hooks: list[Hook] = []
        self.requests: deque[SeenRequest] = deque(maxlen=10_000)
        self.counts: Counter[str] = Counter()
        self.nonces: dict[tuple[str, str], float] = {}

    @classmethod
    def from_recordings(
        cls, folder: Path, now: Callable[[], datetime] = utc_now, **options: Any
    ) -> Self:
        """Load recorded answers: GETs then answer the same bodies, save the host in links.

        A product that was recorded in a list only (`products_all.json`) has few fields; its price
        is what it was sold for. A variation that was not recorded is not there.
        """
        state = cls(now, **options)
        load_recordings(state, folder)
        return state

    def on_request(self, hook: Hook) -> Hook:
        """Run *hook* before each answer, without the lock: it may change orders."""
        self.hooks.append(hook)
        return hook

    def saw(self, method: str, path: str, params: Json) -> tuple[SeenRequest, Fault | None]:
        """Note a request, run the hooks and take the fault meant for it, if any."""
        with self.lock:
            kind = f"{method} {re.sub(r'[0-9]+', '<id>', path)}"
            self.counts["all"] += 1
            self.counts[kind] += 1
            seen = SeenRequest(self.counts["all"], method, path, params)
            self.requests.append(seen)
        for hook in list(self.hooks):
            hook(seen)
        if callable(self.faults):
            return seen, self.faults(seen)
        with self.lock:
            return seen, self.faults.pop(0) if self.faults else None
