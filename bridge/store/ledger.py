"""The append-only ledger, shared with the peer plugin: its table, its columns, its shapes."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pymysql
from pymysql.constants import ER

from bridge.domain.errors import LedgerConflictError
from bridge.domain.events import UsersRow
from bridge.domain.grants import BookingKind
from bridge.domain.ids import Credits, OrderId, UserId
from bridge.domain.ledger import TEXT_LENGTHS, LedgerEntry, LedgerFilter, LedgerRow
from bridge.domain.paging import Cursor
from bridge.domain.sentences import Sentence
from bridge.domain.verdicts import ForeignPurchase
from bridge.store.columns import END, naive, utc, utc_or_none
from bridge.store.db_errors import is_duplicate_key
from bridge.store.tx import Row, Tx
from bridge.store.values import NewIds

TABLE = "{p}aipkit_token_ledger"
# Of guests, and beyond a balance, the balance's change says less.
BILLED = """
    CASE WHEN JSON_VALID(meta) AND JSON_EXTRACT(meta, '$.billed_credits') IS NOT NULL
         THEN CAST(JSON_UNQUOTE(JSON_EXTRACT(meta, '$.billed_credits')) AS SIGNED)
         ELSE -credits_delta END
"""
"""SQL: what a row of use used in full."""

_APPEND = """
    INSERT INTO {p}aipkit_token_ledger
           (user_id, session_id, actor_type, module, context_type, context_id, provider, model,
            operation, usage_input_units, usage_output_units, usage_total_units, credits_delta,
            entry_type, reference_type, reference_id, idempotency_key, meta, created_at)
    VALUES {rows}
"""
# In ASCII, as WordPress writes JSON: it fits into a column of any character set.
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_NARROWER = (
    re.compile("[^\\x00-\\uffff]"),  # utf8mb3
    re.compile("[^\\x00-\\xff]"),  # latin1
    re.compile("[^\\x00-\\x7f]"),
)
"""What columns of old sites do not hold, from the widest character set to the narrowest."""
_BY_KEY = """
    SELECT idempotency_key AS k, user_id, credits_delta
      FROM {p}aipkit_token_ledger WHERE idempotency_key IN %s
"""
_KEYS = """
    SELECT idempotency_key AS k FROM {p}aipkit_token_ledger WHERE idempotency_key IN %s
"""
_SUMS = """
    SELECT user_id, SUM(credits_delta) AS total, COUNT(*) AS entries
      FROM {p}aipkit_token_ledger WHERE user_id IN %s GROUP BY user_id
"""
# Out of the key alone, which takes a sixth of the time of a sum.
_ENTRIES = """
    SELECT user_id, COUNT(*) AS entries FROM {p}aipkit_token_ledger
     WHERE user_id IN %s GROUP BY user_id
"""
_OLDEST = "SELECT MIN(created_at) AS oldest FROM {p}aipkit_token_ledger"
_LAST_ID = "SELECT MAX(id) AS last FROM {p}aipkit_token_ledger"
_TIMES = """
    SELECT user_id,
           MAX(CASE WHEN entry_type = 'purchase' THEN created_at END) AS purchase_at,
           MAX(CASE WHEN entry_type = 'usage' THEN created_at END) AS usage_at
      FROM {p}aipkit_token_ledger
     WHERE id > %s AND id <= %s AND user_id > 0 AND entry_type IN ('purchase', 'usage')
     GROUP BY user_id
"""
_PAGE = """
    SELECT id, created_at, entry_type, operation, credits_delta, module, context_type, context_id,
           provider, model, usage_total_units, reference_type, reference_id, meta
      FROM {p}aipkit_token_ledger
     WHERE user_id = %(user_id)s
       AND (created_at, id) < (%(before_at)s, %(before_id)s)
       AND (%(entry_type)s = '' OR entry_type = %(entry_type)s)
       AND (%(module)s = '' OR module = %(module)s)
     ORDER BY created_at DESC, id DESC
     LIMIT %(limit)s
