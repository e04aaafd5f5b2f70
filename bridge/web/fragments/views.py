"""`/v1/fragments`: pieces of HTML for pages that WordPress owns (docs/http-api.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache, partial

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from bridge.domain.activity import ActivityItem
from bridge.domain.errors import ForbiddenError
from bridge.domain.ids import Credits, UserId
from bridge.domain.low_funds import is_low_balance, is_low_limit
from bridge.domain.paging import Page
from bridge.domain.purchases import Purchase
from bridge.domain.quotas import Context
from bridge.domain.site import Site
from bridge.services.accounts.page_activity import read_activity
from bridge.services.accounts.view_account import AccountView, ModuleUsage, view_account
from bridge.services.spending.spend import check_context
from bridge.web.fragments.links import Links
from bridge.web.fragments.query import FragmentQuery, asked_activity, parse_query
from bridge.web.http.auth import require
from bridge.web.http.deps import get_bridge
from bridge.web.http.sending import send_page
from bridge.web.http.words import MODULE_NAMES, ORDER_STATUSES

bp = Blueprint("fragments", __name__, url_prefix="/v1/fragments")

_RENDERED = 1024
_SLOT = Markup("<!-- parts -->")


@dataclass(frozen=True, slots=True)
class Funds:
    """What the balance's part shows."""

    balance: Credits
    held: Credits
    available: Credits
    is_low: bool
    low_limits: tuple[ModuleUsage, ...]  # nearly gone, with no balance behind them


@dataclass(frozen=True, slots=True)
class Activity:
    """A page of what was done in one context."""

    context: Context
    title: str  # the chatbot's, as in `ModuleUsage`
    page: Page[ActivityItem]


@bp.get("/token-usage")
def token_usage() -> Response:
    """Return the caller's balance, allowances and purchases; to a guest the log-in prompt."""
    user_id, site, query = _visit()
    return _answer(_dashboard(user_id, site, query) if user_id else _login_prompt(query), query)


@bp.get("/usage-details")
def usage_details() -> Response:
    """Return the caller's recent activity in one context; to a guest the log-in prompt."""
    user_id, site, query = _visit()
    if not user_id:
        return _answer(_login_prompt(query), query)
    context, page = asked_activity(request.args.to_dict())
    check_context(site, context, get_bridge().settings.modules.enabled)
    activity = _activity(UserId(user_id), site, context, page)
    return _answer(_render("details", site.calendar.zone, query, activity=activity), query)


def _visit() -> tuple[int, Site, FragmentQuery]:
    """Return who asks, 0 for a guest; of what; and how."""
    caller = require("fragment")
    if caller.user_id is None:
        raise ForbiddenError("Fragments are for a visitor's token, not for an API key.")
    site = get_bridge().site.get()
    query = parse_query(request.args.to_dict(), site)  # a missing key of a MultiDict is costly
    return caller.user_id, site, query


def _answer(html: str, query: FragmentQuery) -> Response:
    response = send_page(html)
    response.headers["Cache-Control"] = "no-store"  # one customer's money
    response.headers["Content-Language"] = query.language.words_tag
    return response


def _login_prompt(query: FragmentQuery) -> str:
    words = query.language
    return render_template("fragment/login_prompt.html", query=query, lang=words, _=words.text)


def _dashboard(user_id: int, site: Site, query: FragmentQuery) -> str:
    bridge, zone = get_bridge(), site.calendar.zone
    enabled = query.modules.intersection(bridge.settings.modules.enabled)
    account = view_account(bridge.db, site, user_id, enabled=enabled)
    get = partial(bridge.purchases.get, account.user_id, balance=account.balance)
    parts = [_render_balance(_funds(account, get), zone, query)]
    asked = query.activity
    shown = asked if asked and asked.module in enabled and asked in site.limits else None
    if query.modules:
        parts.append(_render_usage(account.modules, shown, zone, query))
    if shown is not None:
        activity = _activity(account.user_id, site, shown, query.activity_page)
        parts.append(_render("activity", zone, query, activity=activity))
    if query.shows_history:
        parts.append(_render_history(get(query.history_page), zone, query))
    before, _, after = _render_frame(zone, query).partition(_SLOT)
    return "".join((before, *parts, after))


def _funds(account: AccountView, get: Callable[[int], Page[Purchase]]) -> Funds:
    balance = account.balance
    is_low = balance > 0 and is_low_balance(balance, _last_package(get(1)))
    low_limits = (one for one in account.modules if is_low_limit(balance, one.quota))
    return Funds(balance, account.held, account.available, is_low, tuple(low_limits))


def _last_package(newest: Page[Purchase]) -> Credits:
    """Return what the last order granted of which anything is left to have; 0 without one."""
    kept = (one.granted for one in newest.items if one.granted > one.reversed)
    return next(kept, Credits(0))


def _activity(user_id: UserId, site: Site, context: Context, number: int) -> Activity:
    page = read_activity(get_bridge().db, user_id, context, number)
    titles = (bot.title for bot in site.chatbots if bot.bot_id == context.bot_id)
    return Activity(context, next(titles, ""), page)


# The parts are remembered by all that they depend on: what visitors have in common, such as
# limits that nobody has touched yet, is rendered once.
@lru_cache(_RENDERED)
def _render_frame(zone: tzinfo, query: FragmentQuery) -> Markup:
    return _render("dashboard", zone, query, slot=_SLOT)


@lru_cache(_RENDERED)
def _render_balance(funds: Funds, zone: tzinfo, query: FragmentQuery) -> Markup:
    return _render("balance", zone, query, account=funds)


@lru_cache(_RENDERED)
def _render_usage(
    usages: tuple[ModuleUsage, ...], shown: Context | None, zone: tzinfo, query: FragmentQuery
) -> Markup:
    return _render("usage", zone, query, usages=usages, shown=shown)


@lru_cache(_RENDERED)
def _render_history(page: Page[Purchase], zone: tzinfo, query: FragmentQuery) -> Markup:
    return _render("purchases", zone, query, history=page, order_statuses=ORDER_STATUSES)


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
