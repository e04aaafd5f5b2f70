"""Differences between balances and the ledger: finding them, and settling the old ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits, UserId
from bridge.store.columns import utc
from bridge.store.peer_plugin import BALANCE_KEY, effective_balance
from bridge.store.tx import Tx

SETTLE_AFTER_S = 600
"""The peer's row may come this long after its balance."""

_CHUNK = """
    SELECT state.user_id, state.balance_seen, state.differs_since,
           (SELECT meta.meta_value FROM {u}usermeta meta
             WHERE meta.user_id = state.user_id AND meta.meta_key = %(key)s
             ORDER BY meta.umeta_id LIMIT 1) AS stored
      FROM {p}aipkit_bridge_ledger_state state
     WHERE state.user_id > %(after)s
     ORDER BY state.user_id LIMIT %(limit)s
"""
_OLD = """
    SELECT user_id FROM {p}aipkit_bridge_ledger_state
     WHERE differs_since <= UTC_TIMESTAMP(6) - INTERVAL %(age)s SECOND
       AND user_id > %(after)s
     ORDER BY user_id LIMIT %(limit)s
"""
_STATE = """
    SELECT unledgered, settled, differs_since, balance_seen
      FROM {p}aipkit_bridge_ledger_state WHERE user_id = %s
"""
_DISTRUST = """
    UPDATE {p}aipkit_bridge_ledger_state
       SET differs_since = COALESCE(differs_since, UTC_TIMESTAMP(6)), entries = NULL
     WHERE user_id = %s
"""
_SUM_AFRESH = "UPDATE {p}aipkit_bridge_ledger_state SET entries = NULL WHERE user_id = %s"
_SETTLE = """
    UPDATE {p}aipkit_bridge_ledger_state SET settled = unledgered, differs_since = NULL
     WHERE user_id = %s
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the ledger does not explain of a balance, beyond what was settled before."""

    amount: Credits
    since: datetime | None


@dataclass(frozen=True, slots=True)
class BalanceChunk:
    """The accounts that another writer changed, of those looked at, and where to go on."""

    changed: Sequence[UserId]
    last: int | None  # None: the end was reached


def scan(tx: Tx, after: int, limit: int) -> BalanceChunk:
    """Compare the next *limit* balances with what the bridge last saw there."""
    rows = tx.all(_CHUNK, {"key": BALANCE_KEY, "after": after, "limit": limit})
    changed = [
        UserId(row["user_id"])
        for row in rows
        if effective_balance(row["stored"]) != row["balance_seen"]
    ]
    return BalanceChunk(changed, rows[-1]["user_id"] if len(rows) == limit else None)


def list_unsettled(tx: Tx, after: int, limit: int) -> Sequence[UserId]:
    """Return the next accounts whose difference is old enough to be settled."""
    rows = tx.all(_OLD, {"age": SETTLE_AFTER_S, "after": after, "limit": limit})
    return [UserId(row["user_id"]) for row in rows]


def read_difference(tx: Tx, user_id: UserId) -> Difference:
    """Return an account's unsettled difference; none at first, when it is the measure itself."""
    row = tx.one(_STATE, (user_id,))
    if row is None or row["differs_since"] is None or row["settled"] is None:
        return Difference(Credits(0), None)
    return Difference(Credits(row["unledgered"] - row["settled"]), utc(row["differs_since"]))


def distrust(tx: Tx, user_id: UserId) -> None:
    """Have the ledger of a locked account summed afresh; in ten minutes it must be explained."""
    tx.run(_DISTRUST, (user_id,))


def sum_afresh(tx: Tx, user_id: UserId) -> None:
    """Have the ledger of a locked account summed, even if it has as many rows as before."""
    tx.run(_SUM_AFRESH, (user_id,))


def forget(tx: Tx, user_id: UserId) -> None:
    """Stop watching the balance of a user who was deleted."""
    tx.run("DELETE FROM {p}aipkit_bridge_ledger_state WHERE user_id = %s", (user_id,))


def settle(tx: Tx, user_id: UserId) -> None:
    """Accept the difference as it is now."""
    tx.run(_SETTLE, (user_id,))
