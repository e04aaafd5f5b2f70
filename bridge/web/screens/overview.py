"""Above the list of accounts: what the whole site used each day, what it sold, what it owes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from bridge.domain.ids import Credits
from bridge.domain.quotas import Module
from bridge.domain.site import Site
from bridge.services.reports.sum_balances import Outstanding
from bridge.services.reports.sum_sales import SPANS, Turnover
from bridge.services.reports.usage_by_day import DayUsage, usage_by_day
from bridge.web.http.deps import get_bridge

_DEFAULT_SPAN = 30
HEIGHT = 100
"""Of the chart, in its own units; a day is 10 wide."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One module's part of a day's bar, counted from the chart's top."""

    module: Module
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Day:
    """What was used on one of the site's days."""

    day: date
    used: Mapping[Module, int]
    bars: tuple[Bar, ...]

    @property
    def total(self) -> int:
        """Of all modules."""
        return sum(self.used.values())


@dataclass(frozen=True, slots=True)
class Overview:
    """The days of a span, oldest first; ``most`` is the largest day's total."""

    span: int
    days: tuple[Day, ...]
    turnover: Turnover
    outstanding: Outstanding
    worth: Mapping[str, Decimal]  # of what is outstanding, by currency
    unpriced_percent: int  # of all credits ever sold

    @property
    def most(self) -> int:
        """What the highest bar stands for."""
        return max(day.total for day in self.days)

    def used(self, module: Module) -> int:
        """Return what a module used in the whole span."""
        return sum(day.used[module] for day in self.days)

    @property
    def total(self) -> int:
        """What all used in the whole span."""
        return sum(day.total for day in self.days)


def read_overview(site: Site, asked_days: str, now: datetime) -> Overview:
    """
    Return the figures of the last days, today among them.

    Args:
        site: Whose calendar.
        asked_days: One of `SPANS` as text; else 30 days.
        now: The database's clock.
    """
    span = next((days for days in SPANS if str(days) == asked_days), _DEFAULT_SPAN)
    first = site.calendar.date_of(now) - timedelta(days=span - 1)
    bridge = get_bridge()
    modules = bridge.settings.modules.enabled
    found = usage_by_day(bridge.db, site.calendar, modules, first=first)
    by_day = [list(uses) for _, uses in groupby(found, key=lambda use: use.day)]
    most = max(sum(max(0, use.credits) for use in uses) for uses in by_day) or 1
    sales, outstanding = bridge.sales.get(), bridge.outstanding.get()
    return Overview(
        span=span,
        days=tuple(_day(uses, HEIGHT / most) for uses in by_day),
        turnover=sales.spans[span],
        outstanding=outstanding,
        worth=sales.sold.worth(outstanding.credits or Credits(0)),
        unpriced_percent=sales.sold.unpriced_percent,
    )


def _day(uses: list[DayUsage], scale: float) -> Day:
    """Stack the modules; a day on which more was given back than used has no bar."""
    bars, y = [], float(HEIGHT)
    for use in uses:
        height = round(max(0, use.credits) * scale, 2)
        y = round(y - height, 2)
        bars.append(Bar(use.module, y, height))
    return Day(uses[0].day, {use.module: use.credits for use in uses}, tuple(bars))
