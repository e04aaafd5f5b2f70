"""`/admin/credits`: the list of users who own or have used credits."""

from datetime import timedelta

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bridge.domain.account_queries import SortKey
from bridge.domain.ledger import FoundEntry, entry_name
from bridge.domain.paging import Cursor
from bridge.domain.quotas import Module
from bridge.domain.reports import Span
from bridge.domain.site import Site
from bridge.services.accounts.export import export_accounts
from bridge.services.accounts.find_more import MoreFound, find_more
from bridge.services.accounts.list_accounts import AccountPage, list_accounts
from bridge.services.reports.sum_sales import SPANS
from bridge.web.http.deps import get_bridge
from bridge.web.http.links import url_for
from bridge.web.http.parsing import checked_form
from bridge.web.http.sending import send_csv
from bridge.web.http.words import ORDER_STATUSES
from bridge.web.screens import status_words
from bridge.web.screens.admin import require_admin
from bridge.web.screens.credits_query import AccountListForm, AccountListQuery, parse_asked
from bridge.web.screens.frame import init_screens, new_key, render
from bridge.web.screens.overview import HEIGHT, Overview, read_overview
from bridge.web.screens.reports import span_fields
from bridge.web.screens.role_names import role_names

bp = Blueprint("credits", __name__, url_prefix="/admin/credits")
init_screens(bp)

_PAGE_SIZE = 25
_FRESH_FOR = timedelta(seconds=60)
_USED = {module: SortKey(f"used_{module}") for module in Module}


@bp.get("")
def show_list() -> ResponseReturnValue:
    """Show a page of the list."""
    admin, asked = require_admin(), parse_asked(checked_form(AccountListForm, request.args))
    bridge = get_bridge()
    site, cursor = bridge.site.get(), request.args.get("cursor", "")
    page = list_accounts(bridge.db, site, asked.query, cursor=cursor, limit=_PAGE_SIZE)
    return render(
        "admin/credits.html",
        site,
        admin=admin,
        asked=asked,
        page=page,
        is_late=_is_late(page),
        overview=None if asked.is_narrowed or cursor else _overview(site, page),
        spans=SPANS,
        height=HEIGHT,
        roles=role_names(site),
        used_sorts=_USED,
        new_key=new_key,
        fields_of_day=lambda day: span_fields(Span(day, day)),
        more=_more(asked, cursor),
        page_of_entry=_page_of_entry,
        order_statuses=ORDER_STATUSES,
        words=status_words,
    )


def _more(asked: AccountListQuery, cursor: str) -> MoreFound:
    """Find what else the search may mean; on its first page, where nothing but it narrows."""
    text = asked.query.filter.search
    if not text or cursor or asked.has_filters:
        return MoreFound()
    return find_more(get_bridge().db, text)


def _page_of_entry(entry: FoundEntry) -> str:
    """Return the address of an account's page on which a ledger row stands first."""
    place = str(Cursor(entry.at, entry.entry_id + 1))
    anchor = entry_name(entry.entry_id)
    return url_for(
        "credits_account.show_account", user_id=entry.user_id, before=place, _anchor=anchor
    )


def _overview(site: Site, page: AccountPage) -> Overview:
    return read_overview(site, request.args.get("days", ""), page.at)


@bp.get("/accounts.csv")
def download() -> ResponseReturnValue:
    """Send all accounts, as they are read."""
    require_admin()
    bridge = get_bridge()
    return send_csv(export_accounts(bridge.db, bridge.site.get()), "accounts.csv")


def _is_late(page: AccountPage) -> bool:
    """Say whether what others wrote more than a minute ago may not be in the order yet."""
    return page.order_as_of is None or page.at - page.order_as_of > _FRESH_FOR
