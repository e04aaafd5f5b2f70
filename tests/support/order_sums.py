"""The sums of orders as they are kept, and as a simple program adds the orders up."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:  # which asserts by this
    from tests.support.site import SiteDatabase

ALL = datetime(1970, 1, 1)  # noqa: DTZ001  # a column's value
KEPT = timedelta(days=90)
"""For how long the bridge must know a quarter of an hour."""

Sums: TypeAlias = dict[tuple[datetime, str], tuple[Decimal, ...]]


def order_sums_kept(site: "SiteDatabase") -> Sums:
    """Return what is kept, all shards together."""
    rows = site.rows("SELECT * FROM wp_aipkit_bridge_order_sums")
    return _add((row["slot_at"], row["currency"], tuple(row.values())[3:]) for row in rows)


def order_sums_due(site: "SiteDatabase") -> Sums:
    """Return what should be kept."""
    orders = site.rows("SELECT * FROM wp_aipkit_bridge_orders")
    return _add((slot, o["currency"], _figures(o)) for o in orders for slot in _slots(o))


def _slots(order: dict[str, Any]) -> list[datetime]:
    at = order["granted_at"]
    quarter = at and at - timedelta(
        minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond
    )
    return [ALL, *([quarter] if quarter else [])]


def _figures(order: dict[str, Any]) -> tuple[Any, ...]:
    is_sold, price = order["granted_at"] is not None, order["sold_for"]
    stands = order["granted"] - order["reversed"] - order["shortfall"] if is_sold else 0
    is_priced = is_sold and price is not None
    return (
        1,
        order["granted"] > 0,
        order["state"] == "waiting",
        order["state"] == "unclaimed" and order["dismissed_reason"] is None,
        order["state"] == "attention" and order["dismissed_reason"] is None,
        order["shortfall"],
        stands,
        stands if is_priced else 0,
        is_priced,
        price if is_priced else 0,
    )


def _add(parts: Any) -> Sums:
    sums: Sums = defaultdict(lambda: (Decimal(0),) * 10)
    for slot, currency, figures in parts:
        key = (slot, currency)
        sums[key] = tuple(a + Decimal(b) for a, b in zip(sums[key], figures, strict=True))
    since = datetime.now() - KEPT  # noqa: DTZ005  # compared with a column
    return {
        key: figures
        for key, figures in sums.items()
        if any(figures) and (key[0] == ALL or key[0] >= since)
    }