"""


_NEWER = """
    SELECT id, user_id, created_at, entry_type, operation, credits_delta, module, context_type,
           context_id, provider, model, usage_total_units, reference_type, reference_id, meta
      FROM {p}aipkit_token_ledger
     WHERE id > %s AND user_id > 0 ORDER BY id LIMIT %s
"""


def purchase_key(order_id: OrderId) -> str:
    """Return the peer's key of an order's first grant, which is ours as well."""
    return f"woocommerce_order_{order_id}_purchase"


def order_key(order_id: OrderId, operation: BookingKind, number: int) -> str:
    """Return the key of an order's *number*-th regrant or clawback."""
    return f"woocommerce_order_{order_id}_{operation}_{number}"


def append_entries(tx: Tx, entries: Sequence[LedgerEntry], now: datetime) -> list[int]:
    """
    Append rows; return their ids, in the same order.

    Args:
        tx: Under the locks of the accounts.
        entries: One or more.
        now: The database's clock.

    Raises:
        LedgerConflictError: A row with the key of one exists. Whoever books decides under a
            lock, so it was written by somebody else, or by a bridge whose own tables were lost.
    """
    at = naive(now.replace(microsecond=0))
    try:
        return _insert(tx, [_columns(entry, at) for entry in entries])
    except pymysql.IntegrityError as error:
        if not is_duplicate_key(error):
            raise
        keys = ", ".join(entry.idempotency_key for entry in entries if entry.idempotency_key)
        raise LedgerConflictError(
            Sentence(
                "The ledger already has a row “{keys}” that the bridge did not write; compare"
                " it with the customer's balance, then dismiss this.",
                keys=keys,
            )
        ) from error


def append_entries_later(tx: Tx, entries: Sequence[LedgerEntry], now: datetime) -> NewIds:
    """
    Append rows in one packet with what is sent next.

    Raises:
        UnwatchedStatementError: From whatever sends it, where `append_entries` raises, or where
            it writes a question mark.
    """
    at = naive(now.replace(microsecond=0))
    return tx.insert_and_number_later(_APPEND, [_columns(entry, at) for entry in entries])


def _insert(tx: Tx, rows: Sequence[Sequence[object]]) -> list[int]:
    """
    Insert rows; return their ids.

    On sites whose tables are older than utf8mb4, a character that the ledger does not hold
    becomes a question mark: what was used is owed, however its model is called.
    """
    for beyond in _NARROWER:
        try:
            return tx.insert_and_number(_APPEND, rows)
        except pymysql.DataError as error:
            if error.args[0] != ER.TRUNCATED_WRONG_VALUE_FOR_FIELD:
                raise
        rows = [[beyond.sub("?", v) if isinstance(v, str) else v for v in row] for row in rows]
    return tx.insert_and_number(_APPEND, rows)


def _fit(text: str, column: str) -> str | None:
    """Cut what is longer than its column: a hold of before its length was checked must end."""
    return text[: TEXT_LENGTHS[column]] or None


def _columns(entry: LedgerEntry, at: datetime | None) -> tuple[object, ...]:
    return (
        entry.user_id,
        entry.session_id or None,
        "guest" if entry.user_id is None else "user",
        entry.module,
        entry.context_type or None,
        entry.context_id,
        _fit(entry.provider, "provider"),
        _fit(entry.model, "model"),
        _fit(entry.operation, "operation"),
        entry.usage_input_units,
        entry.usage_output_units,
        entry.usage_total_units,
        entry.credits_delta,
        entry.entry_type,
        entry.reference_type or None,
        _fit(entry.reference_id, "reference_id"),
        entry.idempotency_key,
        _to_json(entry.meta),
        at,
    )


def find_foreign_purchases(tx: Tx, ids: Collection[OrderId]) -> dict[OrderId, ForeignPurchase]:
    """Return the orders' `…_purchase` rows; foreign, as long as an order has no booking."""
    if not ids:
        return {}
    by_key = {purchase_key(order_id): order_id for order_id in ids}
    return {
        by_key[row["k"]]: ForeignPurchase(
            UserId(row["user_id"]), Credits(max(0, row["credits_delta"]))
        )
        for row in tx.all(_BY_KEY, (tuple(by_key),))
        if row["user_id"]
    }


