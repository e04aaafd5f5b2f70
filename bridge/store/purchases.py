"""Purchase history: what was booked for a user's orders, never today's product amount."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from bridge.domain.ids import Credits, UserId
from bridge.domain.paging import Cursor
from bridge.domain.purchases import Purchase, PurchaseLine
from bridge.store.columns import BEGINNING, END, naive, utc
from bridge.store.ledger import TABLE
from bridge.store.tx import Query, Row, Tx

_ORDERS = """
      FROM {p}aipkit_bridge_orders FORCE INDEX (account)
     WHERE account_id = %(user_id)s AND granted > 0 AND granted_at <= %(before_at)s
       AND (granted_at, order_id) < (%(before_at)s, %(before_id)s)
     ORDER BY granted_at DESC, order_id DESC
"""
# Where the orders fill the page, the ledger matters only back to the last of them. A variable,
# since the server takes no statement within another one for a constant that bounds a range.
_KEEP_OLDEST = f"""
    SET @oldest = COALESCE((SELECT granted_at {_ORDERS} LIMIT 1 OFFSET %(last)s), %(beginning)s)
"""
# Orders the bridge knows, and grants of others that it never saw: the peer's, from before. One
# statement with the lines: this is on the way of every page that shows the shortcode.
_LIST = """
    SELECT page.*, line.name, line.quantity, line.unit_amount
      FROM (
        SELECT * FROM (
          (SELECT order_id, order_number, granted_at AS at, ordered_at, status, granted, reversed,
                  shortfall, currency
             {orders} LIMIT %(reach)s)
          UNION ALL
          (SELECT entry.context_id, '', entry.created_at, NULL, '', entry.credits_delta, 0, 0, ''
             FROM {ledger} entry
             LEFT JOIN {p}aipkit_bridge_orders known
               ON known.order_id = entry.context_id AND known.granted > 0
            WHERE entry.user_id = %(user_id)s AND entry.module = 'woocommerce'
              AND entry.context_type = 'order' AND entry.operation = 'purchase'
              AND entry.credits_delta > 0 AND known.order_id IS NULL
              AND entry.created_at BETWEEN CAST(@oldest AS DATETIME(6)) AND %(before_at)s
              AND (entry.created_at, entry.context_id) < (%(before_at)s, %(before_id)s)
            ORDER BY entry.created_at DESC, entry.context_id DESC LIMIT %(reach)s)
        ) purchases
         ORDER BY at DESC, order_id DESC LIMIT %(limit)s OFFSET %(offset)s
      ) page
      LEFT JOIN {p}aipkit_bridge_order_lines line
        ON line.order_id = page.order_id AND line.quantity > 0
     ORDER BY page.at DESC, page.order_id DESC, line.line_id
""".replace("{orders}", _ORDERS).replace("{ledger}", TABLE)


_LAST = """
    SELECT user.ID AS user_id,
           (SELECT granted FROM {p}aipkit_bridge_orders FORCE INDEX (account)
             WHERE account_id = user.ID AND granted > reversed
             ORDER BY granted_at DESC, order_id DESC LIMIT 1) AS granted
      FROM {u}users user WHERE user.ID IN %s
"""


def last_packages(tx: Tx, user_ids: Collection[UserId]) -> Mapping[UserId, Credits]:
    """Return what each user bought last of which anything is left to have (R27); 0 of nothing."""
    rows = tx.all(_LAST, (tuple(user_ids),)) if user_ids else []
    return {UserId(row["user_id"]): Credits(row["granted"] or 0) for row in rows}


def ask_purchases(
    tx: Tx,
    user_id: UserId,
    *,
    before: Cursor[datetime] | None = None,
    limit: int,
    offset: int = 0,
) -> Query[Sequence[Purchase]]:
    """
    Return the query of a user's purchases, newest first; it must be the next of its kind.

    Args:
        tx: Where to read.
        user_id: Whose.
        before: Only older ones than this.
        limit: How many at most.
        offset: How many of the newest to leave out.
    """
    args: dict[str, object] = {
        "user_id": user_id,
        "before_at": naive(before.place) if before else END,
        "before_id": before.number if before else 0,
        "limit": limit,
        "offset": offset,
        "reach": limit + offset,
        "last": limit + offset - 1,
        "beginning": BEGINNING,
    }
    tx.later(_KEEP_OLDEST, args)
    return Query(_LIST, args, _purchases)


def _purchases(rows: list[Row]) -> Sequence[Purchase]:
    by_order = groupby(rows, lambda row: (row["at"], row["order_id"]))
    return [_purchase(list(lines)) for _, lines in by_order]


def _purchase(rows: Sequence[Row]) -> Purchase:
    """Return one purchase of its rows: one for each line, or one without a line."""
    row = rows[0]
    return Purchase(
        order_id=row["order_id"],
        order_number=row["order_number"] or str(row["order_id"]),
        at=utc(row["at"]),
        ordered_at=utc(row["ordered_at"] or row["at"]),
        lines=tuple(_line(row) for row in rows if row["name"] is not None),
        granted=row["granted"],
        reversed=row["reversed"],
        shortfall=row["shortfall"],
        status=row["status"],
        currency=row["currency"],
    )


def _line(row: Row) -> PurchaseLine:
    credits = Credits(row["unit_amount"] * row["quantity"])
    return PurchaseLine(row["name"], row["quantity"], credits)
