"""
Reading pages of the list of accounts in its order, where `account_list` has chosen the way.

A selection that could not be listed is walked through in the order of the list until the page is
full. Its members may stand together: of accounts with the same figure, which go by their ids, the
ids that begin with a digit may stand behind a million others. So a walk goes by pieces. It looks
some rows ahead, in the index alone: if they end with another figure than they began with, they
are one piece, and are read one after the other; if all have one figure, this tie is a piece, and
is read by ranges of ids, each by itself, at once from its beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.account_queries import AccountQuery
from bridge.domain.ids import UserId
from bridge.domain.paging import Cursor
from bridge.store.account_conditions import Part, between, one_of, replaced, where_of
from bridge.store.account_list import InRanges, Selection
from bridge.store.columns import naive, utc
from bridge.store.summaries import past
from bridge.store.tx import Row, Tx

LOOK_AHEAD = 1_000
"""So many rows are looked ahead at first."""

_FOLD = 4
"""So many times further with each piece, so that they stay few."""

_PAGE = """
    SELECT s.user_id, s.{column} AS place, s.last_purchase_at, s.last_activity_at
      FROM {p}aipkit_bridge_summaries s FORCE INDEX ({index})
     WHERE {where} ORDER BY s.{column} {direction}, s.user_id {direction} LIMIT %s
"""
_OF_TIE = "ORDER BY user_id {direction} LIMIT %s"
# Whether they are equal the database says, which knows how texts compare.
_AHEAD = """
    SELECT first.place AS first, last.place AS last, first.place = last.place AS is_tie
      FROM (SELECT s.{column} AS place FROM {p}aipkit_bridge_summaries s FORCE INDEX ({column})
             WHERE {where} ORDER BY s.{column} {direction}, s.user_id {direction} LIMIT 1) first
      LEFT JOIN
           (SELECT s.{column} AS place FROM {p}aipkit_bridge_summaries s FORCE INDEX ({column})
             WHERE {where} ORDER BY s.{column} {direction}, s.user_id {direction}
             LIMIT 1 OFFSET %s) last ON TRUE
"""
_BY_ID = """
    SELECT user_id, user_id AS place, last_purchase_at, last_activity_at
      FROM {p}aipkit_bridge_summaries WHERE user_id > %s ORDER BY user_id LIMIT %s
"""
Place = int | str | datetime
"""A value of the column that is sorted by."""


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """One line; an instant of None: never."""

    user_id: UserId
    place: Place
    last_purchase_at: datetime | None
    last_activity_at: datetime | None


def list_page(
    tx: Tx,
    selection: Selection,
    query: AccountQuery,
    *,
    behind: Cursor[Place] | None,
    limit: int,
) -> list[ListedAccount]:
    """Return the next *limit* accounts in the order of *query*, from the start or *behind* one."""
    if selection.user_ids is not None and not selection.user_ids:
        return []
    order = _Order(tx, query)
    start = order.behind(behind) if behind else ("TRUE", ())
    if selection.user_ids is not None:
        rows = order.read([start, one_of(selection.user_ids)], limit, index="PRIMARY")
    elif selection.in_ranges:
        rows = _walk(order, selection.in_ranges, where_of(selection.for_pages), start, limit)
    else:
        rows = order.read([start, where_of(selection.for_pages)], limit)
    return [_listed(row) for row in rows]


def list_by_id(tx: Tx, after: UserId, limit: int) -> list[ListedAccount]:
    """Return the next of all accounts in the order of ids."""
    return [_listed(row) for row in tx.all(_BY_ID, (after, limit))]


@dataclass(frozen=True, slots=True)
class _Piece:
    """The next rows of the order: where they are, whether all are equal, what is behind them."""

    where: Sequence[Part]
    is_tie: bool
    behind: Part | None


class _Order:
    """Reads rows in the order of a query."""

    def __init__(self, tx: Tx, query: AccountQuery) -> None:
        self._tx = tx
        self._column = f"s.{query.sort}"
        self._before, self._beyond = "><" if query.descending else "<>"
        direction = "DESC" if query.descending else "ASC"
        self._words = {"{column}": query.sort, "{direction}": direction}

    def behind(self, cursor: Cursor[Place]) -> Part:
        column, beyond = self._column, self._beyond
        sql = f"{column} {beyond}= %s AND ({column} {beyond} %s OR s.user_id {beyond} %s)"
        place = naive(cursor.place) if isinstance(cursor.place, datetime) else cursor.place
        return sql, (place, place, cursor.number)

    def read(self, where: Sequence[Part], limit: int, index: str = "") -> list[Row]:
        """Return the first rows that meet all of *where*."""
        return self._tx.all(*self._page(where, limit, index))

    def read_tie(self, tie: Sequence[Part], in_ranges: InRanges, limit: int) -> list[Row]:
        """Return the first rows of a tie, by the ids that it may have."""
        others = where_of(in_ranges.conditions)
        pages = [self._page([*tie, between(*ends), others], limit) for ends in in_ranges.ranges]
        if in_ranges.besides:
            pages.append(self._page([*tie, one_of(in_ranges.besides)], limit, "PRIMARY"))
        sql = " UNION ".join(f"({page})" for page, _ in pages)
        args = [arg for _, of_page in pages for arg in of_page]
        return self._tx.all(f"{sql} {replaced(_OF_TIE, self._words)}", (*args, limit))

    def next_piece(self, start: Part, rows: int) -> _Piece:
        """Return the rows from *start* on: some *rows*, or all that are equal to the first."""
        where, args = start
        sql = replaced(_AHEAD, {**self._words, "{where}": where})
        ends = self._tx.one(sql, (*args, *args, rows))
        if ends is None or ends["last"] is None:
            return _Piece([start], is_tie=False, behind=None)
        if ends["is_tie"]:
            tie, behind = (self._compared(how, ends["first"]) for how in ("=", self._beyond))
            return _Piece([start, tie], is_tie=True, behind=behind)
        before, behind = (
            self._compared(how, ends["last"]) for how in (self._before, f"{self._beyond}=")
        )
        return _Piece([start, before], is_tie=False, behind=behind)

    def _compared(self, how: str, place: Place) -> Part:
        return f"{self._column} {how} %s", (place,)

    def _page(self, where: Sequence[Part], limit: int, index: str = "") -> Part:
        words = {
            **self._words,
            "{index}": index or self._words["{column}"],
            "{where}": " AND ".join(sql for sql, _ in where),
        }
        return replaced(_PAGE, words), (*(arg for _, args in where for arg in args), limit)


def _walk(order: _Order, in_ranges: InRanges, wanted: Part, start: Part, limit: int) -> list[Row]:
    """Return the first rows that meet what is *wanted*, by pieces, ties by ranges of ids."""
    found: list[Row] = []
    ahead, behind = LOOK_AHEAD, start
    while True:
        piece, missing = order.next_piece(behind, ahead), limit - len(found)
        if piece.is_tie:
            found += order.read_tie(piece.where, in_ranges, missing)
        else:
            found += order.read([*piece.where, wanted], missing)
        if piece.behind is None or len(found) == limit:
            return found
        ahead, behind = _FOLD * ahead, piece.behind


def _listed(row: Row) -> ListedAccount:
    place = row["place"]
    return ListedAccount(
        UserId(row["user_id"]),
        utc(place) if isinstance(place, datetime) else place,
        past(row["last_purchase_at"]),
        past(row["last_activity_at"]),
    )
