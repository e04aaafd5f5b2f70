"""All accounts as CSV, a piece at a time: a million of them need no more memory than a few."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bridge.domain.csv_text import csv_lines, csv_text
from bridge.domain.ids import UserId
from bridge.domain.instants import rfc3339
from bridge.domain.quotas import Module
from bridge.domain.site import Site
from bridge.services.accounts.list_accounts import AccountItem, account_item
from bridge.services.accounts.read_figures import read_figures
from bridge.store import account_pages
from bridge.store.db import Database

COLUMNS = (
    "user_id",
    "login",
    "name",
    "email",
    "balance",
    *(f"used_{module}" for module in Module),
    "last_purchase_at",
    "last_activity_at",
)
_ACCOUNTS = 500


def export_accounts(db: Database, site: Site) -> Iterator[str]:
    """
    Yield the heading, then the lines of the accounts by user id, some hundred at a time.

    Each piece is as of when it is read. Times are UTC; an empty one is never.
    """
    yield csv_lines([COLUMNS])
    after = UserId(0)
    while True:
        with db.reading() as tx:
            rows = account_pages.list_by_id(tx, after, _ACCOUNTS)
            figures = read_figures(tx, site, [row.user_id for row in rows])
        if not rows:
            return
        after = rows[-1].user_id
        items = (account_item(r, figures[r.user_id]) for r in rows if r.user_id in figures)
        yield csv_lines(map(_cells, items))


def _cells(item: AccountItem) -> Sequence[object]:
    return (
        item.user_id,
        *(csv_text(text) for text in (item.login, item.name, item.email)),
        item.balance,
        *(item.used[module] for module in Module),
        _instant(item.last_purchase_at),
        _instant(item.last_activity_at),
    )


def _instant(at: datetime | None) -> str:
    return rfc3339(at) if at else ""
