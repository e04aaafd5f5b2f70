"""Sums of what orders stand for, out of one key that has all they need: no table is sorted."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from bridge.domain.ids import Credits
from bridge.domain.sales import SalesSum
from bridge.store.db import Row, Tx, naive

_NEXT_CURRENCY = """
    SELECT currency FROM {p}aipkit_bridge_orders FORCE INDEX (sold)
     WHERE currency > %s ORDER BY currency LIMIT 1
"""
_SUM = """
    SELECT COALESCE(SUM(granted - reversed - shortfall), 0) AS credits,
           COALESCE(SUM(IF(sold_for IS NULL, 0, granted - reversed - shortfall)), 0) AS priced,
           SUM(sold_for) AS paid
      FROM {p}aipkit_bridge_orders FORCE INDEX (sold)
     WHERE currency = %s AND granted_at >= %s AND granted_at < %s
"""
_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def sum_sales(tx: Tx, since: Sequence[datetime]) -> list[SalesSum]:
    """
    Sum the orders by when they were first granted.

    Args:
        tx: Where to read.
        since: Instants, earliest first.

    Returns:
        What was sold before all of them, then from each to the next.
    """
    currencies = list(_currencies(tx))
    first, last = _EVER
    return [
        SalesSum.of(_sum(tx, currency, begin, end) for currency in currencies)
        for begin, end in pairwise((first, *since, last))
    ]


def _currencies(tx: Tx) -> Iterator[str]:
    """Yield each, "" for an unknown one first: by DISTINCT the whole key may be read."""
    row: Row | None = {"currency": ""}
    while row is not None:
        yield row["currency"]
        row = tx.one(_NEXT_CURRENCY, (row["currency"],))


def _sum(tx: Tx, currency: str, begin: datetime, end: datetime) -> SalesSum:
    row = tx.one(_SUM, (currency, naive(begin), naive(end)))
    assert row is not None
    paid = {} if row["paid"] is None else {currency: row["paid"]}
    return SalesSum(Credits(int(row["credits"])), Credits(int(row["priced"])), paid)
