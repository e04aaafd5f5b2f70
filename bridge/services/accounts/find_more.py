"""What a search means beside accounts: an order, a ledger row, a user who owns nothing yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.ids import Credits, OrderId, UserId, whole_number
from bridge.domain.ledger import FoundEntry
from bridge.domain.order_views import OrderView
from bridge.services.accounts.read_figures import read_balances
from bridge.services.accounts.view_buyers import OrderPeople, buyers_of
from bridge.store import customer_orders, found, orders, wp_users
from bridge.store.db import Database
from bridge.store.tx import Tx
from bridge.store.wp_users import UserNames

_MOST = 10
_SHORTEST_REFERENCE = 3
_ENTRY = "led_"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A user of the site whom the list of accounts does not have."""

    user_id: UserId
    names: UserNames
    balance: Credits


@dataclass(frozen=True, slots=True)
class MoreFound:
    """All of it; ``people`` by order."""

    orders: Sequence[OrderView] = ()
    people: Mapping[int, OrderPeople] | None = None
    entries: Sequence[tuple[FoundEntry, UserNames]] = ()
    newcomers: Sequence[Newcomer] = ()
    looked_through: int = 0  # of so many newest ledger rows a reference was found; 0: of all

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not (self.orders or self.entries or self.newcomers)


def find_more(db: Database, text: str) -> MoreFound:
    """Return what a search finds beside accounts."""
    with db.reading() as tx:
        known = _orders(tx, text.removeprefix("#"))
        entries, is_partial = _entries(tx, text)
        return MoreFound(
            orders=known,
            people=buyers_of(tx, known),
            entries=_named(tx, entries),
            newcomers=_newcomers(tx, text),
            looked_through=found.LOOKED_THROUGH if is_partial else 0,
        )


def _orders(tx: Tx, text: str) -> list[OrderView]:
    """Return the orders with a number or an id; of an e-mail address, guests' without an owner."""
    if "@" in text:
        return customer_orders.list_guests(tx, text, _MOST)
    numbered = customer_orders.list_numbered(tx, text, _MOST)
    order_id = whole_number(text)
    by_id = orders.find_order(tx, OrderId(order_id)) if order_id else None
    known = {order.order_id for order in numbered}
    return [*numbered, *([by_id] if by_id and by_id.order_id not in known else [])]


def _entries(tx: Tx, text: str) -> tuple[Sequence[FoundEntry], bool]:
    """Return ledger rows, and whether there are older ones in which nobody looked."""
    entry_id = whole_number(text.removeprefix(_ENTRY)) if text.startswith(_ENTRY) else None
    if entry_id is not None:
        return found.find_entry(tx, entry_id), False
    if text.isascii() and len(text) >= _SHORTEST_REFERENCE:
        return found.list_referring(tx, text, _MOST)
    return (), False


def _named(tx: Tx, entries: Sequence[FoundEntry]) -> list[tuple[FoundEntry, UserNames]]:
    users = {entry.user_id for entry in entries}
    names = wp_users.list_names(tx, users) if users else {}
    return [(entry, names[entry.user_id]) for entry in entries if entry.user_id in names]


def _newcomers(tx: Tx, text: str) -> list[Newcomer]:
    users = found.list_newcomers(tx, text, whole_number(text), _MOST)
    names = wp_users.list_names(tx, users) if users else {}
    balances = read_balances(tx, users)
    return [Newcomer(user, names[user], balances[user]) for user in users if user in names]
