"""Where a shop's past orders come from: its tables in this database, or its REST API."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Protocol

from bridge.domain.backfills import BackfillSpan
from bridge.domain.errors import BridgeError
from bridge.domain.ids import OrderId
from bridge.services.orders.chunks import Chunk, Json, Way, is_meant
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.services.orders.list_pages import Habits
from bridge.services.orders.look_at_orders import STREAMS, Shop, remembered_habits
from bridge.services.orders.orders_in_tables import OrdersInTables, TableShop
from bridge.services.orders.read_shop import StreamReader
from bridge.services.orders.whole_orders import OrderShop
from bridge.store.db import Database
from bridge.woo.errors import OrderVanishedError, ShopError, UnreadableOrderError
from bridge.woo.parse import order_id_of

_FIRST_DAY = datetime(1970, 1, 2, tzinfo=UTC)
_SLACK = timedelta(days=1)
"""Importers date an order's completion by hand, and its change by the clock of another server."""


class PastOrders(Protocol):
    """The orders, read in one of the two ways."""

    way: Way
    shop: OrderShop  # what reads refunds and parents by the same way

    def count(self) -> int | None:
        """Return how many orders will be passed by; None if nobody knows."""

    def parts(self) -> Sequence[Json]:
        """Return where parts of them begin that can be read at the same time."""

    def chunks(self, position: Json) -> Iterator[Chunk]:
        """Yield the orders of a part that are of the span, from a position on."""


class OrdersByRest:
    """Past orders through the shop's list, oldest change first."""

    way = Way.REST

    def __init__(
        self,
        shop: Shop,
        span: BackfillSpan,
        next_number: Callable[[], int],
        *,
        now: datetime,
        habits: Habits,
    ) -> None:
        """Read what changed up to *now*: what changes later is polled as ever."""
        self.shop: OrderShop = shop
        self._lister = shop
        self._span, self._next_number = span, next_number
        self._now, self._habits = now, habits
        self._read: set[OrderId] = set()

    def count(self) -> None:
        """Return nothing: the list would have to be asked for, and some shops hide it."""

    def parts(self) -> Sequence[Json]:
        """Return the beginning: lists are read one page after another."""
        return [{}]

    def chunks(self, position: Json) -> Iterator[Chunk]:
        """Yield them; the position is a stream's name and the change that was reached."""
        names = [name for name, _ in STREAMS]
        first = names.index(position.get("stream", names[0]))
        reached = position.get("reached")
        for name, status in STREAMS[first:]:
            start = datetime.fromisoformat(reached) if reached else self._start()
            reached = None
            yield from self._stream(name, status, start)

    def _start(self) -> datetime:
        since = self._span.since
        start = _FIRST_DAY if since is None else max(_FIRST_DAY, since - _SLACK)
        return start.replace(microsecond=0)

    def _stream(self, name: str, status: str, start: datetime) -> Iterator[Chunk]:
        reader = StreamReader(self._lister, status, self._next_number, self._now, self._habits)
        reached = start
        for page in reader.pages(start):
            reached = page.reached or reached
            found, lost = self._fetch_lost(page.lost)
            items = [item for item in (*page.items, *found) if self._is_new(item)]
            position = {"stream": name, "reached": reached.isoformat()}
            yield Chunk(items, page.fetch_number, position, len(page.items), lost=lost)

    def _is_new(self, item: Json) -> bool:
        """Say whether it is meant and was not on an earlier page: some come more than once."""
        order_id = order_id_of(item)
        if order_id in self._read or not is_meant(self._span, item):
            return False
        self._read.add(order_id)
        return True

    def _fetch_lost(
        self, ids: Sequence[OrderId]
    ) -> tuple[list[Json], tuple[tuple[OrderId, BridgeError], ...]]:
        """Fetch orders by themselves that the shop can put on no page."""
        found, lost = [], []
        for order_id in ids:
            try:
                item = self.shop.get_order(order_id, fetch_number=self._next_number())
                order_id_of(item)
                found.append(item)
            except OrderVanishedError:
                continue
            except (ShopError, UnreadableOrderError) as error:
                lost.append((order_id, error))
        return found, tuple(lost)


@contextmanager
def past_orders(
    db: Database, shop: Shop, span: BackfillSpan, way: Way, *, apply: bool
) -> Iterator[PastOrders]:
    """
    Yield the orders of a span; unless *apply* nothing is written, no fetch is numbered.

    Raises:
        ConfigError: They are to be read from this database, and are not there.
    """
    # Numbers keep caches from answering, also those that nobody compares.
    take = partial(next_fetch_number, db)
    numbers: Callable[[], int] = take if apply else partial(next, count(secrets.randbits(40)))
    if way is Way.DB:
        yield OrdersInTables(TableShop(db), span, numbers)
        return
    with db.reading() as tx:
        now = tx.now()
    with remembered_habits(db) if apply else nullcontext(Habits()) as habits:
        yield OrdersByRest(shop, span, numbers, now=now, habits=habits)