def find_purchased_orders(tx: Tx, ids: Collection[OrderId]) -> frozenset[OrderId]:
    """Return which of the orders have a `…_purchase` row, whoever wrote it."""
    if not ids:
        return frozenset()
    by_key = {purchase_key(order_id): order_id for order_id in ids}
    return frozenset(by_key[row["k"]] for row in tx.all(_KEYS, (tuple(by_key),)))


@dataclass(frozen=True, slots=True)
class LedgerSum:
    """What some rows of one user add up to, and how many they are."""

    total: int
    entries: int


NO_ENTRIES = LedgerSum(0, 0)


def ledger_sums(
    tx: Tx, user_ids: Collection[UserId], known: Mapping[UserId, LedgerSum]
) -> dict[UserId, LedgerSum]:
    """
    Return the sum of all rows of each user on this site.

    Those *known* are summed again only if there are other rows by now. No id and no instant
    could tell that: others give ids before they commit, and stamp rows by clocks of their own.
    """
    counted = _count(tx, [user_id for user_id in user_ids if user_id in known])
    same = {user: known[user] for user, number in counted.items() if number == known[user].entries}
    rest = [user_id for user_id in user_ids if user_id not in same]
    rows = tx.all(_SUMS, (tuple(rest),)) if rest else []
    sums = {row["user_id"]: LedgerSum(int(row["total"]), row["entries"]) for row in rows}
    return same | {user_id: sums.get(user_id, NO_ENTRIES) for user_id in rest}


def _count(tx: Tx, user_ids: Collection[UserId]) -> dict[UserId, int]:
    if not user_ids:
        return {}
    found = {row["user_id"]: row["entries"] for row in tx.all(_ENTRIES, (tuple(user_ids),))}
    return {user_id: found.get(user_id, 0) for user_id in user_ids}


def oldest_entry_at(tx: Tx) -> datetime | None:
    """Return when the site's ledger began; None while it is empty."""
    row = tx.one(_OLDEST)
    return utc(row["oldest"]) if row and row["oldest"] else None


def last_id(tx: Tx) -> int:
    """Return the newest row's id, 0 while the ledger is empty."""
    row = tx.one(_LAST_ID)
    return int(row["last"] or 0) if row else 0


@dataclass(frozen=True, slots=True)
class LastTimes:
    """When a user last bought and last used something, by some rows."""

    purchase_at: datetime | None
    usage_at: datetime | None


def list_times(tx: Tx, after: int, until: int) -> dict[UserId, LastTimes]:
    """Return what the rows with ids above *after*, up to *until*, say of each user."""
    rows = tx.all(_TIMES, (after, until))
    return {
        UserId(row["user_id"]): LastTimes(
            utc_or_none(row["purchase_at"]), utc_or_none(row["usage_at"])
        )
        for row in rows
    }


def list_entries(
    tx: Tx,
    user_id: UserId,
    *,
    before: Cursor[datetime] | None,
    limit: int,
    wanted: LedgerFilter = LedgerFilter(),
) -> Sequence[LedgerRow]:
    """Return a user's rows, newest first, older than *before*."""
    args = {
        "user_id": user_id,
        "before_at": naive(before.place) if before else END,
        "before_id": before.number if before else 0,
        "limit": limit,
        "entry_type": wanted.entry_type,
        "module": wanted.module,
    }
    return [row_of(row) for row in tx.all(_PAGE, args)]


def list_newer(tx: Tx, after: int, limit: int) -> Sequence[UsersRow]:
    """Return users' rows with ids above *after*, by their ids; who wrote them, and when, aside."""
    return [
        UsersRow(UserId(row["user_id"]), row_of(row)) for row in tx.all(_NEWER, (after, limit))
    ]


def row_of(row: Row) -> LedgerRow:
    """Return a row as it is read."""
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
