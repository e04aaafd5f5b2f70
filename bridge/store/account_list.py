"""
Pages of the list of accounts, out of the summaries.

A condition that few accounts meet leads: those who meet it, and the others as well, are found by
their ids, and the page is sorted out of those. Where all conditions are met by many, the accounts
are walked through in the order wanted until the page is full, which is soon, since many meet them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.account_queries import AccountFilter, AccountQuery, SortKey
from bridge.domain.ids import UserId
from bridge.store.account_conditions import BY_ID, SUMMARIES, Condition, conditions_of
from bridge.store.db import Row, Tx

COUNTED = 10_000
"""So many are counted, and sorted out of what was found; beyond it the total is a minimum."""

LED = 20_000
"""Of several conditions, one that so many accounts meet at most leads to those who meet all."""

_COUNT = "SELECT COUNT(*) AS number FROM (SELECT 1 FROM {source} WHERE {where} LIMIT %s) some"
# As one text: ten thousand rows take the driver longer to read than the database to find.
_IDS = """
    SELECT GROUP_CONCAT(user_id) AS ids
      FROM (SELECT {ids} AS user_id FROM {source} WHERE {where} LIMIT %s) some
"""
_PAGE = """
    SELECT s.user_id, s.{column} AS place, s.last_purchase_at, s.last_activity_at
      FROM {p}aipkit_bridge_summaries s FORCE INDEX ({index})
     WHERE {where} ORDER BY s.{column} {direction}, s.user_id {direction} LIMIT %s
"""
_BY_ID = """
    SELECT user_id, user_id AS place, last_purchase_at, last_activity_at
      FROM {p}aipkit_bridge_summaries WHERE user_id > %s ORDER BY user_id LIMIT %s
"""
_MATCHING = """
    SELECT s.user_id FROM {p}aipkit_bridge_summaries s FORCE INDEX (PRIMARY)
     WHERE {where} AND s.user_id > %s ORDER BY s.user_id LIMIT %s
