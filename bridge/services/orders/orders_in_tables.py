"""Past orders by SQL, out of whichever tables the shop keeps them in."""

import time
from collections.abc import Callable, Iterator, Sequence

from bridge.domain.backfills import BackfillSpan
from bridge.domain.errors import ConfigError
from bridge.domain.ids import OrderId
from bridge.services.orders.chunks import Chunk, Json, Way, is_meant
from bridge.services.orders.whole_orders import OrderShop
from bridge.store import ledger, orders, wp_orders, wp_products
from bridge.store.db import Database
from bridge.store.tx import Tx
from bridge.store.wp_products import Items
from bridge.woo.errors import OrderVanishedError

CHUNK = 500
"""Orders read at once: what is in memory, and what is read again after a kill."""

PART = 20_000
"""Orders of a part, about: enough parts that all processes end at about the same time."""

_KNOWN_FOR_S = 5.0
_MOST_KNOWN = 2000


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
        self._products = PlainProducts()
        with self._db.reading() as tx:
            self._count, self._first, self._last = wp_orders.count_orders(tx, self._tables)

    def count(self) -> int:
        """Return how many orders there are."""
        return self._count

    def parts(self) -> Sequence[Json]:
        """Return where equal ranges of ids begin and end; the last one has no end."""
        number = self._count // PART + 1
        ends = [
            self._first + (self._last - self._first) * part // number for part in range(1, number)
        ]
        return [
            {"order_id": after, "until": until}
            for after, until in zip([0, *ends], [*ends, None], strict=True)
        ]

    def chunks(self, position: Json) -> Iterator[Chunk]:
        """Yield them; the position is the last id, and where the part ends."""
        after, until = position["order_id"], position["until"]
        last = self._last if until is None else until
        while True:
            number = self._next_number()
            with self._db.reading() as tx:
                heads = wp_orders.read_heads(tx, self._tables, after=after, last=last, limit=CHUNK)
                if not heads:
                    return
                meant = [head for head in heads if is_meant(self._span, head)]
                plain = self._find_plain(tx, meant)
                wanted = [head for head in meant if head["id"] not in plain]
                items, sold = wp_orders.complete(tx, self._tables, wanted)
                self._products.learn(tx, sold)
            after = heads[-1]["id"]
            position = {"order_id": after, "until": until}
            yield Chunk(items, number, position, len(heads), plain=len(plain), sold=sold)

    def _find_plain(self, tx: Tx, heads: Sequence[Json]) -> set[OrderId]:
        """Return orders without packages that neither the bridge nor the ledger knows."""
        plain = wp_orders.find_plain(tx, self._tables, heads, self._products.ids())
        return plain - orders.read_seen(tx, plain).keys() - ledger.find_purchased_orders(tx, plain)


class PlainProducts:
    """
    Products that are no packages, as of the last seconds: as old as a site's limits may be.

    Nearly all orders of a large shop sell nothing else; they need not be read whole.
    """

    def __init__(self) -> None:
        self._known: dict[int, bool] = {}
        self._forget_at = 0.0

    def ids(self) -> list[int]:
        """Return them."""
        if time.monotonic() >= self._forget_at:
            self._known.clear()
            self._forget_at = time.monotonic() + _KNOWN_FOR_S
        return [product_id for product_id, is_plain in self._known.items() if is_plain]

    def learn(self, tx: Tx, sold: Items) -> None:
        """Look at products that were sold and are not known yet."""
        new = {i for pair in sold.values() for i in pair} - self._known.keys() - {0}
        if new and len(self._known) < _MOST_KNOWN:
            found = wp_products.read_products(tx, new)
            self._known |= {i: i in found and found[i].is_package != "yes" for i in new}
