"""`/v1/fragments`: pieces of HTML for pages that WordPress owns (CONTRACT section 6)."""

from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache, partial

from flask import Blueprint, Response, current_app, render_template, request
from flask.blueprints import BlueprintSetupState

from bridge.domain.errors import ForbiddenError
from bridge.domain.ids import Credits, UserId
from bridge.domain.low_funds import is_low_balance, is_low_limit
from bridge.domain.quotas import Context, Module
from bridge.services.page_activity import ActivityPage, read_activity
from bridge.services.page_purchases import PurchasePage, PurchasePager
from bridge.services.spend import check_context
from bridge.services.view_account import ModuleUsage, view_account
from bridge.store.wp_options import Site
from bridge.web.auth import require
from bridge.web.deps import get_bridge
from bridge.web.formatting import mark
from bridge.web.fragment_query import (
    ACTIVITY_ANCHOR,
    HISTORY_ANCHOR,
    USAGE_ANCHOR,
    FragmentQuery,
    activity_url,
    asked_activity,
    history_url,
    parse_query,
    usage_url,
)

bp = Blueprint("fragments", __name__, url_prefix="/v1/fragments")

_RENDERED = 1024
MODULE_NAMES = {
    Module.CHAT: mark("Chatbot"),
    Module.AI_FORMS: mark("AI Forms"),
    Module.IMAGE_GENERATOR: mark("Image generator"),
}
ORDER_STATUSES = {
    "": mark("Granted"),
    "completed": mark("Completed"),
    "processing": mark("Processing"),
    "on-hold": mark("On hold"),
    "pending": mark("Pending payment"),
    "refunded": mark("Refunded"),
    "cancelled": mark("Cancelled"),
    "failed": mark("Failed"),
    "trash": mark("Cancelled"),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What an account's page shows, without when it was read and whose it is."""

    balance: int
    held: Credits
    available: Credits
    modules: tuple[ModuleUsage, ...]
    is_low: bool = False

    @property
    def low_limits(self) -> tuple[ModuleUsage, ...]:
        """Return whose free limits are nearly gone, with no balance behind them."""
        return tuple(one for one in self.modules if is_low_limit(self.balance, one.quota))


@dataclass(frozen=True, slots=True)
class Activity:
    """A page of what was done in one context."""

    module: Module
    context_id: int | None
    title: str  # the chatbot's, as in `ModuleUsage`
    page: ActivityPage


@bp.record_once
def keep_pager(state: BlueprintSetupState) -> None:
    """Give the application its reader of purchase history."""
    bridge = state.app.extensions["bridge"]
    state.app.extensions["purchase_pager"] = PurchasePager(bridge.db)


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
    words = _words(query, site.calendar.zone)
    return _answer(render_template("fragment/details.html", activity=activity, **words), query)


def _visit() -> tuple[int, Site, FragmentQuery]:
    """Return who asks, 0 for a guest; of what; and how."""
    caller = require("fragment")
    if caller.user_id is None:
        raise ForbiddenError("Fragments are for a visitor's token, not for an API key.")
    site = get_bridge().site.get()
    query = parse_query(request.args.to_dict(), site)  # a missing key of a MultiDict is costly
    return caller.user_id, site, query


def _answer(html: str, query: FragmentQuery) -> Response:
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"  # one customer's money
    response.headers["Content-Language"] = query.language.words_tag
    return response


def _login_prompt(query: FragmentQuery) -> str:
    words = query.language
    return render_template("fragment/login_prompt.html", query=query, lang=words, _=words.text)


def _dashboard(user_id: int, site: Site, query: FragmentQuery) -> str:
    bridge = get_bridge()
    enabled = query.modules.intersection(bridge.settings.modules.enabled)
    account = view_account(bridge.db, site, user_id, enabled=enabled)
    pager: PurchasePager = current_app.extensions["purchase_pager"]
    get = partial(pager.get, account.user_id, balance=account.balance)
    history = get(query.history_page) if query.shows_history else None
    low = account.balance > 0 and is_low_balance(account.balance, _last_package(get(1)))
    figures = Figures(account.balance, account.held, account.available, account.modules, low)
    activity, asked = None, query.activity
    if asked is not None and asked.module in enabled and asked in site.limits:
        activity = _activity(account.user_id, site, asked, query.activity_page)
    return _render_dashboard(figures, history, activity, site.calendar.zone, query)


def _last_package(newest: PurchasePage) -> Credits:
    """Return what the last order granted of which anything is left to have; 0 without one."""
    kept = (one.granted for one in newest.items if one.granted > one.reversed)
    return next(kept, Credits(0))


def _activity(user_id: UserId, site: Site, context: Context, number: int) -> Activity:
    page = read_activity(get_bridge().db, user_id, context, number)
    titles = (bot.title for bot in site.chatbots if bot.bot_id == context.bot_id)
    return Activity(context.module, context.bot_id, next(titles, ""), page)


@lru_cache(_RENDERED)
def _render_dashboard(
    figures: Figures,
    history: PurchasePage | None,
    activity: Activity | None,
    zone: tzinfo,
    query: FragmentQuery,
) -> str:
    """Return the dashboard's HTML, which depends on these values only; so it is remembered."""
    return render_template(
        "fragment/dashboard.html",
        account=figures,
        history=history,
        activity=activity,
        order_statuses=ORDER_STATUSES,
        anchor=HISTORY_ANCHOR,
        history_url=partial(history_url, query.page_url),
        **_words(query, zone),
    )


def _words(query: FragmentQuery, zone: tzinfo) -> dict[str, object]:
    """Return what every template of a logged-in visitor needs."""
    return {
        "zone": zone,
        "query": query,
        "lang": query.language,
        "_": query.language.text,
        "module_names": MODULE_NAMES,
        "activity_anchor": ACTIVITY_ANCHOR,
        "usage_anchor": USAGE_ANCHOR,
        "usage_url": partial(usage_url, query.page_url),
        "activity_url": partial(activity_url, query.page_url),
    }
