"""What is odd about a shop: orders that break pages, lists out of order, strange JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shop_stand_in.index import Entry, OrderQuery
from shop_stand_in.types import Fault, Json

MONEY = frozenset({"total", "total_tax", "amount"})


@dataclass
class Oddities:
    """All of them; a healthy shop has none. Change the fields at any time."""

    poisoned: dict[int, Fault] = field(default_factory=dict)
    """Orders that break every answer which they are in, and how."""

    in_place_of: dict[int, Any] = field(default_factory=dict)
    """Orders for which something else is sent: `None`, `[]`, a text, `{}`."""

    refunds: dict[int, Fault] = field(default_factory=dict)
    """Orders whose list of refunds goes wrong, and how."""

    largest_page: int | None = None
    """The shop dies (500) if it is asked for more orders at once."""

    as_posts: bool = False
    """Sorts by local time and filters by GMT, as WooCommerce does with orders as posts."""

    shuffled: Mapping[int, int] | None = None
    """Lists by these numbers of the orders, whatever order is asked for."""

    refused_methods: frozenset[str] = frozenset()
    """What the host's firewall lets not through (405)."""

    before_json: str = ""
    """A byte order mark or blank lines."""

    rekeyed: bool = False
    """Arrays as objects, as PHP encodes those with gaps."""

    no_totals: bool = False
    """A proxy strips the headers that say how many there are."""

    floats: bool = False
    """Money as numbers with all the digits of binary fractions."""

    def arranged(
        self, entries: Sequence[Entry], query: OrderQuery, orders: Mapping[int, Json]
    ) -> Sequence[Entry]:
        """Return a list's entries in the order that this shop gives them."""
        if self.shuffled is not None:
            places = self.shuffled
            return sorted(entries, key=lambda entry: (places.get(entry[1], 0), entry[1]))
        if self.as_posts and query.orderby == "modified":
            local = {order_id: orders[order_id]["date_modified"] for _, order_id in entries}
            reverse = query.descending
            return sorted(entries, key=lambda e: (local[e[1]], e[1]), reverse=reverse)
        return entries

    def fault_of_page(self, bodies: Iterable[Json], per_page: int) -> Fault | None:
        """Return how a list with these orders goes wrong, if it does."""
        if self.largest_page is not None and per_page > self.largest_page:
            return Fault.server_error()
        return next((self.poisoned[b["id"]] for b in bodies if b["id"] in self.poisoned), None)

    def as_sent(self, order_id: int, body: Json) -> Any:
        """Return an order, or what this shop sends in its place."""
        return self.in_place_of.get(order_id, body)

    def reshaped(self, value: Any, name: str = "") -> Any:
        """Return JSON as this shop's PHP makes it."""
        if isinstance(value, dict):
            return {key: self.reshaped(one, key) for key, one in value.items()}
        if isinstance(value, list):
            items = [self.reshaped(one) for one in value]
            return dict(enumerate(items, start=1)) if self.rekeyed and items else items
        if self.floats and name in MONEY and isinstance(value, str):
            return float(value) * (1 + 2**-52) + 7.1e-15
        return value
