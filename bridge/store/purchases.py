"""Purchase history: what was booked for a user's orders, never today's product amount."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits, UserId
from bridge.store.db import Tx, naive, utc

# Orders the bridge knows, and grants of others that it never saw: the peer's, from before.
_LIST = """
    SELECT * FROM (
      SELECT order_id, order_number, granted_at AS at, status, granted, reversed, shortfall,
             currency
        FROM {p}aipkit_bridge_orders
       WHERE account_id = %(user_id)s AND granted > 0
      UNION ALL
      SELECT context_id, '', created_at, '', credits_delta, 0, 0, ''
        FROM {p}aipkit_token_ledger
       WHERE user_id = %(user_id)s AND module = 'woocommerce' AND context_type = 'order'
         AND operation = 'purchase' AND credits_delta > 0
         AND NOT EXISTS (SELECT 1 FROM {p}aipkit_bridge_orders known
                          WHERE known.order_id = context_id AND known.granted > 0)
    ) purchases
     WHERE (at, order_id) < (%(before_at)s, %(before_id)s)
     ORDER BY at DESC, order_id DESC LIMIT %(limit)s
"""
_LINES = """
    SELECT order_id, name, quantity, unit_amount FROM {p}aipkit_bridge_order_lines
     WHERE order_id IN %s AND quantity > 0 ORDER BY order_id, line_id
"""


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """A token package in an order."""

    name: str
    quantity: int
    credits: Credits


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order: what it granted, and what was taken back of that."""

    order_id: int
    order_number: str
    at: datetime
    lines: tuple[PurchaseLine, ...]
    granted: Credits
    reversed: Credits
    shortfall: Credits
    status: str  # the order's, without `wc-`; empty where the bridge never saw the order
    currency: str


def list_purchases(
    tx: Tx, user_id: UserId, *, before: tuple[datetime, int] | None, limit: int
) -> Sequence[Purchase]:
    """Return a user's purchases, newest first, older than *before* (instant, order id)."""
    before_at, before_id = before or (None, 0)
    args = {
        "user_id": user_id,
        "before_at": naive(before_at) or datetime(9999, 1, 1),  # noqa: DTZ001  # a column's value
        "before_id": before_id,
        "limit": limit,
    }
    rows = tx.all(_LIST, args)
    lines = _read_lines(tx, [row["order_id"] for row in rows])
    return [
        Purchase(
            order_id=row["order_id"],
            order_number=row["order_number"] or str(row["order_id"]),
            at=utc(row["at"]),
            lines=lines.get(row["order_id"], ()),
            granted=row["granted"],
            reversed=row["reversed"],
            shortfall=row["shortfall"],
            status=row["status"],
            currency=row["currency"],
        )
        for row in rows
    ]


def _read_lines(tx: Tx, ids: Sequence[int]) -> Mapping[int, tuple[PurchaseLine, ...]]:
    found: dict[int, tuple[PurchaseLine, ...]] = {}
    for row in tx.all(_LINES, (tuple(ids),)) if ids else []:
        credits = Credits(row["unit_amount"] * row["quantity"])
        line = PurchaseLine(row["name"], row["quantity"], credits)
        found[row["order_id"]] = (*found.get(row["order_id"], ()), line)
    return found
