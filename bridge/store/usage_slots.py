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
from bridge.store.columns import naive, utc
from bridge.store.ledger import TABLE
from bridge.store.tx import Tx

SLOT_S = 900
SETTLES_AFTER = timedelta(minutes=15)
"""A row is committed this long after its instant at the latest; quarters are summed then."""

_STATE = "usage_slots"
# What was used in full: of guests, and beyond a balance, the balance's change says less.
_SUM = """
    SELECT FLOOR(UNIX_TIMESTAMP(created_at) / 900) AS slot, module,
           SUM(CASE WHEN JSON_VALID(meta) AND JSON_EXTRACT(meta, '$.billed_credits') IS NOT NULL
                    THEN CAST(JSON_UNQUOTE(JSON_EXTRACT(meta, '$.billed_credits')) AS SIGNED)
                    ELSE -credits_delta END) AS credits,
           -SUM(credits_delta) AS spent
      FROM {ledger}
     WHERE entry_type = 'usage' AND created_at >= %s AND created_at < %s
     GROUP BY slot, module
""".replace("{ledger}", TABLE)
_FIRST = """
    SELECT MIN(created_at) AS at FROM {ledger}
     WHERE entry_type = 'usage' AND created_at >= %s
""".replace("{ledger}", TABLE)
_KEEP = """
    INSERT INTO {p}aipkit_bridge_usage_slots (slot_at, module, credits, spent) VALUES {rows}
    ON DUPLICATE KEY UPDATE credits = VALUES(credits), spent = VALUES(spent)
"""
_READ = """
    SELECT slot_at, module, credits, spent FROM {p}aipkit_bridge_usage_slots
     WHERE slot_at >= %s AND slot_at < %s AND module IN %s
"""
_SPENT = """
    SELECT (SELECT COALESCE(SUM(spent), 0) FROM {p}aipkit_bridge_usage_slots
             WHERE slot_at >= %(since)s AND slot_at < %(kept_until)s)
         - (SELECT COALESCE(SUM(credits_delta), 0) FROM {ledger}
             WHERE entry_type = 'usage' AND created_at >= GREATEST(%(since)s, %(kept_until)s))
        AS spent
""".replace("{ledger}", TABLE)


@dataclass(frozen=True, slots=True)
class SlotUsage:
    """What one module used in a quarter of an hour; less than 0 where more was given back."""

    at: datetime
    module: str
    credits: Credits
    spent: Credits  # what of it was paid from balances


def kept_until(tx: Tx) -> datetime:
    """Return up to when all quarters are kept."""
    text = state.get_json(tx, _STATE).get("until", "1970-01-01T00:00:00+00:00")
    return datetime.fromisoformat(text)


def first_use_since(tx: Tx, since: datetime) -> datetime | None:
    """Return when something was first used at or after *since*."""
    row = tx.one(_FIRST, (naive(since),))
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


def keep(tx: Tx, found: Collection[SlotUsage], until: datetime) -> None:
    """Keep quarters, and up to when they are complete."""
    if found:
        tx.insert_many(_KEEP, [_columns(one) for one in found])
    state.set_json(tx, _STATE, {"until": until.isoformat()})


def _columns(slot: SlotUsage) -> tuple[object, ...]:
    return (naive(slot.at), slot.module, slot.credits, slot.spent)


def read(tx: Tx, since: datetime, until: datetime, modules: Collection[str]) -> list[SlotUsage]:
    """Return kept quarters."""
    rows = tx.all(_READ, (naive(since), naive(until), tuple(modules)))
    return [
        SlotUsage(utc(row["slot_at"]), row["module"], row["credits"], row["spent"]) for row in rows
    ]


def sum_spent(tx: Tx, since: datetime) -> int:
    """Return what was paid from balances since the beginning of a quarter, in any module."""
    args = {"since": naive(since), "kept_until": naive(kept_until(tx))}
    row = tx.one(_SPENT, args)
    return Credits(int(row["spent"])) if row else 0
