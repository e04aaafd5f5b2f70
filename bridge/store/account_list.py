"""
Who a list of accounts shows, and the way to its pages, out of the summaries.

Which index leads to a page quickly depends on how many accounts meet each condition, and neither
MySQL nor MariaDB knows that. For ORDER BY with LIMIT they like to follow the index of the order,
which reads the whole table if the few accounts that match stand at its end; and for several
columns joined by OR they seldom use the index of each. So this module measures and chooses by
itself, and says what it has chosen by FORCE INDEX:

1. `select` counts who meets each condition, but never further than a limit.
2. If few accounts meet a condition, it drives: its access paths find the candidates by their
   indexes, the other conditions are tested on those, and the page is sorted out of what is left.
3. If many accounts meet every condition, the accounts are walked through in the order of the list
   until the page is full. That is soon, since many of them match. Only ids that begin with some
   digits may stand far away together; `account_pages` reads these by their ranges.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.domain.account_queries import AccountFilter, SortKey
from bridge.domain.ids import UserId
from bridge.store.account_conditions import (
    BY_ID,
    SUMMARIES,
    Condition,
    conditions_of,
    one_of,
    replaced,
    where_of,
)
from bridge.store.tx import Tx

MAX_COUNTED = 10_000
"""So many accounts are counted at most, and sorted; if there are more, the total is a minimum."""

MAX_CANDIDATES = 20_000
"""A condition that more accounts meet does not drive, if there are others."""

_COUNT = "SELECT COUNT(*) AS number FROM (SELECT 1 FROM {source} WHERE {where} LIMIT %s) some"
# As one text: ten thousand rows take the driver longer to read than the database to find.
_IDS = """
    SELECT GROUP_CONCAT(user_id) AS ids
      FROM (SELECT {ids} AS user_id FROM {source} WHERE {where} LIMIT %s) some
"""
_MATCHING = """
    SELECT s.user_id FROM {p}aipkit_bridge_summaries s FORCE INDEX (PRIMARY)
     WHERE {where} AND s.user_id > %s ORDER BY s.user_id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class InRanges:
    """A search that all ids in some ranges meet, and hardly anybody else."""

    ranges: tuple[tuple[int, int], ...]
    conditions: tuple[Condition, ...]  # the others, which those in the ranges must meet as well
    besides: frozenset[UserId]  # who else meets all of it, by login, e-mail or name


@dataclass(frozen=True, slots=True)
class _Measured:
    """A condition, and how many accounts meet it."""

    condition: Condition
    number: int  # counted up to the end of the crowded path, if there is one
    crowded_path: int | None = None  # the first path that finds more accounts than the limit

    @property
    def crowded_part(self) -> Condition:
        """The condition, reduced to its crowded path if it has one: many accounts meet that."""
        if self.crowded_path is None or len(self.condition.paths) == 1:
            return self.condition
        return Condition.any_of(self.condition.paths[self.crowded_path])


@dataclass(frozen=True, slots=True)
class Selection:
    """The accounts that a filter selects, worked out as far as that is quick."""

    user_ids: frozenset[UserId] | None = None  # exactly these; None: there are too many to list
    exceeds_count: bool = False  # there are surely more than are counted
    conditions: tuple[Condition, ...] = ()  # of the filter, where there are no ``user_ids``
    for_pages: tuple[Condition, ...] = ()  # in their place while the accounts are walked through
    for_first_count: tuple[Condition, ...] = ()  # in their place for a first attempt to count
    in_ranges: InRanges | None = None  # the same, where many stand together by their ids


def select(tx: Tx, wanted: AccountFilter, sort: SortKey, *, anywhere: bool) -> Selection:
    """
    Choose the way to the accounts that meet all conditions; find them, if one condition drives.

    A search by beginnings that too many accounts meet in the very column that the list is sorted
    by is reduced to that column for pages: those that meet it in another column stand anywhere in
    the order, and to find them all may mean to look at everybody.

    Args:
        tx: Where to read.
        wanted: The conditions.
        sort: What the list is sorted by.
        anywhere: Whether a search finds any part of a text, or beginnings only.
    """
    conditions = tuple(conditions_of(wanted, sort, anywhere=anywhere))
    limit = MAX_COUNTED if len(conditions) == 1 else MAX_CANDIDATES
    driving = next((condition for condition in conditions if condition.needs_scan), None)
    measured = [] if driving else [_measure(tx, condition, limit) for condition in conditions]
    driving = driving or _choose_driving(measured)
    found = None
    if driving is not None:
        found = _find(tx, driving, [other for other in conditions if other is not driving])
    if found is not None and len(found) <= MAX_COUNTED:
        return Selection(found)
    return Selection(
        None,
        exceeds_count=found is not None or len(conditions) == 1,
        conditions=conditions,
        for_pages=tuple(_for_pages(one) for one in measured) or conditions,
        for_first_count=tuple(one.crowded_part for one in measured) or conditions,
        in_ranges=_in_ranges(tx, measured),
    )


