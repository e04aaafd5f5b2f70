"""
Credits used in each quarter of an hour: every day of every zone is made of whole ones.

Quarters that are over are summed once, out of the ledger, which is append-only; the ledger itself
is read for what is younger. Spending has nothing to write for it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.domain.ids import Credits
from bridge.store import state
from bridge.store.columns import END, naive, utc
from bridge.store.ledger import BILLED, TABLE
from bridge.store.tx import Tx

SLOT_S = 900
SETTLES_AFTER = timedelta(minutes=15)
"""A row is committed this long after its instant at the latest; quarters are summed then."""

_STATE = "usage_slots"
_SUM = f"""
    SELECT FLOOR(UNIX_TIMESTAMP(created_at) / 900) AS slot, module,
           SUM({BILLED}) AS credits, -SUM(credits_delta) AS spent
      FROM {TABLE}
     WHERE entry_type = 'usage' AND created_at >= %s AND created_at < %s
     GROUP BY slot, module
"""  # noqa: S608  # of constants
# One key is all that it reads: the peer may write types of its own.
_TYPES = "SELECT DISTINCT entry_type FROM {ledger}".replace("{ledger}", TABLE)
_MOVES = """
    SELECT FLOOR(UNIX_TIMESTAMP(created_at) / 900) AS slot, entry_type,
           SUM(GREATEST(credits_delta, 0)) AS gained, SUM(GREATEST(-credits_delta, 0)) AS lost
      FROM {ledger}
     WHERE entry_type IN %s AND created_at >= %s AND created_at < %s
     GROUP BY slot, entry_type
""".replace("{ledger}", TABLE)
_FIRST = """
    SELECT MIN(created_at) AS at FROM {ledger} WHERE entry_type IN %s AND created_at >= %s
""".replace("{ledger}", TABLE)
_KEEP = """
    INSERT INTO {p}aipkit_bridge_usage_slots (slot_at, module, credits, spent) VALUES {rows}
    ON DUPLICATE KEY UPDATE credits = VALUES(credits), spent = VALUES(spent)
"""
_KEEP_MOVES = """
    INSERT INTO {p}aipkit_bridge_ledger_slots (slot_at, entry_type, gained, lost) VALUES {rows}
    ON DUPLICATE KEY UPDATE gained = VALUES(gained), lost = VALUES(lost)
"""
_READ_MOVES = """
    SELECT entry_type, SUM(gained) AS gained, SUM(lost) AS lost
      FROM {p}aipkit_bridge_ledger_slots WHERE slot_at >= %s AND slot_at < %s GROUP BY entry_type
"""
_READ = """
    SELECT slot_at, module, credits, spent FROM {p}aipkit_bridge_usage_slots
     WHERE slot_at >= %s AND slot_at < %s AND module IN %s
"""
_SPENT = """
    SELECT (SELECT COALESCE(SUM(spent), 0) FROM {p}aipkit_bridge_usage_slots
             WHERE slot_at >= %(since)s AND slot_at < LEAST(%(until)s, %(kept_until)s))
         - (SELECT COALESCE(SUM(credits_delta), 0) FROM {ledger}
             WHERE entry_type = 'usage' AND created_at >= GREATEST(%(since)s, %(kept_until)s)
               AND created_at < %(until)s)
        AS spent
""".replace("{ledger}", TABLE)


@dataclass(frozen=True, slots=True)
class SlotUsage:
    """What one module used in a quarter of an hour; less than 0 where more was given back."""

    at: datetime
    module: str
    credits: Credits
    spent: Credits  # what of it was paid from balances


@dataclass(frozen=True, slots=True)
class SlotMoves:
    """What rows of one type, of use not, gave and took in a quarter of an hour."""

    at: datetime
    entry_type: str
    gained: Credits
    lost: Credits


def kept_until(tx: Tx) -> datetime:
    """Return up to when all quarters are kept."""
    text = state.get_json(tx, _STATE).get("until", "1970-01-01T00:00:00+00:00")
    return datetime.fromisoformat(text)


def first_entry_since(tx: Tx, since: datetime) -> datetime | None:
    """Return when the ledger's first row at or after *since* was written."""
    types = tuple(row["entry_type"] for row in tx.all(_TYPES))
    row = tx.one(_FIRST, (types, naive(since))) if types else None
    return utc(row["at"]) if row and row["at"] else None


def sum_up(tx: Tx, since: datetime, until: datetime) -> list[SlotUsage]:
    """Sum the ledger of a time."""
    return [
        SlotUsage(
            datetime.fromtimestamp(int(row["slot"]) * SLOT_S, since.tzinfo),
            row["module"],
            Credits(int(row["credits"])),
            Credits(int(row["spent"])),
        )
        for row in tx.all(_SUM, (naive(since), naive(until)))
    ]


def sum_up_moves(tx: Tx, since: datetime, until: datetime) -> list[SlotMoves]:
    """Sum what else the ledger has of a time."""
    types = tuple(row["entry_type"] for row in tx.all(_TYPES) if row["entry_type"] != "usage")
    if not types:
        return []
    return [
        SlotMoves(
            datetime.fromtimestamp(int(row["slot"]) * SLOT_S, since.tzinfo),
            row["entry_type"],
            Credits(int(row["gained"])),
            Credits(int(row["lost"])),
        )
        for row in tx.all(_MOVES, (types, naive(since), naive(until)))
    ]


def keep(
    tx: Tx, found: Collection[SlotUsage], moves: Collection[SlotMoves], until: datetime
) -> None:
    """Keep quarters, and up to when they are complete."""
    if found:
        tx.insert_many(_KEEP, [_columns(one) for one in found])
    if moves:
        rows = [(naive(one.at), one.entry_type, one.gained, one.lost) for one in moves]
        tx.insert_many(_KEEP_MOVES, rows)
    state.set_json(tx, _STATE, {"until": until.isoformat()})


def _columns(slot: SlotUsage) -> tuple[object, ...]:
    return (naive(slot.at), slot.module, slot.credits, slot.spent)


def read(tx: Tx, since: datetime, until: datetime, modules: Collection[str]) -> list[SlotUsage]:
    """Return kept quarters."""
    rows = tx.all(_READ, (naive(since), naive(until), tuple(modules)))
    return [
        SlotUsage(utc(row["slot_at"]), row["module"], row["credits"], row["spent"]) for row in rows
    ]


def sum_spent(tx: Tx, since: datetime, until: datetime | None = None) -> int:
    """Return what was paid from balances since the beginning of a quarter, in any module."""
    end = END if until is None else naive(until)
    args = {"since": naive(since), "until": end, "kept_until": naive(kept_until(tx))}
    row = tx.one(_SPENT, args)
    return Credits(int(row["spent"])) if row else 0


def sum_moves(tx: Tx, since: datetime, until: datetime) -> dict[str, tuple[int, int]]:
    """Return what rows of each type, of use not, gave and took from a quarter's beginning on."""
    kept = kept_until(tx)
    found = {
        row["entry_type"]: (int(row["gained"]), int(row["lost"]))
        for row in tx.all(_READ_MOVES, (naive(since), naive(min(until, kept))))
    }
    for young in sum_up_moves(tx, max(since, kept), until) if until > kept else ():
        gained, lost = found.get(young.entry_type, (0, 0))
        found[young.entry_type] = (gained + young.gained, lost + young.lost)
    return found
