"""Where a shop's past orders come from: its tables in this database, or its REST API."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import count
from typing import Any, Protocol

from bridge.domain.backfills import BackfillSpan
from bridge.domain.errors import BridgeError, ConfigError
from bridge.domain.ids import OrderId
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.services.orders.list_pages import Habits
from bridge.services.orders.look_at_orders import STREAMS, Shop, remembered_habits
from bridge.services.orders.read_shop import StreamReader
from bridge.services.orders.whole_orders import OrderShop
from bridge.store import wp_orders
from bridge.store.db import Database
from bridge.woo.errors import OrderVanishedError, ShopError, UnreadableOrderError
from bridge.woo.parse import finished_at, order_id_of

CHUNK = 200
"""Orders read at once: what is in memory, and what is read again after a kill."""

_FIRST_DAY = datetime(1970, 1, 2, tzinfo=UTC)
_SLACK = timedelta(days=1)
"""Importers date an order's completion by hand, and its change by the clock of another server."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some past orders, and where to go on when they are done."""

    items: Sequence[Json]  # those of the span, each at most once
    fetch_number: int
    position: Json  # what `PastOrders.chunks` takes
    passed: int  # how many orders were read for it, others included
    lost: tuple[tuple[OrderId, BridgeError], ...] = ()  # which the shop cannot send


class Way(StrEnum):
    """How they are read; the value is what `--via` takes."""

    DB = "db"
    REST = "rest"


class PastOrders(Protocol):
    """The orders, read in one of the two ways."""

    way: Way
    shop: OrderShop  # what reads refunds and parents by the same way

    def count(self) -> int | None:
        """Return how many orders will be passed by; None if nobody knows."""

    def chunks(self, position: Json) -> Iterator[Chunk]:
        """Yield the orders of the span from a position on; an empty one is the beginning."""


class TableShop:
    """A shop whose orders are read from its tables."""

    def __init__(self, db: Database) -> None:
        """
        Find the storage that the shop uses.

        Raises:
            ConfigError: The shop is elsewhere.
        """
        self.db = db
        with db.reading() as tx:
            tables = wp_orders.find_tables(tx)
        if tables is None:
            raise ConfigError(
                "This database has no WooCommerce orders (site.table_prefix): if the shop is "
                "elsewhere, read it by `--via rest`."
            )
        self.tables = tables

    def get_order(self, order_id: OrderId, *, fetch_number: int) -> Json:
        """Return one order, whatever its status."""
        del fetch_number  # it keeps caches from answering: here is none
        with self.db.reading() as tx:
            found = wp_orders.read_order(tx, self.tables, order_id)
        if found is None:
            raise OrderVanishedError("The order was deleted in the shop.")
        return found

    def list_refunds(self, order_id: OrderId, *, fetch_number: int) -> Sequence[Json]:
        """Return all refunds of an order, with their lines."""
        del fetch_number
        with self.db.reading() as tx:
            return wp_orders.read_refunds(tx, self.tables, order_id)


class OrdersInTables:
    """Past orders by SQL, in the order of their ids."""

    way = Way.DB

    def __init__(
        self, shop: TableShop, span: BackfillSpan, next_number: Callable[[], int]
    ) -> None:
        """Read the orders that are there now: later ones are none of the past."""
        self.shop: OrderShop = shop
        self._db, self._tables = shop.db, shop.tables
        self._span, self._next_number = span, next_number
        with self._db.reading() as tx:
            self._count, self._last = wp_orders.count_orders(tx, self._tables)

    def count(self) -> int:
        """Return how many orders there are."""
        return self._count

    def chunks(self, position: Json) -> Iterator[Chunk]:
        """Yield them; the position is the last id."""
        after = int(position.get("order_id", 0))
        while True:
            number = self._next_number()
            with self._db.reading() as tx:
                heads = wp_orders.read_heads(
                    tx, self._tables, after=after, last=self._last, limit=CHUNK
                )
                wanted = [head for head in heads if is_meant(self._span, head)]
                items = wp_orders.complete(tx, self._tables, wanted)
            if not heads:
                return
            after = heads[-1]["id"]
            yield Chunk(items, number, {"order_id": after}, len(heads))


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
            yield Chunk(items, page.fetch_number, position, len(page.items), lost)

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


def is_meant(span: BackfillSpan, item: Json) -> bool:
    """Say whether an order is of the span; one whose dates cannot be read is for people."""
    try:
        return span.has(finished_at(item))
    except UnreadableOrderError:
        return True
