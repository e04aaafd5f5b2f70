"""
The conditions that a list of accounts is filtered by, and how those who meet them are found.

A condition has one or more access paths. Each path is a part of the condition for which there is
an index, and an account that meets one of the parts meets the condition: "the login begins with
these letters" is one path of a search, "the e-mail does" another.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from bridge.domain.account_queries import AccountFilter, SortKey
from bridge.domain.ids import MAX_ID, UserId, whole_number
from bridge.store.summaries import fold

Part = tuple[str, tuple[object, ...]]
"""A part of a WHERE, and its arguments."""

SUMMARIES = "{p}aipkit_bridge_summaries s"
BY_ID = f"{SUMMARIES} FORCE INDEX (PRIMARY)"
"""The same rows, read one after the other as they lie on disk."""
_ROLES = "{p}aipkit_bridge_roles r"
_OF_ROLES = " JOIN {p}aipkit_bridge_summaries s ON s.user_id = r.user_id"
# Not EXISTS, out of which the database makes a join of its own, over all who have the role.
_HAS_ROLE = """
    (SELECT COUNT(*) FROM {p}aipkit_bridge_roles r
      WHERE r.user_id = s.user_id AND r.role = %s) > 0
"""


@dataclass(frozen=True, slots=True)
class AccessPath:
    """A part of a condition, and the rows to look for it in."""

    where: str
    args: tuple[object, ...]
    ids: str = "s.user_id"
    source: str = SUMMARIES
    to_summaries: str = ""  # joins the rows ``s``, where the source has none


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the row ``s``, and the access paths that together find all who meet it."""

    paths: tuple[AccessPath, ...]
    sql: str
    args: tuple[object, ...]
    first_is_sorted: bool = False  # the first path is on the column that the list is sorted by
    needs_scan: bool = False  # no index helps; the pass over all rows asks the others as well
    id_ranges: tuple[tuple[int, int], ...] = ()  # those of the last path, if it is of ids

    @classmethod
    def any_of(cls, *paths: AccessPath) -> "Condition":
        """Join access paths by OR."""
        sql = "(" + " OR ".join(path.where for path in paths) + ")"
        return cls(paths, sql, tuple(arg for path in paths for arg in path.args))


def conditions_of(wanted: AccountFilter, sort: SortKey, *, anywhere: bool) -> Iterator[Condition]:
    """
    Yield the conditions of a filter; first those that are quickly tested on one account.

    Args:
        wanted: The filter.
        sort: What the list is sorted by.
        anywhere: Whether a search finds any part of a text, or beginnings only.
    """
    if wanted.has_balance:
        yield Condition.any_of(AccessPath("s.balance > 0", ()))
    for module, least in wanted.used_at_least.items():
        yield Condition.any_of(AccessPath(f"s.{SortKey(f'used_{module}')} >= %s", (least,)))
    if wanted.search and anywhere:
        # The column compares by bytes; as bytes its texts are looked through twice as fast.
        where, text = "INSTR(CAST(s.search_text AS BINARY), %s) > 0", fold(wanted.search)
        path = AccessPath(where, (text.encode(),), source=BY_ID)
        yield replace(Condition.any_of(path), needs_scan=True)
    elif wanted.search:
        yield _begins_with(wanted.search, sort)
    for role in wanted.roles:
        path = AccessPath("r.role = %s", (role,), "r.user_id", _ROLES, _OF_ROLES)
        yield Condition((path,), _HAS_ROLE, (role,))


def _begins_with(search: str, sort: SortKey) -> Condition:
    """Return the condition that the login, e-mail, name or id begins with a text."""
    begins = (f"{_escaped(search)}%",)
    columns = sorted(("login", "email", "name"), key=lambda column: column != sort)
    paths = [AccessPath(f"s.{column} LIKE %s", begins) for column in columns]
    ranges = _id_ranges(search)
    if ranges:
        sql = " OR ".join(between(*ends)[0] for ends in ranges)
        paths.append(AccessPath(f"({sql})", tuple(chain(*ranges)), source=BY_ID))
    condition = Condition.any_of(*paths)
    return replace(condition, first_is_sorted=columns[0] == sort, id_ranges=ranges)


def _id_ranges(search: str) -> tuple[tuple[int, int], ...]:
    """Return the ranges of ids that begin with these digits."""
    number = whole_number(search)
    if not number:
        return ()
    sizes = [10**zeros for zeros in range(19) if (number + 1) * 10**zeros <= MAX_ID]
    return tuple((number * size, (number + 1) * size - 1) for size in sizes)


def between(first: int, last: int) -> Part:
    """Return that an id is one of a range."""
    return "s.user_id BETWEEN %s AND %s", (first, last)


def one_of(users: Collection[UserId]) -> Part:
    """Return that an id is one of some."""
    return f"s.user_id IN ({', '.join(map(str, sorted(users)))})", ()


def where_of(conditions: Sequence[Condition]) -> Part:
    """Return that all conditions are met."""
    sql = " AND ".join(condition.sql for condition in conditions)
    return sql or "TRUE", tuple(arg for condition in conditions for arg in condition.args)


def replaced(sql: str, words: Mapping[str, str]) -> str:
    """Return a statement with its words put in."""
    for word, text in words.items():
        sql = sql.replace(word, text)
    return sql


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
