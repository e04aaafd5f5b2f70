"""
What can be asked of accounts in a list, and how those who meet it are found.

A condition has one or more arms: each is under an index of its own, and whoever meets one of them
meets the condition.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from bridge.domain.account_queries import AccountFilter, SortKey
from bridge.domain.ids import MAX_BALANCE
from bridge.store.summaries import fold

SUMMARIES = "{p}aipkit_bridge_summaries s"
BY_ID = f"{SUMMARIES} FORCE INDEX (PRIMARY)"
"""Those rows one after the other, as they lie on disk."""
_ROLES = "{p}aipkit_bridge_roles r"
_OF_ROLES = " JOIN {p}aipkit_bridge_summaries s ON s.user_id = r.user_id"
# Not EXISTS, out of which the database makes a join of its own, over all who have the role.
_HAS_ROLE = """
    (SELECT COUNT(*) FROM {p}aipkit_bridge_roles r
      WHERE r.user_id = s.user_id AND r.role = %s) > 0
"""


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to meet a condition, which an index finds."""

    where: str
    args: tuple[object, ...]
    ids: str = "s.user_id"
    source: str = SUMMARIES
    to_summaries: str = ""  # joins the rows ``s``, where the source has none


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the row ``s``, and the arms that find all who meet it."""

    arms: tuple[Arm, ...]
    sql: str
    args: tuple[object, ...]
    leads: bool = False  # the first arm is about the column that is sorted by
    scans: bool = False  # no index finds who meets it: one pass over all asks the others, too

    @classmethod
    def of(cls, *arms: Arm) -> "Condition":
        """Join arms by OR."""
        sql = "(" + " OR ".join(arm.where for arm in arms) + ")"
        return cls(arms, sql, tuple(arg for arm in arms for arg in arm.args))


def conditions_of(wanted: AccountFilter, sort: SortKey, *, anywhere: bool) -> Iterator[Condition]:
    """
    Yield what a filter asks, what is quickly told of an account first.

    Args:
        wanted: The filter.
        sort: What the list is sorted by.
        anywhere: Whether a search finds any part of a text, or beginnings only.
    """
    if wanted.has_balance:
        yield Condition.of(Arm("s.balance > 0", ()))
    for module, least in wanted.used_at_least.items():
        yield Condition.of(Arm(f"s.{SortKey(f'used_{module}')} >= %s", (least,)))
    if wanted.search and anywhere:
        # The column compares by bytes; as bytes its texts are looked through twice as fast.
        where, text = "INSTR(CAST(s.search_text AS BINARY), %s) > 0", fold(wanted.search)
        arm = Arm(where, (text.encode(),), source=BY_ID)
        yield replace(Condition.of(arm), scans=True)
    elif wanted.search:
        yield _beginning(wanted.search, sort)
    for role in wanted.roles:
        arm = Arm("r.role = %s", (role,), "r.user_id", _ROLES, _OF_ROLES)
        yield Condition((arm,), _HAS_ROLE, (role,))


def _beginning(search: str, sort: SortKey) -> Condition:
    """Return the condition that login, e-mail, name or id begins so; each by its own index."""
    begins = (f"{_escaped(search)}%",)
    columns = sorted(("login", "email", "name"), key=lambda column: column != sort)
    arms = [Arm(f"s.{column} LIKE %s", begins) for column in columns]
    arms += [Arm("s.user_id BETWEEN %s AND %s", ends) for ends in _ids_beginning(search)]
    return replace(Condition.of(*arms), leads=columns[0] == sort)


def _ids_beginning(search: str) -> Collection[tuple[int, int]]:
    """Return the ranges of ids that begin with these digits."""
    if not (search.isascii() and search.isdigit() and 0 < int(search) <= MAX_BALANCE):
        return ()
    number = int(search)
    sizes = [10**zeros for zeros in range(19) if (number + 1) * 10**zeros <= MAX_BALANCE]
    return [(number * size, (number + 1) * size - 1) for size in sizes]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
