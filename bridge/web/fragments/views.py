"""`/v1/fragments`: pieces of HTML for pages that WordPress owns (docs/http-api.md)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from http import HTTPStatus
from urllib.parse import parse_qsl

from flask import Blueprint
from werkzeug.http import parse_etags

from bridge.domain.errors import ForbiddenError
from bridge.domain.ids import UserId
from bridge.domain.quotas import Module
from bridge.domain.site import Site
from bridge.services.accounts.kept_fragments import Fragment, make_fragment
from bridge.services.accounts.view_visitor import VisitParts, view_activity, visit
from bridge.services.spending.spend import check_context
from bridge.web.fragments import render
from bridge.web.fragments.query import FragmentQuery, asked_activity, parse_query
from bridge.web.http.auth import caller_of
from bridge.web.http.calls import Call, CallView
from bridge.web.http.sending import HTML, Reply

bp = Blueprint("fragments", __name__, url_prefix="/v1/fragments")

_GUESTS_VERSION = "guest"


@bp.get("/token-usage")
@CallView
def token_usage(call: Call) -> Reply:
    """Return the caller's balance, allowances and purchases; to a guest the log-in prompt."""
    user_id, site = _visitor(call)
    fragments = call.bridge.fragments
    kept = fragments.find(site, user_id, call.query_string)
    if user_id:
        fragment, moment = _dashboard(call, user_id, site, kept)
    else:
        fragment, moment = kept or _login_prompt(call, _query(call, site)), None
    if fragment is not kept and fragment.version:
        fragments.keep(site, user_id, call.query_string, fragment)
    return _answer(call, fragment, moment)


@bp.get("/usage-details")
@CallView
def usage_details(call: Call) -> Reply:
    """Return the caller's recent activity in one context; to a guest the log-in prompt."""
    user_id, site = _visitor(call)
    query = _query(call, site)
    if not user_id:
        return _answer(call, _login_prompt(call, query), None)
    bridge = call.bridge
    context, page = asked_activity(_arguments(call))
    check_context(site, context, bridge.settings.modules.enabled)
    activity = view_activity(bridge.db, site, UserId(user_id), context, page)
    with call.rendering():
        html = render.details(activity, site.calendar.zone, query)
    return _answer(call, make_fragment(html, query.language.words_tag), None)


def _visitor(call: Call) -> tuple[int, Site]:
    """Return who asks, 0 for a guest, and of which site."""
    caller = caller_of(call.bridge, call.authorization, "fragment")
    if caller.user_id is None:
        raise ForbiddenError("Fragments are for a visitor's token, not for an API key.")
    return caller.user_id, call.bridge.site.get()


def _query(call: Call, site: Site) -> FragmentQuery:
    return parse_query(_arguments(call), site)


def _arguments(call: Call) -> Mapping[str, str]:
    """Return what the address asks, of arguments that come twice the first."""
    pairs = parse_qsl(
        call.query_string.decode(errors="replace"), keep_blank_values=True, errors="replace"
    )
    return dict(reversed(pairs))


def _login_prompt(call: Call, query: FragmentQuery) -> Fragment:
    with call.rendering():
        html = render.login_prompt(query)
    return make_fragment(html, query.language.words_tag, version=_GUESTS_VERSION)


def _dashboard(
    call: Call, user_id: int, site: Site, kept: Fragment | None
) -> tuple[Fragment, datetime]:
    """Return *kept* if that shows what is so now, else a new one; and what time it is."""
    asked = cache(
        lambda: _query(call, site)
    )  # read at most once, and not where nothing is made of it
    enabled = call.bridge.settings.modules.enabled
    found = visit(
        call.bridge.db,
        call.bridge.visitors,
        site,
        user_id,
        kept=kept,
        wanted=lambda: _wanted(site, asked(), enabled),
    )
    if found.view is None:
        assert kept is not None  # it shows the account
        return kept, found.at
    query = asked()
    with call.rendering():
        html = render.dashboard(found.view, site.calendar.zone, query)
    fragment = make_fragment(
        html,
        query.language.words_tag,
        # Activity comes out of the peer's logs as well, of whose changes nothing tells.
        version="" if found.view.activity else found.version,
        stands_until=found.view.stands_until,
        facts=found.facts,
    )
    return fragment, found.at


def _wanted(site: Site, query: FragmentQuery, enabled: Collection[Module]) -> VisitParts:
    modules = query.modules.intersection(enabled)
    asked = query.activity
    is_shown = asked is not None and asked.module in modules and asked in site.limits
    return VisitParts(
        modules=modules,
        purchases=query.history_page if query.shows_history else None,
        activity=(asked, query.activity_page) if asked and is_shown else None,
    )


def _answer(call: Call, fragment: Fragment, moment: datetime | None) -> Reply:
    """Return a fragment, or that it is still the one the caller has; *moment*: when it was."""
    headers = {
        "Cache-Control": "no-store",  # one customer's money
        "Content-Language": fragment.language,
    }
    if fragment.version:
        headers["X-Aipkit-Version"] = fragment.version
        headers["X-Aipkit-Seconds"] = str(fragment.seconds_after(moment))
        headers["ETag"] = f'"{fragment.etag}"'
        if call.if_none_match and parse_etags(call.if_none_match).contains_weak(fragment.etag):
            del headers["Content-Language"]  # it is of a body
            return Reply(HTTPStatus.NOT_MODIFIED, b"", HTML, headers)
    return Reply(HTTPStatus.OK, fragment.body, HTML, headers)
