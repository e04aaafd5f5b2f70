"""One account as an administrator sees it: all that it has, and all that happened to it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.duplicates import find_duplicates
from bridge.domain.errors import UnknownUserError
from bridge.domain.holds import OpenHold
from bridge.domain.ids import admin_in
from bridge.domain.ledger import LedgerFilter, LedgerRow
from bridge.domain.order_views import OrderView
from bridge.domain.paging import Cursor, Page
from bridge.domain.purchases import Purchase
from bridge.domain.quotas import Module
from bridge.domain.sentences import Sentence
from bridge.domain.site import Site
from bridge.services.accounts.page_purchases import read_page
from bridge.services.accounts.view_account import AccountView, list_ledger, view_account
from bridge.services.accounts.view_buyers import OrderPeople, buyers_of
from bridge.store import counter_entries, customer_orders, holds, wp_users
from bridge.store.db import Database
from bridge.store.wp_users import UserNames

LEDGER_ROWS = 25
_HOLDS = 50
_ORDERS = 20


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Which page of the purchases, and which rows of the ledger."""

    purchases: int = 1
    wanted: LedgerFilter = LedgerFilter()
    before: Cursor[datetime] | None = None
    booked: int | None = None  # the id of a row that was booked a moment ago


@dataclass(frozen=True, slots=True)
class CustomerView:
    """An account, and the parts of its history that were asked for."""

    names: UserNames
    account: AccountView
    open_holds: Sequence[OpenHold]
    purchases: Page[Purchase]
    orders: Sequence[OrderView]  # that granted nothing or ask for something, the newest
    people: Mapping[int, OrderPeople]
    ledger: Page[LedgerRow]
    booked: LedgerRow | None
    undone: Mapping[int, int]  # rows that were taken back, and by which row each
    twins: Mapping[int, LedgerRow]  # uses that may have been booked twice
    admins: Mapping[str, str]  # by `admin:{user id}`, as the ledger has it: their names


def view_customer(
    db: Database, site: Site, user_id: int, *, enabled: Collection[Module], part: HistoryPage
) -> CustomerView:
    """
    Return an account with its history.

    Raises:
        UnknownUserError: WordPress has no such user.
    """
    account = view_account(db, site, user_id, enabled=enabled)
    user = account.user_id
    ledger = list_ledger(db, user, before=part.before, limit=LEDGER_ROWS, wanted=part.wanted)
    refs = {row.reference_id for row in ledger.items}
    ids = {ref: admin for ref in refs if (admin := admin_in(ref)) is not None}
    with db.reading() as tx:
        names = wp_users.list_names(tx, {user, *ids.values()})
        if user not in names:
            # Deleted a moment ago.
            raise UnknownUserError(Sentence("There is no user {user_id}.", user_id=user_id))
        open_holds = holds.list_open(tx, user, limit=_HOLDS)
        orders = customer_orders.list_open(tx, user, names[user].email, _ORDERS)
        people = buyers_of(tx, orders)
        booked = counter_entries.find_row(tx, user, part.booked) if part.booked else None
        shown = {row.entry_id for row in (*ledger.items, *((booked,) if booked else ()))}
        undone = counter_entries.list_undone(tx, shown)
    return CustomerView(
        names=names[user],
        account=account,
        open_holds=open_holds,
        purchases=read_page(db, user, part.purchases),
        orders=orders,
        people=people,
        booked=booked,
        undone=undone,
        twins=find_duplicates([row for row in ledger.items if row.entry_id not in undone]),
        ledger=ledger,
        admins={ref: names[admin].name for ref, admin in ids.items() if admin in names},
    )
