"""
Pages of the list of accounts, out of the summaries.

A condition that few accounts meet is asked first, for their ids: then the page is sorted out of
those few. Where all conditions are met by many, the accounts are walked through in the order
wanted until the page is full, which is soon, since many meet them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.account_queries import AccountFilter, AccountQuery, SortKey
from bridge.domain.ids import MAX_BALANCE, UserId
from bridge.store.db import Row, Tx
from bridge.store.summaries import fold

COUNTED = 10_000
"""So many are counted, and sorted out of what was found; beyond it the total is a minimum."""

SEARCHES_ANYWHERE = 100_000
"""With more accounts than this a search finds beginnings only."""

_SIZE = """
    SELECT COUNT(*) AS number FROM (
      SELECT user_id FROM {p}aipkit_bridge_summaries LIMIT %s) some
"""
_IDS = "SELECT user_id FROM {p}aipkit_bridge_summaries s WHERE "
_COUNT_IDS = "SELECT COUNT(*) AS number FROM ({ids}) some"
_HAS_ROLE = (
    "EXISTS (SELECT 1 FROM {p}aipkit_bridge_roles r WHERE r.user_id = s.user_id AND r.role = %s)"
)
_IDS_BY_ROLE = "SELECT user_id FROM {p}aipkit_bridge_roles WHERE role = %s LIMIT %s"
_PAGE = """
    SELECT s.user_id, s.{column} AS place, s.last_purchase_at, s.last_activity_at
      FROM {p}aipkit_bridge_summaries s FORCE INDEX ({index})
     WHERE {where} ORDER BY s.{column} {direction}, s.user_id {direction} LIMIT %s
"""
_COUNT = """
    SELECT COUNT(*) AS number FROM (
      SELECT 1 FROM {p}aipkit_bridge_summaries s {hint} WHERE {where} LIMIT %s) some
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
class _Condition:
    """A condition on the row ``s``; its arms, each under an index, are joined by OR."""

    arms: tuple[tuple[str, tuple[object, ...]], ...]
    ids: str = ""  # finds who meets it, where that is not by asking the rows
    leads: bool = False  # the first arm is about the column that is sorted by

    @property
    def sql(self) -> str:
        return "(" + " OR ".join(sql for sql, _ in self.arms) + ")"

    @property
    def args(self) -> tuple[object, ...]:
        return tuple(arg for _, args in self.arms for arg in args)


@dataclass(frozen=True, slots=True)
class Selection:
    """The accounts that a filter selects, worked out as far as that is quick."""

    few: frozenset[UserId] | None  # all are among these; None: there are too many to tell
    many: tuple[_Condition, ...]  # what remains to be asked of each
    shortcut: tuple[_Condition, ...] = ()  # instead of ``many``, where there are no ``few``


def select(tx: Tx, wanted: AccountFilter, sort: SortKey) -> Selection:
    """
    Ask which accounts meet each condition, and keep those that only few meet.

    A search that too many begin with, in the very column that is sorted by, is left at that
    column: those that begin so elsewhere stand anywhere in its order, and to find them all may
    mean to look at everybody.
    """
    few: frozenset[UserId] | None = None
    many, shortcut = [], []
    for condition in _conditions(tx, wanted, sort):
        ids, arm = _few(tx, condition)
        if ids is not None:
            few = ids if few is None else few & ids
            continue
        many.append(condition)
        only_first = condition.leads and arm == 0
        shortcut.append(_Condition(condition.arms[:1]) if only_first else condition)
    return Selection(few, tuple(many), tuple(shortcut))


def count(tx: Tx, selection: Selection) -> int:
    """Return how many there are, at most `COUNTED` + 1."""
    if selection.few is not None and not selection.many:
        return len(selection.few)
    if selection.few is None and not selection.many:
        return _number(tx, _SIZE, (COUNTED + 1,))
    if selection.few is None and len(selection.many) == 1:
        return COUNTED + 1
    where, args = _where(selection)
    hint = "" if selection.few is None else "FORCE INDEX (PRIMARY)"
    sql = _COUNT.replace("{hint}", hint).replace("{where}", where)
    return _number(tx, sql, (*args, COUNTED + 1))


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
    where, args = _where(selection)
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
    sql = _PAGE
    for word, text in words.items():
        sql = sql.replace(word, text)
    return [_listed(row) for row in tx.all(sql, (*args, limit))]