"""
Place = int | str | datetime
"""A value of the column that is sorted by."""


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """One line; the instants are `summaries.NEVER` where there is none."""

    user_id: UserId
    place: Place
    last_purchase_at: datetime
    last_activity_at: datetime


@dataclass(frozen=True, slots=True)
class _Sized:
    """A condition, and how many accounts its arms find: about, if one of them is ``large``."""

    condition: Condition
    number: int
    large: int | None = None

    @property
    def narrowed(self) -> Condition:
        """The condition, or of it the arm that many meet."""
        if self.large is None:
            return self.condition
        return _narrowed(self.condition, self.large)


def _narrowed(condition: Condition, arm: int) -> Condition:
    return condition if len(condition.arms) == 1 else Condition.of(condition.arms[arm])


@dataclass(frozen=True, slots=True)
class Selection:
    """The accounts that a filter selects, worked out as far as that is quick."""

    few: frozenset[UserId] | None = None  # exactly these; None: there are too many to tell
    is_large: bool = False  # there are surely more than are counted
    conditions: tuple[Condition, ...] = ()  # all, where there are no ``few``
    walked: tuple[Condition, ...] = ()  # instead of them, to fill a page
    likely: tuple[Condition, ...] = ()  # instead of them, for a first try to count


def select(tx: Tx, wanted: AccountFilter, sort: SortKey, *, anywhere: bool) -> Selection:
    """
    Ask which accounts meet all conditions, if one of them leads there.

    A search that too many begin with, in the very column that is sorted by, is left at that
    column: those that begin so elsewhere stand anywhere in its order, and to find them all may
    mean to look at everybody.

    Args:
        tx: Where to read.
        wanted: The conditions.
        sort: What the list is sorted by.
        anywhere: Whether a search finds any part of a text, or beginnings only.
    """
    conditions = tuple(conditions_of(wanted, sort, anywhere=anywhere))
    limit = COUNTED if len(conditions) == 1 else LED
    leader = next((condition for condition in conditions if condition.scans), None)
    sized = [] if leader else [_size(tx, condition, limit) for condition in conditions]
    leader = leader or _smallest(sized)
    few = None if leader is None else _ids(tx, leader, [c for c in conditions if c is not leader])
    if few is not None and len(few) <= COUNTED:
        return Selection(few)
    return Selection(
        None,
        is_large=few is not None or len(conditions) == 1,
        conditions=conditions,
        walked=tuple(_walked(one) for one in sized) or conditions,
        likely=tuple(one.narrowed for one in sized) or conditions,
    )


def count(tx: Tx, selection: Selection) -> int:
    """Return how many there are, at most `COUNTED` + 1."""
    if selection.few is not None:
        return len(selection.few)
    if selection.is_large:
        return COUNTED + 1
    if all(len(condition.arms) == 1 for condition in selection.conditions):
        # Met by very many each: what an index finds lies all over the disk.
        return _count(tx, selection.conditions, BY_ID)
    number = _count(tx, selection.likely)
    if number > COUNTED or selection.likely == selection.conditions:
        return number
    return _count(tx, selection.conditions)


def list_page(
    tx: Tx,
    selection: Selection,
    query: AccountQuery,
    *,
    behind: tuple[Place, int] | None,
    limit: int,
) -> list[ListedAccount]:
    """Return the first *limit* accounts in the order of *query*, or those *behind* a place."""
    if selection.few is not None and not selection.few:
        return []
    where, args = _where(selection.walked)
    if selection.few is not None:
        where, args = _among(selection.few), ()
    column = f"s.{query.sort}"
    if behind is not None:
        beyond = "<" if query.descending else ">"
        where += f" AND {column} {beyond}= %s AND ({column} {beyond} %s OR s.user_id {beyond} %s)"
        args = (*args, behind[0], behind[0], behind[1])
    words = {
        "{column}": query.sort,
        "{index}": query.sort if selection.few is None else "PRIMARY",
        "{where}": where,
        "{direction}": "DESC" if query.descending else "ASC",
    }
    sql = _replaced(_PAGE, words)
    return [_listed(row) for row in tx.all(sql, (*args, limit))]


def list_matching(tx: Tx, selection: Selection, after: UserId, limit: int) -> list[UserId]:
    """Return all selected accounts by id, of those behind one."""
    if selection.few is not None and not selection.few:
        return []
    where, args = _where(selection.conditions)
    if selection.few is not None:
        where = _among(selection.few)
    rows = tx.all(_MATCHING.replace("{where}", where), (*args, after, limit))
    return [UserId(row["user_id"]) for row in rows]


def list_by_id(tx: Tx, after: UserId, limit: int) -> list[ListedAccount]:
    """Return all accounts by id, of those behind one."""
    return [_listed(row) for row in tx.all(_BY_ID, (after, limit))]


def _listed(row: Row) -> ListedAccount:
    return ListedAccount(
        UserId(row["user_id"]), row["place"], row["last_purchase_at"], row["last_activity_at"]
    )


def _among(users: Collection[UserId]) -> str:
    return f"s.user_id IN ({', '.join(map(str, sorted(users)))})"


def _where(conditions: Sequence[Condition]) -> tuple[str, tuple[object, ...]]:
    sql = " AND ".join(condition.sql for condition in conditions)
    return sql or "TRUE", tuple(arg for condition in conditions for arg in condition.args)


def _count(tx: Tx, conditions: Sequence[Condition], source: str = SUMMARIES) -> int:
    return _number(tx, source, *_where(conditions), COUNTED)


def _number(tx: Tx, source: str, where: str, args: Sequence[object], limit: int) -> int:
    """Return how many rows there are, at most one more than *limit*."""
    sql = _COUNT.replace("{source}", source).replace("{where}", where)
    row = tx.one(sql, (*args, limit + 1))
    return int(row["number"]) if row else 0


def _size(tx: Tx, condition: Condition, limit: int) -> _Sized:
    """Count who meets a condition, up to a limit for each of its arms."""
    total = 0
    for number, arm in enumerate(condition.arms):
        found = _number(tx, arm.source, arm.where, arm.args, limit)
        if found > limit:
            return _Sized(condition, found, number)
        total += found
    return _Sized(condition, total)


def _smallest(sized: Sequence[_Sized]) -> Condition | None:
    """Return the condition that fewest meet, if so few that all of them can be looked at."""
    small = [one for one in sized if one.large is None and (len(sized) == 1 or one.number <= LED)]
    return min(small, key=lambda one: one.number).condition if small else None


def _ids(tx: Tx, leader: Condition, others: Sequence[Condition]) -> frozenset[UserId]:
    """Return who meets a condition and the others: all of them, or more than are counted."""
    where, args = _where(others)
    found: set[UserId] = set()
    for arm in leader.arms:
        words = {
            "{ids}": arm.ids,
            "{source}": arm.source + (arm.to_summaries if others else ""),
            "{where}": f"{arm.where} AND {where}",
        }
        row = tx.one(_replaced(_IDS, words), (*arm.args, *args, COUNTED + 1))
        if row and row["ids"]:
            found.update(map(UserId, map(int, row["ids"].split(","))))
        if len(found) > COUNTED:
            break
    return frozenset(found)


def _replaced(sql: str, words: Mapping[str, str]) -> str:
    for word, text in words.items():
        sql = sql.replace(word, text)
    return sql


def _walked(sized: _Sized) -> Condition:
    leads = sized.condition.leads and sized.large == 0
    return sized.narrowed if leads else sized.condition
