"""`/v1/fragments`: pieces of HTML for pages that WordPress owns (docs/http-api.md)."""

from datetime import datetime
from functools import cache

from flask import Blueprint, Response, request

from bridge.domain.errors import ForbiddenError
from bridge.domain.ids import UserId
from bridge.domain.site import Site
from bridge.services.accounts.kept_fragments import Fragment, make_fragment
from bridge.services.accounts.view_visitor import Wanted, view_activity, visit
from bridge.services.spending.spend import check_context
from bridge.web.fragments import render
from bridge.web.fragments.query import FragmentQuery, asked_activity, parse_query
from bridge.web.http.auth import require
from bridge.web.http.deps import get_bridge
from bridge.web.http.sending import send_page

bp = Blueprint("fragments", __name__, url_prefix="/v1/fragments")

_GUESTS_VERSION = "guest"


@bp.get("/token-usage")
def token_usage() -> Response:
    """Return the caller's balance, allowances and purchases; to a guest the log-in prompt."""
    user_id, site = _visitor()
    fragments = get_bridge().fragments
    kept = fragments.find(site, user_id, request.query_string)
    if user_id:
        fragment, moment = _dashboard(user_id, site, kept)
    else:
        fragment, moment = kept or _login_prompt(_query(site)), None
    if fragment is not kept and fragment.version:
        fragments.keep(site, user_id, request.query_string, fragment)
    return _answer(fragment, moment)


@bp.get("/usage-details")
def usage_details() -> Response:
    """Return the caller's recent activity in one context; to a guest the log-in prompt."""
    user_id, site = _visitor()
    query = _query(site)
    if not user_id:
        return _answer(_login_prompt(query), None)
    bridge = get_bridge()
    context, page = asked_activity(request.args.to_dict())
    check_context(site, context, bridge.settings.modules.enabled)
    activity = view_activity(bridge.db, site, UserId(user_id), context, page)
    html = render.details(activity, site.calendar.zone, query)
    return _answer(make_fragment(html, query.language.words_tag), None)


def _visitor() -> tuple[int, Site]:
    """Return who asks, 0 for a guest, and of which site."""
    caller = require("fragment")
    if caller.user_id is None:
        raise ForbiddenError("Fragments are for a visitor's token, not for an API key.")
    return caller.user_id, get_bridge().site.get()


def _query(site: Site) -> FragmentQuery:
    return parse_query(request.args.to_dict(), site)  # a missing key of a MultiDict is costly


def _login_prompt(query: FragmentQuery) -> Fragment:
    html = render.login_prompt(query)
    return make_fragment(html, query.language.words_tag, version=_GUESTS_VERSION)


def _dashboard(user_id: int, site: Site, kept: Fragment | None) -> tuple[Fragment, datetime]:
    """Return *kept* if that shows what is so now, else a new one; and what time it is."""
    asked = cache(lambda: _query(site))  # read at most once, and not where nothing is made of it
    found = visit(get_bridge().db, site, user_id, kept=kept, wanted=lambda: _wanted(site, asked()))
    if found.view is None:
        assert kept is not None  # it shows the account
        return kept, found.at
    query = asked()
    fragment = make_fragment(
        render.dashboard(found.view, site.calendar.zone, query),
        query.language.words_tag,
        # Activity comes out of the peer's logs as well, of whose changes nothing tells.
        version="" if found.view.activity else found.version,
        stands_until=found.view.stands_until,
    )
    return fragment, found.at


def _wanted(site: Site, query: FragmentQuery) -> Wanted:
    modules = query.modules.intersection(get_bridge().settings.modules.enabled)
    asked = query.activity
    is_shown = asked is not None and asked.module in modules and asked in site.limits
    return Wanted(
        modules=modules,
        purchases=query.history_page if query.shows_history else None,
        activity=(asked, query.activity_page) if asked and is_shown else None,
    )


def _answer(fragment: Fragment, moment: datetime | None) -> Response:
    """Return a fragment, or that it is still the one the caller has; *moment*: when it was."""
    response = send_page(fragment.body)
    headers = response.headers
    headers["Cache-Control"] = "no-store"  # one customer's money
    headers["Content-Language"] = fragment.language
    if fragment.version:
        headers["X-Aipkit-Version"] = fragment.version
        headers["X-Aipkit-Seconds"] = str(fragment.seconds_after(moment))
        response.set_etag(fragment.etag)
        if "If-None-Match" in request.headers:
            response.make_conditional(request)
    return response
