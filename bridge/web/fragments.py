"""`/v1/fragments`: pieces of HTML for pages that WordPress owns (CONTRACT section 6)."""

from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache, partial

from flask import Blueprint, Response, current_app, render_template, request
from flask.blueprints import BlueprintSetupState

from bridge.domain.errors import ForbiddenError
from bridge.domain.ids import Credits
from bridge.domain.quotas import Module
from bridge.services.page_purchases import PurchasePage, PurchasePager
from bridge.services.view_account import ModuleUsage, view_account
from bridge.store.wp_options import Site
from bridge.web.auth import require
from bridge.web.deps import get_bridge
from bridge.web.formatting import mark
from bridge.web.fragment_query import HISTORY_ANCHOR, FragmentQuery, history_url, parse_query

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


@bp.record_once
def keep_pager(state: BlueprintSetupState) -> None:
    """Give the application its reader of purchase history."""
    bridge = state.app.extensions["bridge"]
    state.app.extensions["purchase_pager"] = PurchasePager(bridge.db)


@bp.get("/token-usage")
def token_usage() -> Response:
    """Return the caller's balance, allowances and purchases; to a guest the log-in prompt."""
    caller = require("fragment")
    if caller.user_id is None:
        raise ForbiddenError("Fragments are for a visitor's token, not for an API key.")
    site = get_bridge().site.get()
    query = parse_query(request.args.to_dict(), site)  # a missing key of a MultiDict is costly
    html = _dashboard(caller.user_id, site, query) if caller.user_id else _login_prompt(query)
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
    history = None
    if query.shows_history:
        pager: PurchasePager = current_app.extensions["purchase_pager"]
        history = pager.get(account.user_id, query.history_page, balance=account.balance)
    figures = Figures(account.balance, account.held, account.available, account.modules)
    return _render_dashboard(figures, history, site.calendar.zone, query)


@lru_cache(_RENDERED)
def _render_dashboard(
    figures: Figures, history: PurchasePage | None, zone: tzinfo, query: FragmentQuery
) -> str:
    """Return the dashboard's HTML, which depends on these values only; so it is remembered."""
    return render_template(
        "fragment/dashboard.html",
        account=figures,
        history=history,
        zone=zone,
        query=query,
        lang=query.language,
        _=query.language.text,
        module_names=MODULE_NAMES,
        order_statuses=ORDER_STATUSES,
        anchor=HISTORY_ANCHOR,
        history_url=partial(history_url, query.page_url),
    )
