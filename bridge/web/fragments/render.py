"""The HTML of fragments, part by part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from operator import attrgetter

from flask import render_template
from markupsafe import Markup, escape

from bridge.domain.ids import Credits
from bridge.domain.low_funds import is_low_balance, is_low_limit
from bridge.domain.quotas import Context
from bridge.services.accounts.view_account import ModuleUsage
from bridge.services.accounts.view_days import DayUse
from bridge.services.accounts.view_visitor import Activity, VisitorView
from bridge.web.fragments.links import Links
from bridge.web.fragments.query import FragmentQuery
from bridge.web.http.formatting import Language
from bridge.web.http.words import MODULE_NAMES, ORDER_STATUSES

BAR_STEP, CHART_HEIGHT = 10, 48
_RENDERED = 128
_SLOT = Markup("<!-- parts -->")


@dataclass(frozen=True, slots=True)
class Chart:
    """The last days; only those on which anything was used have a bar."""

    bars: Markup
    told: str  # each of those days, and what was used
    first: DayUse
    last: DayUse
    most: DayUse
    total: int


@dataclass(frozen=True, slots=True)
class Funds:
    """What the balance's part shows."""

    balance: Credits
    held: Credits
    available: Credits
    is_low: bool
    low_limits: tuple[ModuleUsage, ...]  # nearly gone, with no balance behind them


def login_prompt(query: FragmentQuery) -> str:
    """Return what guests see."""
    words = query.language
    return render_template("fragment/login_prompt.html", query=query, lang=words, _=words.text)


def dashboard(view: VisitorView, zone: tzinfo, query: FragmentQuery) -> str:
    """Return a visitor's figures."""
    account, activity = view.account, view.activity
    shown = activity.context if activity else None
    parts = [_render("balance", zone, query, account=_funds(view))]
    if view.days:
        parts.append(_render("days", zone, query, chart=_chart(view.days, query.language)))
    if query.modules:
        parts.append(_usage(account.modules, shown, zone, query))
    if activity is not None:
        parts.append(_render("activity", zone, query, activity=activity))
    if view.purchases is not None:
        history = view.purchases
        parts.append(
            _render("purchases", zone, query, history=history, order_statuses=ORDER_STATUSES)
        )
    before, _, after = _frame(zone, query).partition(_SLOT)
    return "".join((before, *parts, after))


def details(activity: Activity, zone: tzinfo, query: FragmentQuery) -> str:
    """Return recent activity alone."""
    return _render("details", zone, query, activity=activity)


def _chart(days: Sequence[DayUse], words: Language) -> Chart:
    """Return what is drawn. Thirty bars by a template's loop took three times as long."""
    most = max(days, key=attrgetter("credits"))
    bars: list[str] = []
    told: list[str] = []
    for number, one in enumerate(days):
        if one.credits > 0:
            height = max(1, one.credits * CHART_HEIGHT // most.credits)
            label = f"{words.short_day(one.day)}: {words.number(one.credits)}"
            bars.append(
                f'<rect x="{number * BAR_STEP}" y="{CHART_HEIGHT - height}" width="8" '
                f'height="{height}"><title>{escape(label)}</title></rect>'
            )
            told.append(label)
    drawn = Markup("\n".join(bars))  # noqa: S704  # of numbers, and of what was escaped
    total = sum(one.credits for one in days)
    return Chart(drawn, "; ".join(told), days[0], days[-1], most, total)


def _funds(view: VisitorView) -> Funds:
    account = view.account
    balance = account.balance
    is_low = balance > 0 and is_low_balance(balance, view.last_package)
    low_limits = (one for one in account.modules if is_low_limit(balance, one.quota))
    return Funds(balance, account.held, account.available, is_low, tuple(low_limits))


# What visitors have in common, such as limits that nobody has touched yet, is rendered once.
@lru_cache(_RENDERED)
def _frame(zone: tzinfo, query: FragmentQuery) -> Markup:
    return _render("dashboard", zone, query, slot=_SLOT)


@lru_cache(_RENDERED)
def _usage(
    usages: tuple[ModuleUsage, ...], shown: Context | None, zone: tzinfo, query: FragmentQuery
) -> Markup:
    folded = [one for one in usages if one.quota.limit is None and one.quota.used == 0]
    others = [one for one in usages if one not in folded]
    return _render("usage", zone, query, usages=others, folded=folded, shown=shown)


def _render(name: str, zone: tzinfo, query: FragmentQuery, **values: object) -> Markup:
    """Render a template with what every one of a logged-in visitor needs."""
    html = render_template(
        f"fragment/{name}.html",
        zone=zone,
        query=query,
        lang=query.language,
        _=query.language.text,
        module_names=MODULE_NAMES,
        links=Links(query.page_url),
        **values,
    )
    return Markup(html)  # noqa: S704  # the templates escape what is not ours
