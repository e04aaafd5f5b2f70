"""What orders stand for, and what was paid for it, out of the sums that are kept of them."""

from collections.abc import Sequence
from datetime import datetime

from bridge.domain.ids import Credits
from bridge.domain.sales import SalesSum
from bridge.store.columns import naive
from bridge.store.order_sums import ALL
from bridge.store.tx import Row, Tx

_ALL = """
    SELECT 0 AS part, currency, SUM(sold) AS credits, SUM(priced) AS priced,
           SUM(prices) AS prices, SUM(paid) AS paid
      FROM {p}aipkit_bridge_order_sums WHERE slot_at = %s
     GROUP BY currency ORDER BY currency
"""
_SINCE = """
    SELECT {part} AS part, currency, SUM(sold) AS credits, SUM(priced) AS priced,
           SUM(prices) AS prices, SUM(paid) AS paid
      FROM {p}aipkit_bridge_order_sums WHERE slot_at >= %s
     GROUP BY part, currency ORDER BY currency
"""


def sum_sales(tx: Tx) -> SalesSum:
    """Return what all orders stand for."""
    return SalesSum.of(_sum(row) for row in tx.all(_ALL, (ALL,)))


def sum_sales_since(tx: Tx, since: Sequence[datetime]) -> list[SalesSum]:
    """
    Sum the orders by when they were first granted, by one pass over the last 90 days or so.

    Args:
        tx: Where to read.
        since: Beginnings of quarters of an hour, earliest first.

    Returns:
        What was sold since each.
    """
    part = " + ".join(["(slot_at >= %s)"] * len(since))
    instants = [naive(instant) for instant in since]
    rows = tx.all(_SINCE.replace("{part}", part), (*instants, instants[0]))
    return [
        SalesSum.of(_sum(row) for row in rows if row["part"] >= number)
        for number in range(1, len(since) + 1)
    ]


def _sum(row: Row) -> SalesSum:
    paid = {row["currency"]: row["paid"]} if row["prices"] else {}
    return SalesSum(Credits(int(row["credits"])), Credits(int(row["priced"])), paid)