def list_matching(tx: Tx, selection: Selection, after: UserId, limit: int) -> list[UserId]:
    """Return all selected accounts by id, of those behind one."""
    if selection.few is not None and not selection.few:
        return []
    where, args = _where(selection)
    rows = tx.all(_MATCHING.replace("{where}", where), (*args, after, limit))
    return [UserId(row["user_id"]) for row in rows]


def list_by_id(tx: Tx, after: UserId, limit: int) -> list[ListedAccount]:
    """Return all accounts by id, of those behind one."""
    return [_listed(row) for row in tx.all(_BY_ID, (after, limit))]


def _listed(row: Row) -> ListedAccount:
    return ListedAccount(
        UserId(row["user_id"]), row["place"], row["last_purchase_at"], row["last_activity_at"]
    )


def _where(selection: Selection) -> tuple[str, tuple[object, ...]]:
    few = selection.few
    conditions = selection.shortcut if few is None else selection.many
    parts = [condition.sql for condition in conditions]
    args = tuple(arg for condition in conditions for arg in condition.args)
    if few is not None:
        parts.append("s.user_id IN %s")
        args = (*args, tuple(sorted(few)) or (0,))
    return " AND ".join(parts) or "TRUE", args


def _number(tx: Tx, sql: str, args: Sequence[object]) -> int:
    row = tx.one(sql, args)
    return int(row["number"]) if row else 0


def _few(tx: Tx, condition: _Condition) -> tuple[frozenset[UserId] | None, int]:
    """Return who meets a condition; None if that are many, and the arm that showed it."""
    found: set[UserId] = set()
    for number, (sql, args) in enumerate(condition.arms):
        ids = condition.ids or f"{_IDS}{sql} LIMIT %s"
        if _number(tx, _COUNT_IDS.replace("{ids}", ids), (*args, COUNTED + 1)) > COUNTED:
            return None, number  # to send ten thousand ids takes longer than to count them
        rows = tx.all(ids, (*args, COUNTED))
        found.update(UserId(row["user_id"]) for row in rows)
        if len(found) > COUNTED:
            return None, number
    return frozenset(found), 0


def _conditions(tx: Tx, wanted: AccountFilter, sort: SortKey) -> Iterator[_Condition]:
    if wanted.has_balance:
        yield _simple("s.balance > 0")
    for module, least in wanted.used_at_least.items():
        yield _simple(f"s.{SortKey(f'used_{module}')} >= %s", least)
    for role in wanted.roles:
        yield _Condition(((_HAS_ROLE, (role,)),), ids=_IDS_BY_ROLE)
    if wanted.search and _number(tx, _SIZE, (SEARCHES_ANYWHERE + 1,)) <= SEARCHES_ANYWHERE:
        yield _simple("s.search_text LIKE %s", f"%{_escaped(fold(wanted.search))}%")
    elif wanted.search:
        yield _beginning(wanted.search, sort)


def _simple(sql: str, *args: object) -> _Condition:
    return _Condition(((sql, args),))


def _beginning(search: str, sort: SortKey) -> _Condition:
    """Return the condition that login, e-mail, name or id begins so; each by its own index."""
    begins = (f"{_escaped(search)}%",)
    columns = sorted(("login", "email", "name"), key=lambda column: column != sort)
    arms: list[tuple[str, tuple[object, ...]]]
    arms = [(f"s.{column} LIKE %s", begins) for column in columns]
    arms += [("s.user_id BETWEEN %s AND %s", ends) for ends in _ids_beginning(search)]
    return _Condition(tuple(arms), leads=columns[0] == sort)


def _ids_beginning(search: str) -> Collection[tuple[int, int]]:
    """Return the ranges of ids that begin with these digits."""
    if not (search.isascii() and search.isdigit() and 0 < int(search) <= MAX_BALANCE):
        return ()
    number = int(search)
    sizes = [10**zeros for zeros in range(19) if (number + 1) * 10**zeros <= MAX_BALANCE]
    return [(number * size, (number + 1) * size - 1) for size in sizes]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
