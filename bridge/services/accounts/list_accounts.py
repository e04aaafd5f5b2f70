"""
The list of accounts: users who own or have used credits, searched, sorted and filtered.

Who comes where is as the summaries say, which know at once what the bridge books and soon what
others do; the figures shown are read from the accounts themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.domain.account_queries import AccountQuery, SortKey
from bridge.domain.ids import Credits, UserId
from bridge.domain.paging import Cursor, Page, read_cursor
from bridge.domain.quotas import Module
from bridge.domain.site import Site
from bridge.services.accounts.keep_summaries import order_as_of, searches_anywhere
from bridge.services.accounts.read_figures import Figures, read_figures
from bridge.store import account_list, account_pages
from bridge.store.account_list import MAX_COUNTED
from bridge.store.account_pages import ListedAccount, Place
from bridge.store.db import Database

_TIMES = frozenset({SortKey.LAST_PURCHASE_AT, SortKey.LAST_ACTIVITY_AT})
_TEXTS = frozenset({SortKey.NAME, SortKey.EMAIL})


@dataclass(frozen=True, slots=True)
class AccountItem:
    """One line of the list, as it stands now."""

    user_id: UserId
    login: str
    name: str
    email: str
    balance: Credits  # below 0 while in debt
    used: Mapping[Module, Credits]
    last_purchase_at: datetime | None
    last_activity_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage(Page[AccountItem]):
    """
    A page of the list, and how many accounts the whole list has.

    ``order_as_of``: what others wrote before this is in the order and the filters; None: nobody
    has looked yet. Screens say so when it is old.
    """

    total: int
    total_is_minimum: bool
    order_as_of: datetime | None
    at: datetime


def list_accounts(
    db: Database, site: Site, query: AccountQuery, *, cursor: str = "", limit: int = 25
) -> AccountPage:
    """
    Return one page of accounts.

    Args:
        db: The site's database.
        site: Read by `SiteReader`.
        query: Which accounts, in which order.
        cursor: Of a page before, of the same query; empty: the first page.
        limit: How many at most.

    Raises:
        InvalidInputError: The cursor is not one of this query's.
    """
    sorting = (query.sort, query.descending)
    at = read_cursor(cursor, _kind_of(query.sort), sorting)
    back = at is not None and at.back
    order = replace(query, descending=query.descending != back)
    with db.reading() as tx:
        selection = account_list.select(
            tx, query.filter, query.sort, anywhere=searches_anywhere(tx)
        )
        found = account_pages.list_page(tx, selection, order, behind=at, limit=limit + 1)
        total = account_list.count(tx, selection)
        rows = found[:limit][::-1] if back else found[:limit]
        figures = read_figures(tx, site, [row.user_id for row in rows])
        as_of, now = order_as_of(tx), tx.now()

    def cursor_of(row: ListedAccount, *, back: bool = False) -> str:
        return str(Cursor(row.place, row.user_id, sorting, back))

    has_more = len(found) > limit
    has_next, has_previous = (True, has_more) if back else (has_more, at is not None)
    return AccountPage(
        items=tuple(account_item(r, figures[r.user_id]) for r in rows if r.user_id in figures),
        total=min(total, MAX_COUNTED),
        total_is_minimum=total > MAX_COUNTED,
        next_cursor=cursor_of(rows[-1]) if has_next and rows else None,
        previous_cursor=cursor_of(rows[0], back=True) if has_previous and rows else None,
        order_as_of=as_of,
        at=now,
    )


def account_item(row: ListedAccount, figures: Figures) -> AccountItem:
    """Return a line: its figures are those of now."""
    return AccountItem(
        user_id=row.user_id,
        login=figures.names.login,
        name=figures.names.name,
        email=figures.names.email,
        balance=figures.balance,
        used=figures.used,
        last_purchase_at=row.last_purchase_at,
        last_activity_at=row.last_activity_at,
    )


def _kind_of(sort: SortKey) -> type[Place]:
    """Return what kind the places of a list in this order are."""
    if sort in _TIMES:
        return datetime
    return str if sort in _TEXTS else int
