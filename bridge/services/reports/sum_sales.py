"""What the site has sold, for how much, and what was spent of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bridge.domain.periods import Calendar
from bridge.domain.sales import SalesSum
from bridge.services.cached_value import CachedValue
from bridge.services.read_site import SiteReader
from bridge.store import sales, usage_slots
from bridge.store.db import Database
from bridge.store.tx import Tx

SPANS = (7, 30, 90)
"""Days, today among them."""

MAX_AGE_S = 60.0
"""The quarters of the longest span are added up for it."""


@dataclass(frozen=True, slots=True)
class Turnover:
    """What orders first granted in a span stand for now, and what balances paid in it."""

    sold: SalesSum
    spent: int


@dataclass(frozen=True, slots=True)
class Sales:
    """All that orders stand for, and the turnover of each of `SPANS`."""

    sold: SalesSum
    spans: Mapping[int, Turnover]


class SalesReader(CachedValue[Sales]):
    """Adds the sales up, and lends the sums for a minute."""

    def __init__(self, db: Database, site: SiteReader, *, max_age_s: float = MAX_AGE_S) -> None:
        """Read nothing yet."""
        super().__init__(db, lambda tx: read_sales(tx, site.get().calendar), max_age_s=max_age_s)


def read_sales(tx: Tx, calendar: Calendar) -> Sales:
    """Return the sums now."""
    today = calendar.date_of(tx.now())
    longest_first = sorted(SPANS, reverse=True)
    since = [calendar.begin_of(today - timedelta(days=span - 1)) for span in longest_first]
    sold = sales.sum_sales_since(tx, since)
    spans = {
        span: Turnover(sold[number], usage_slots.sum_spent(tx, since[number]))
        for number, span in enumerate(longest_first)
    }
    return Sales(sales.sum_sales(tx), spans)