def count(tx: Tx, selection: Selection) -> int:
    """Return how many there are, at most `MAX_COUNTED` + 1."""
    if selection.user_ids is not None:
        return len(selection.user_ids)
    if selection.exceeds_count:
        return MAX_COUNTED + 1
    if all(len(condition.paths) == 1 for condition in selection.conditions):
        # Very many meet each of them; the rows that an index finds lie all over the disk.
        return _count(tx, selection.conditions, BY_ID)
    number = _count(tx, selection.for_first_count)
    if number > MAX_COUNTED or selection.for_first_count == selection.conditions:
        return number
    return _count(tx, selection.conditions)


def list_matching(tx: Tx, selection: Selection, after: UserId, limit: int) -> list[UserId]:
    """Return the next selected accounts in the order of ids."""
    if selection.user_ids is not None and not selection.user_ids:
        return []
    where, args = where_of(selection.conditions)
    if selection.user_ids is not None:
        where = one_of(selection.user_ids)[0]
    rows = tx.all(_MATCHING.replace("{where}", where), (*args, after, limit))
    return [UserId(row["user_id"]) for row in rows]


def _count(tx: Tx, conditions: Sequence[Condition], source: str = SUMMARIES) -> int:
    return _count_rows(tx, source, *where_of(conditions), MAX_COUNTED)


def _count_rows(tx: Tx, source: str, where: str, args: Sequence[object], limit: int) -> int:
    """Return how many rows there are, at most one more than *limit*."""
    sql = _COUNT.replace("{source}", source).replace("{where}", where)
    row = tx.one(sql, (*args, limit + 1))
    return int(row["number"]) if row else 0


def _measure(tx: Tx, condition: Condition, limit: int) -> _Measured:
    """Count who meets a condition, up to a limit for each of its access paths."""
    total = 0
    for number, path in enumerate(condition.paths):
        found = _count_rows(tx, path.source, path.where, path.args, limit)
        if found > limit:
            return _Measured(condition, found, crowded_path=number)
        total += found
    return _Measured(condition, total)


def _choose_driving(measured: Sequence[_Measured]) -> Condition | None:
    """Return the condition that fewest accounts meet, if all of these can be candidates."""
    may_drive = [
        one
        for one in measured
        if one.crowded_path is None and (len(measured) == 1 or one.number <= MAX_CANDIDATES)
    ]
    return min(may_drive, key=lambda one: one.number).condition if may_drive else None


def _find(tx: Tx, driving: Condition, others: Sequence[Condition]) -> frozenset[UserId]:
    """
    Return who meets the driving condition and the others.

    All of them if they are at most `MAX_COUNTED`, else so many that this can be seen.
    """
    where, args = where_of(others)
    found: set[UserId] = set()
    for path in driving.paths:
        words = {
            "{ids}": path.ids,
            "{source}": path.source + (path.to_summaries if others else ""),
            "{where}": f"{path.where} AND {where}",
        }
        row = tx.one(replaced(_IDS, words), (*path.args, *args, MAX_COUNTED + 1))
        if row and row["ids"]:
            found.update(map(UserId, map(int, row["ids"].split(","))))
        if len(found) > MAX_COUNTED:
            break
    return frozenset(found)


def _for_pages(measured: _Measured) -> Condition:
    """Return the condition, or its crowded path if the list is sorted by the same column."""
    is_in_order = measured.condition.first_is_sorted and measured.crowded_path == 0
    return measured.crowded_part if is_in_order else measured.condition


def _in_ranges(tx: Tx, measured: Sequence[_Measured]) -> InRanges | None:
    """Return the search apart: its ranges of ids, and the few who meet it in another way."""
    search = next((one for one in measured if one.condition.id_ranges), None)
    if search is None or search.crowded_path not in (None, len(search.condition.paths) - 1):
        return None
    others = tuple(one.condition for one in measured if one is not search)
    besides = _find(tx, Condition.any_of(*search.condition.paths[:-1]), others)
    if len(besides) > MAX_COUNTED:
        return None
    return InRanges(search.condition.id_ranges, others, besides)
