"""
The conditions that a list of accounts is filtered by, and how those who meet them are found.

A condition has one or more access paths. Each path is a part of the condition for which there is
an index, and an account that meets one of the parts meets the condition: "the login begins with
these letters" is one path of a search, "the e-mail does" another.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from bridge.domain.account_queries import AccountFilter, SortKey
from bridge.domain.ids import MAX_ID, whole_number
from bridge.store.summaries import fold

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
    paths += [AccessPath("s.user_id BETWEEN %s AND %s", ends) for ends in _id_ranges(search)]
    return replace(Condition.any_of(*paths), first_is_sorted=columns[0] == sort)


def _id_ranges(search: str) -> Collection[tuple[int, int]]:
    """Return the ranges of ids that begin with these digits."""
    number = whole_number(search)
    if not number:
        return ()
    sizes = [10**zeros for zeros in range(19) if (number + 1) * 10**zeros <= MAX_ID]
    return [(number * size, (number + 1) * size - 1) for size in sizes]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
