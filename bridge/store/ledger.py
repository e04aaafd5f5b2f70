"""The append-only ledger, shared with the peer plugin: its table, its columns, its shapes."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pymysql

from bridge.domain.errors import LedgerConflictError
from bridge.domain.ids import Credits, OrderId, UserId
from bridge.domain.ledger import LedgerEntry
from bridge.domain.verdicts import ForeignPurchase
from bridge.store.db import Row, Tx, is_duplicate_key, naive, utc

TABLE = "{p}aipkit_token_ledger"

_APPEND = """
    INSERT INTO {p}aipkit_token_ledger
           (user_id, actor_type, module, context_type, context_id, operation,
            usage_total_units, credits_delta, entry_type, reference_type, reference_id,
            idempotency_key, meta, created_at)
    VALUES (%(user_id)s, 'user', %(module)s, %(context_type)s, %(context_id)s, %(operation)s,
            %(usage_total_units)s, %(credits_delta)s, %(entry_type)s, %(reference_type)s,
            %(reference_id)s, %(idempotency_key)s, %(meta)s, UTC_TIMESTAMP())
"""
_BY_KEY = """
    SELECT id, user_id, credits_delta FROM {p}aipkit_token_ledger WHERE idempotency_key = %s
"""
_KEYS = """
    SELECT idempotency_key AS k FROM {p}aipkit_token_ledger WHERE idempotency_key IN %s
"""
_SUM = """
    SELECT COALESCE(SUM(credits_delta), 0) AS total FROM {p}aipkit_token_ledger
     WHERE user_id = %s
"""
_OLDEST = "SELECT MIN(created_at) AS oldest FROM {p}aipkit_token_ledger"
_PAGE = """
    SELECT id, created_at, entry_type, operation, credits_delta, module, context_type, context_id,
           provider, model, usage_total_units, reference_type, reference_id, meta
      FROM {p}aipkit_token_ledger
     WHERE user_id = %(user_id)s
       AND (created_at, id) < (%(before_at)s, %(before_id)s)
     ORDER BY created_at DESC, id DESC
     LIMIT %(limit)s
"""


def purchase_key(order_id: OrderId) -> str:
    """Return the peer's key of an order's first grant, which is ours as well."""
    return f"woocommerce_order_{order_id}_purchase"


def order_key(order_id: OrderId, operation: str, number: int) -> str:
    """Return the key of an order's *number*-th regrant or clawback."""
    return f"woocommerce_order_{order_id}_{operation}_{number}"


def append_entry(tx: Tx, entry: LedgerEntry) -> int:
    """
    Append a row; return its id.

    Raises:
        LedgerConflictError: A row with the key exists. Whoever books decides under a lock, so
            it was written by somebody else, or by a bridge whose own tables were lost.
    """
    args = {
        "user_id": entry.user_id,
        "module": entry.module,
        "context_type": entry.context_type or None,
        "context_id": entry.context_id,
        "operation": entry.operation,
        "usage_total_units": entry.usage_total_units,
        "credits_delta": entry.credits_delta,
        "entry_type": entry.entry_type,
        "reference_type": entry.reference_type or None,
        "reference_id": entry.reference_id or None,
        "idempotency_key": entry.idempotency_key,
        "meta": json.dumps(entry.meta, ensure_ascii=False, separators=(",", ":")),
    }
    try:
        return tx.insert(_APPEND, args)
    except pymysql.IntegrityError as error:
        if not is_duplicate_key(error):
            raise
        raise LedgerConflictError(
            f"The ledger already has a row “{entry.idempotency_key}” that the bridge did not "
            "write; compare it with the customer's balance, then dismiss this."
        ) from error


def find_foreign_purchase(tx: Tx, order_id: OrderId) -> ForeignPurchase | None:
    """Return the order's `…_purchase` row; foreign, as long as the order has no booking."""
    row = tx.one(_BY_KEY, (purchase_key(order_id),))
    if row is None or not row["user_id"]:
        return None
    return ForeignPurchase(UserId(row["user_id"]), Credits(max(0, row["credits_delta"])))


def list_purchased(tx: Tx, ids: Collection[OrderId]) -> frozenset[OrderId]:
    """Return which of the orders have a `…_purchase` row, whoever wrote it."""
    if not ids:
        return frozenset()
    by_key = {purchase_key(order_id): order_id for order_id in ids}
    return frozenset(by_key[row["k"]] for row in tx.all(_KEYS, (tuple(by_key),)))


def ledger_sum(tx: Tx, user_id: UserId) -> int:
    """Return the sum of all of a user's rows on this site."""
    row = tx.one(_SUM, (user_id,))
    assert row is not None
    return int(row["total"])


def oldest_entry_at(tx: Tx) -> datetime | None:
    """Return when the site's ledger began; None while it is empty."""
    row = tx.one(_OLDEST)
    return utc(row["oldest"]) if row and row["oldest"] else None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row as read back; ``meta`` is empty where it is missing or garbled."""

    entry_id: int
    at: datetime
    entry_type: str
    operation: str
    credits_delta: int
    module: str
    context_type: str
    context_id: int | None
    provider: str
    model: str
    priced_units: int
    reference_type: str
    reference_id: str
    meta: dict[str, Any]


def list_entries(
    tx: Tx, user_id: UserId, *, before: tuple[datetime, int] | None, limit: int
) -> Sequence[LedgerRow]:
    """Return a user's rows, newest first, older than *before* (instant, id)."""
    before_at, before_id = before or (None, 0)
    args = {
        "user_id": user_id,
        "before_at": naive(before_at) or datetime(9999, 1, 1),  # noqa: DTZ001  # a column's value
        "before_id": before_id,
        "limit": limit,
    }
    return [_row(row) for row in tx.all(_PAGE, args)]


def _row(row: Row) -> LedgerRow:
    return LedgerRow(
        entry_id=row["id"],
        at=utc(row["created_at"]),
        entry_type=row["entry_type"],
        operation=row["operation"],
        credits_delta=row["credits_delta"],
        module=row["module"],
        context_type=row["context_type"] or "",
        context_id=row["context_id"],
        provider=row["provider"] or "",
        model=row["model"] or "",
        priced_units=row["usage_total_units"],
        reference_type=row["reference_type"] or "",
        reference_id=row["reference_id"] or "",
        meta=_meta(row["meta"]),
    )


def _meta(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
