"""
What each user used in days, months and years of the site, each in the order of their use.

They are kept with `user_days`, which has the same by module, and says up to when they are
complete, and in whose days.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from bridge.domain.calendar_parts import Kind, Parts, whole
from bridge.domain.used_by import UserUse
from bridge.store.columns import naive
from bridge.store.tx import Tx
from bridge.store.used_by import OF_EACH, use_of

_TABLE = "{p}aipkit_bridge_user_sums"
_KINDS = """
    (SELECT 1 AS kind, %(day)s AS first
      UNION ALL SELECT 2, %(month)s UNION ALL SELECT 3, %(year)s)
"""
_INTO = f"""
    INSERT INTO {_TABLE} (kind, first, user_id, uses, credits, spent, place)
    SELECT kinds.kind, kinds.first, one.user_id, one.uses, one.credits, one.spent, -one.credits
      FROM ({{found}}) one JOIN {_KINDS} kinds WHERE TRUE
    ON DUPLICATE KEY UPDATE
      uses = {_TABLE}.uses + VALUES(uses), credits = {_TABLE}.credits + VALUES(credits),
      spent = {_TABLE}.spent + VALUES(spent), place = {_TABLE}.place + VALUES(place)
"""  # noqa: S608  # of constants
_ADD = _INTO.replace("{found}", OF_EACH)
# One statement sees one moment; what a day lacks, its month and year lack as well.
_CORRECT = _INTO.replace(
    "{found}",
    f"""
      SELECT user_id, SUM(uses) AS uses, SUM(credits) AS credits, SUM(spent) AS spent
        FROM ({OF_EACH} UNION ALL
              SELECT user_id, -uses, -credits, -spent FROM {_TABLE}
               WHERE kind = 1 AND first = %(day)s) both_sides
       GROUP BY user_id HAVING SUM(uses) <> 0 OR SUM(credits) <> 0 OR SUM(spent) <> 0
    """,  # noqa: S608  # likewise
)
_EMPTY = f"DELETE FROM {_TABLE} LIMIT %s"  # noqa: S608  # likewise
_BY_DAY = f"""
    SELECT first, SUM(uses) AS uses, SUM(credits) AS credits, SUM(spent) AS spent
      FROM {_TABLE} WHERE kind = 1 AND first >= %s GROUP BY first
"""  # noqa: S608  # likewise
_COLUMNS = "SELECT user_id, uses, credits, spent"
_FIRST_OF_ONE = f"""
    {_COLUMNS} FROM {_TABLE} FORCE INDEX (place)
     WHERE kind = %s AND first = %s ORDER BY place, user_id LIMIT %s
"""
_ADDED = "SELECT user_id, SUM(uses) AS uses, SUM(credits) AS credits, SUM(spent) AS spent"
_FIRST_OF_MANY = f"""
    {_ADDED} FROM {_TABLE} FORCE INDEX (PRIMARY) WHERE {{parts}}
     GROUP BY user_id ORDER BY credits DESC, user_id LIMIT %s
"""
_OF_SOME = f"""
    {_ADDED} FROM {_TABLE} FORCE INDEX (PRIMARY) WHERE ({{parts}}) AND user_id IN %s
     GROUP BY user_id
"""


def add(tx: Tx, day: date, since: datetime, until: datetime) -> int:
    """Add what the ledger says of a part of a day; return how many rows were written."""
    return tx.run(_ADD, _args(day, since, until))


def correct(tx: Tx, day: date, since: datetime, until: datetime) -> int:
    """Compare what is kept of a day with the ledger, and add the difference."""
    return tx.run(_CORRECT, _args(day, since, until))


def _args(day: date, since: datetime, until: datetime) -> dict[str, object]:
    return {
        "since": naive(since),
        "until": naive(until),
        "day": day,
        "month": whole(Kind.MONTH, day).first,
        "year": whole(Kind.YEAR, day).first,
    }


def by_day(tx: Tx, since: date) -> dict[date, tuple[int, ...]]:
    """Return what is kept of each day from one on: uses, credits and what of them was paid."""
    return {
        row["first"]: (int(row["uses"]), int(row["credits"]), int(row["spent"]))
        for row in tx.all(_BY_DAY, (since,))
    }


def empty(tx: Tx, number: int) -> int:
    """Delete so many sums; return how many there were."""
    return tx.run(_EMPTY, (number,))


def first_users(tx: Tx, parts: Sequence[Parts], limit: int) -> list[UserUse]:
    """Return who used most in some parts together, first."""
    if len(parts) == 1 and parts[0].is_one:
        args = (int(parts[0].kind), parts[0].span.first, limit)
        return [use_of(row) for row in tx.all(_FIRST_OF_ONE, args)]
    where, parts_args = _where(parts)
    return [
        use_of(row)
        for row in tx.all(_FIRST_OF_MANY.replace("{parts}", where), (*parts_args, limit))
    ]


def of_users(tx: Tx, parts: Sequence[Parts], users: Collection[int]) -> dict[int, UserUse]:
    """Return what some users used in some parts together."""
    if not users or not parts:
        return {}
    where, args = _where(parts)
    rows = tx.all(_OF_SOME.replace("{parts}", where), (*args, tuple(users)))
    return {row["user_id"]: use_of(row) for row in rows}


def _where(parts: Sequence[Parts]) -> tuple[str, tuple[object, ...]]:
    sql = " OR ".join(["(kind = %s AND first >= %s AND first <= %s)"] * len(parts))
    args = ((int(part.kind), part.span.first, part.span.last) for part in parts)
    return sql, tuple(arg for some in args for arg in some)
