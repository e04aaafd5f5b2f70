"""Recent activity of one context by page number, out of the ledger and the peer's logs."""

from datetime import UTC, datetime, timedelta

from bridge.domain.activity import ActivityItem
from bridge.domain.ids import UserId
from bridge.domain.paging import Page, numbered_page
from bridge.domain.quotas import Context
from bridge.services.accounts.page_purchases import PAGE_SIZE
from bridge.store.activity import LOOKS_BACK, BookedUse, extent, find_booked, list_booked
from bridge.store.chat_logs import list_logged
from bridge.store.tx import Tx

LAST_PAGE = LOOKS_BACK // PAGE_SIZE
_ANSWERING = timedelta(minutes=10)
"""How much earlier than its ledger row the peer may date a message: it dates one when the answer
begins, and books when it has ended."""
_ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)


def read_activity(tx: Tx, user_id: UserId, context: Context, number: int) -> Page[ActivityItem]:
    """Return a page of what the user did in a context, newest first."""
    offset, limit = (number - 1) * PAGE_SIZE, PAGE_SIZE + 1
    booked = find_booked(tx, user_id, context)
    found = list(list_booked(tx, booked, limit=limit, offset=offset))
    if len(found) < limit and booked.since is None:
        found += _logged(tx, booked, offset)[: limit - len(found)]
    return numbered_page(found, number, size=PAGE_SIZE, last=LAST_PAGE)


def _logged(tx: Tx, booked: BookedUse, offset: int) -> list[ActivityItem]:
    """
    Return what only the logs know, from where the ledger ends.

    The peer logs each message and, since version 2.3.94, books it in the ledger as well: so
    once a context has a row, the logs serve only what is older than it.
    """
    uses, began_at = extent(tx, booked)
    before = began_at - _ANSWERING if began_at else _ALWAYS
    logged = list_logged(tx, booked.user_id, booked.context, before)
    return list(logged[max(0, offset - uses) :])
