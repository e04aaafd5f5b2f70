"""
What each user used on each of the site's days, by module.

Summed once, out of the ledger, which is append-only; for what is younger than `kept` says, the
ledger itself is read. Spending has nothing to write for it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import sub

from bridge.domain.ids import Credits
from bridge.domain.periods import Calendar
from bridge.store import state, user_sums
from bridge.store.columns import naive, utc
from bridge.store.ledger import BILLED, TABLE
from bridge.store.tx import Query, Row, Tx
from bridge.store.usage_slots import SLOT_S

YOUNG_MAX = 5_000
"""So many young rows of a user are read at most."""

_STATE = "user_days"
_EMPTIED_AT_ONCE = 20_000
_INTO = """
    ON DUPLICATE KEY UPDATE
      uses = {p}aipkit_bridge_user_days.uses + VALUES(uses),
      credits = {p}aipkit_bridge_user_days.credits + VALUES(credits),
      spent = {p}aipkit_bridge_user_days.spent + VALUES(spent)
"""
_ADD = f"""
    INSERT INTO {{p}}aipkit_bridge_user_days (user_id, day, module, uses, credits, spent)
    SELECT * FROM (
      SELECT COALESCE(user_id, 0) AS user_id, %s AS day, module, COUNT(*) AS uses,
             SUM({BILLED}) AS credits, -SUM(credits_delta) AS spent
        FROM {TABLE}
       WHERE entry_type = 'usage' AND created_at >= %s AND created_at < %s
       GROUP BY COALESCE(user_id, 0), module
    ) found
    {_INTO}
"""  # noqa: S608  # of constants
_BY_SLOT = f"""
    SELECT FLOOR(UNIX_TIMESTAMP(created_at) / {SLOT_S}) AS slot, COUNT(*) AS uses,
           SUM({BILLED}) AS credits, -SUM(credits_delta) AS spent
      FROM {TABLE} WHERE entry_type = 'usage' AND created_at >= %s AND created_at < %s
     GROUP BY slot
"""  # noqa: S608  # of constants
# One statement sees one moment.
_CORRECT = f"""
    INSERT INTO {{p}}aipkit_bridge_user_days (user_id, day, module, uses, credits, spent)
    SELECT user_id, day, module, SUM(uses) AS uses, SUM(credits) AS credits, SUM(spent) AS spent
      FROM (SELECT COALESCE(user_id, 0) AS user_id, %(day)s AS day,
                   CONVERT(module USING utf8mb4) COLLATE utf8mb4_bin AS module, COUNT(*) AS uses,
                   SUM({BILLED}) AS credits, -SUM(credits_delta) AS spent
              FROM {TABLE}
             WHERE entry_type = 'usage' AND created_at >= %(since)s AND created_at < %(until)s
             GROUP BY COALESCE(user_id, 0), module
             UNION ALL
            SELECT user_id, %(day)s, module, -uses, -credits, -spent
              FROM {{p}}aipkit_bridge_user_days WHERE day = %(day)s) both_sides
     GROUP BY user_id, day, module HAVING SUM(uses) <> 0 OR SUM(credits) <> 0 OR SUM(spent) <> 0
    {_INTO}
"""  # noqa: S608  # of constants
_EMPTY = "DELETE FROM {p}aipkit_bridge_user_days LIMIT %s"
# One statement sees one moment: up to when sums are kept, the sums, and the uses since then. Each
# value costs the driver its time, so sums come in one text; thirty of them fit into what MySQL
# allows one.
_READ = f"""
    SELECT 'kept' AS what, value FROM {{p}}aipkit_bridge_state WHERE name = %(state)s
     UNION ALL
    SELECT 'days', GROUP_CONCAT(day, '=', credits) FROM (
      SELECT day, SUM(credits) AS credits FROM {{p}}aipkit_bridge_user_days
       WHERE user_id = %(user_id)s AND day >= %(day)s AND module IN %(modules)s GROUP BY day
    ) days
     UNION ALL
    SELECT 'use', CONCAT_WS('=', created_at, credits) FROM (
      SELECT created_at, {BILLED} AS credits FROM {TABLE} FORCE INDEX (user_created_at)
       WHERE user_id = %(user_id)s AND created_at >= %(since)s AND entry_type = 'usage'
         AND module IN %(modules)s ORDER BY created_at LIMIT %(limit)s
    ) young
