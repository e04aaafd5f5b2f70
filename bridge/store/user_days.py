"""
What each user used on each of the site's days, by module.

Summed once, out of the ledger, which is append-only; for what is younger than `kept` says, the
ledger itself is read. Spending has nothing to write for it.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from bridge.domain.ids import Credits
from bridge.store import state
from bridge.store.columns import naive, utc
from bridge.store.ledger import BILLED, TABLE
from bridge.store.tx import Tx

YOUNG_MAX = 5_000
"""So many young rows of a user are read at most."""

_STATE = "user_days"
_EMPTIED_AT_ONCE = 20_000
# All of constants, as S608 cannot know.
_ADD = f"""
    INSERT INTO {{p}}aipkit_bridge_user_days (user_id, day, module, uses, credits, spent)
    SELECT * FROM (
      SELECT COALESCE(user_id, 0) AS user_id, %s AS day, module, COUNT(*) AS uses,
             SUM({BILLED}) AS credits, -SUM(credits_delta) AS spent
        FROM {TABLE}
       WHERE entry_type = 'usage' AND created_at >= %s AND created_at < %s
       GROUP BY COALESCE(user_id, 0), module
    ) found
    ON DUPLICATE KEY UPDATE
      uses = {{p}}aipkit_bridge_user_days.uses + VALUES(uses),
      credits = {{p}}aipkit_bridge_user_days.credits + VALUES(credits),
      spent = {{p}}aipkit_bridge_user_days.spent + VALUES(spent)
"""  # noqa: S608
_EMPTY = "DELETE FROM {p}aipkit_bridge_user_days LIMIT %s"
# One statement sees one moment: sums, and up to when they are.
_READ = """
    SELECT NULL AS day, 0 AS credits, value FROM {p}aipkit_bridge_state WHERE name = %(state)s
     UNION ALL
    SELECT day, SUM(credits), '' FROM {p}aipkit_bridge_user_days
     WHERE user_id = %(user_id)s AND day >= %(since)s AND module IN %(modules)s GROUP BY day
"""
_YOUNG = f"""
    SELECT module, entry_type, created_at, {BILLED} AS credits
      FROM {TABLE} FORCE INDEX (user_created_at)
     WHERE user_id = %s AND created_at >= %s ORDER BY created_at LIMIT %s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Kept:
    """Up to when all is summed, and in whose days."""

    until: datetime
    zone: str


NOTHING = Kept(datetime(1970, 1, 1, tzinfo=UTC), "")


def kept(tx: Tx) -> Kept:
    """Return what all is kept of."""
    return _kept(state.get_json(tx, _STATE))


def _kept(stored: Mapping[str, str]) -> Kept:
    if not stored:
        return NOTHING
    return Kept(datetime.fromisoformat(stored["until"]), stored["zone"])


def add(tx: Tx, before: Kept, until: datetime, day: date) -> int:
    """
    Add what the ledger has from where *before* ends, all of one day; return how many sums changed.

    Whoever was faster has added it: then it is 0, and nothing is added twice.
    """
    state.take_turn(tx, _STATE)
    if kept(tx) != before:
        return 0
    changed = tx.run(_ADD, (day, naive(before.until), naive(until)))
    _keep(tx, Kept(until, before.zone))
    return changed


def begin_anew(tx: Tx, before: Kept, zone: str) -> None:
    """Delete some sums of the days of another zone, and once none are left keep this one's."""
    state.take_turn(tx, _STATE)
    if kept(tx) == before:
        is_empty = tx.run(_EMPTY, (_EMPTIED_AT_ONCE,)) < _EMPTIED_AT_ONCE
        _keep(tx, Kept(NOTHING.until, zone if is_empty else ""))


def _keep(tx: Tx, what: Kept) -> None:
    state.set_json(tx, _STATE, {"until": what.until.isoformat(), "zone": what.zone})


def read(
    tx: Tx, user_id: int, since: date, modules: Collection[str]
) -> tuple[Kept, dict[date, Credits]]:
    """Return a user's sums from a day on, and what they are of."""
    args = {
        "state": _STATE,
        "user_id": user_id,
        "since": since,
        "modules": tuple(modules),
    }
    what, days = NOTHING, {}
    for row in tx.all(_READ, args):
        if row["day"] is None:
            what = _kept(json.loads(row["value"]))
        else:
            days[row["day"]] = Credits(int(row["credits"]))
    return what, days


def read_young(
    tx: Tx, user_id: int, since: datetime, modules: Collection[str]
) -> list[tuple[datetime, Credits]] | None:
    """Return a user's uses since an instant, which the sums know nothing of; None: too many."""
    rows = tx.all(_YOUNG, (user_id, naive(since), YOUNG_MAX + 1))
    if len(rows) > YOUNG_MAX:
        return None
    return [
        (utc(row["created_at"]), Credits(int(row["credits"])))
        for row in rows
        if row["entry_type"] == "usage" and row["module"] in modules
    ]
