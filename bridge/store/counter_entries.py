"""Ledger rows that are to be taken back, and the rows that did."""

from collections.abc import Collection

from bridge.domain.counter_entries import counter_key
from bridge.domain.ids import UserId
from bridge.domain.ledger import LedgerRow
from bridge.store import ledger
from bridge.store.tx import Tx

_ROW = f"""
    SELECT id, created_at, entry_type, operation, credits_delta, module, context_type, context_id,
           provider, model, usage_total_units, reference_type, reference_id, meta
      FROM {ledger.TABLE}
"""  # noqa: S608  # a constant of the ledger
_ONE = f"{_ROW} WHERE id = %s AND user_id = %s"
_BY_KEY = f"{_ROW} WHERE idempotency_key = %s AND user_id = %s"
_UNDONE = f"""
    SELECT id, idempotency_key FROM {ledger.TABLE} WHERE idempotency_key IN %s
"""  # noqa: S608  # likewise


def find_row(tx: Tx, user_id: UserId, entry_id: int) -> LedgerRow | None:
    """Return a row of a user's, or None."""
    row = tx.one(_ONE, (entry_id, user_id))
    return ledger.row_of(row) if row else None


def find_counter(tx: Tx, user_id: UserId, entry_id: int) -> LedgerRow | None:
    """Return the row that took this one back, if it was."""
    row = tx.one(_BY_KEY, (counter_key(entry_id), user_id))
    return ledger.row_of(row) if row else None


def list_undone(tx: Tx, entry_ids: Collection[int]) -> dict[int, int]:
    """Return which of some rows were taken back, and by which row each."""
    keys = {counter_key(entry_id): entry_id for entry_id in entry_ids}
    rows = tx.all(_UNDONE, (tuple(keys),)) if keys else []
    return {keys[row["idempotency_key"]]: row["id"] for row in rows}