"""  # noqa: S608  # of constants


@dataclass(frozen=True, slots=True)
class Kept:
    """Up to when all is summed, and in whose days."""

    until: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Sums:
    """What a user used, as of one moment."""

    kept: Kept
    days: Mapping[date, Credits]
    young: Sequence[tuple[datetime, Credits]] | None  # some may be in the sums; None: too many


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
    user_sums.add(tx, day, before.until, until)
    _keep(tx, Kept(until, before.zone))
    return changed


def days_that_differ(tx: Tx, calendar: Calendar, number: int) -> list[date]:
    """Return which of the last days, so many, are not kept as the ledger has them."""
    what = kept(tx)
    begin = calendar.date_of(tx.now()) - timedelta(days=number)
    if what.zone != str(calendar.zone):
        return []
    sums = user_sums.by_day(tx, begin)
    args = (naive(calendar.begin_of(begin)), naive(what.until))
    for row in tx.all(_BY_SLOT, args):
        day = calendar.date_of(datetime.fromtimestamp(int(row["slot"]) * SLOT_S, UTC))
        kept_sums = sums.get(day, (0, 0, 0))
        used = (row["uses"], row["credits"], row["spent"])
        sums[day] = tuple(map(sub, kept_sums, map(int, used)))
    return [day for day, left in sums.items() if any(left)]


def correct(tx: Tx, calendar: Calendar, day: date) -> int:
    """Compare what is kept of a day with the ledger, and add the difference; return how many."""
    state.take_turn(tx, _STATE)
    what = kept(tx)
    since, end = calendar.begin_of(day), calendar.begin_of(day + timedelta(days=1))
    until = min(what.until, end)
    if what.zone != str(calendar.zone) or since >= until:
        return 0
    args = {"day": day, "since": naive(since), "until": naive(until)}
    return tx.run(_CORRECT, args) + user_sums.correct(tx, day, since, until)


def begin_anew(tx: Tx, before: Kept, zone: str) -> None:
    """Delete some sums of the days of another zone, and once none are left keep this one's."""
    state.take_turn(tx, _STATE)
    if kept(tx) == before:
        emptied = (tx.run(_EMPTY, (_EMPTIED_AT_ONCE,)), user_sums.empty(tx, _EMPTIED_AT_ONCE))
        is_empty = max(emptied) < _EMPTIED_AT_ONCE
        _keep(tx, Kept(NOTHING.until, zone if is_empty else ""))


def _keep(tx: Tx, what: Kept) -> None:
    state.set_json(tx, _STATE, {"until": what.until.isoformat(), "zone": what.zone})


def ask(user_id: int, day: date, modules: Collection[str], since: datetime) -> Query[Sums]:
    """Return the query of a user's sums from a day on, and of their uses from an instant on."""
    args = {
        "state": _STATE,
        "user_id": user_id,
        "day": day,
        "modules": tuple(modules),
        "since": naive(since),
        "limit": YOUNG_MAX + 1,
    }
    return Query(_READ, args, _sums)


def _sums(rows: list[Row]) -> Sums:
    what, days = NOTHING, {}
    young: list[tuple[datetime, Credits]] = []
    for row in rows:
        text = row["value"] or ""
        if row["what"] == "kept":
            what = _kept(json.loads(text))
        elif row["what"] == "days":
            pairs = (one.split("=") for one in text.split(",") if one)
            days = {date.fromisoformat(of): Credits(int(credits)) for of, credits in pairs}
        else:
            at, credits = text.split("=")
            young.append((utc(datetime.fromisoformat(at)), Credits(int(credits))))
    return Sums(what, days, young if len(young) <= YOUNG_MAX else None)
