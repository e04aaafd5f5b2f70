"""Purchase history by page number: links that work without JavaScript cannot carry a cursor."""

from bridge.domain.ids import UserId
from bridge.domain.paging import Page, numbered_page
from bridge.domain.purchases import Purchase
from bridge.store import purchases
from bridge.store.db import Database
from bridge.store.tx import Query, Row, Tx

PAGE_SIZE = 10
LAST_PAGE = 1000
"""Skipping rows costs reading them, so it ends somewhere."""


def read_page(db: Database, user_id: UserId, number: int) -> Page[Purchase]:
    """Return a page as the database has it now."""
    with db.reading() as tx:
        return tx.ask(ask_page(tx, user_id, number))


def ask_page(tx: Tx, user_id: UserId, number: int) -> Query[Page[Purchase]]:
    """Return the query of page *number*, newest first; it is kept within 1 and the last."""
    number = max(1, min(number, LAST_PAGE))
    found = purchases.ask_purchases(
        tx, user_id, limit=PAGE_SIZE + 1, offset=(number - 1) * PAGE_SIZE
    )

    def read(rows: list[Row]) -> Page[Purchase]:
        return numbered_page(found.read(rows), number, size=PAGE_SIZE, last=LAST_PAGE)

    return Query(found.sql, found.args, read)
