"""First answers to idempotency keys: kept in the transaction of the effect that they tell of."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pymysql

from bridge.domain.answers import KeptAnswer
from bridge.store import answers
from bridge.store.columns import naive
from bridge.store.db_errors import is_duplicate_key
from bridge.store.tx import Query, Row, Tx
from bridge.store.values import NewIds

KEPT_FOR_DAYS = 400

_FIND = """
    SELECT key_hash, request_hash, kind, answer, user_id FROM {u}aipkit_bridge_idempotency
     WHERE key_hash IN %s
"""
_KEEP = """
    INSERT INTO {u}aipkit_bridge_idempotency
           (key_hash, request_hash, kind, answer, created_at, site, user_id)
    VALUES {rows}
"""
_PRUNE = """
    DELETE FROM {u}aipkit_bridge_idempotency
     WHERE created_at < UTC_TIMESTAMP(6) - INTERVAL %s DAY ORDER BY created_at LIMIT %s
"""


class KeyTakenError(Exception):
    """A key was used for another account at the same moment: roll back and look again."""


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The first answer to a key."""

    request_hash: bytes
    answer: KeptAnswer
    user_id: int  # 0: a guest's
    entry_number: int | None = None
    """Of the ledger rows that are written with it, the one that it names as 0 until then."""


def find(tx: Tx, keys: Collection[bytes]) -> dict[bytes, FirstAnswer]:
    """Return the answers kept for the keys that were used before."""
    return tx.ask(finding(keys)) if keys else {}


def finding(keys: Collection[bytes]) -> Query[dict[bytes, FirstAnswer]]:
    """Ask as `find`, of one key or more."""
    return Query(_FIND, (tuple(keys),), _first_answers)


def _first_answers(rows: list[Row]) -> dict[bytes, FirstAnswer]:
    return {
        row["key_hash"]: FirstAnswer(
            row["request_hash"],
            answers.from_fields(row["kind"], json.loads(row["answer"])),
            row["user_id"],
        )
        for row in rows
    }


def keep(tx: Tx, first: Mapping[bytes, FirstAnswer], now: datetime) -> None:
    """
    Keep first answers.

    Raises:
        KeyTakenError: Somebody has used one of the keys since `find`, with another account.
    """
    try:
        tx.insert_many(_KEEP, _rows(tx, first, now))
    except pymysql.IntegrityError as error:
        if is_duplicate_key(error):
            raise KeyTakenError from error
        raise


def keep_later(
    tx: Tx, first: Mapping[bytes, FirstAnswer], now: datetime, ids: NewIds | None
) -> None:
    """
    Keep first answers, in one packet with what is sent next.

    Args:
        tx: The transaction of their effects.
        first: The answers.
        now: The database's clock.
        ids: Of ledger rows that are to be sent with them, if there are any.

    Raises:
        UnwatchedStatementError: From whatever sends it, where `keep` raises.
    """
    tx.insert_unwatched(_KEEP, _rows(tx, first, now, ids))


def _rows(
    tx: Tx, first: Mapping[bytes, FirstAnswer], now: datetime, ids: NewIds | None = None
) -> list[Sequence[object]]:
    at = naive(now)
    rows: list[Sequence[object]] = []
    for key, one in first.items():
        kind, fields = answers.to_fields(one.answer)
        text = answers.to_text(fields, ids, one.entry_number)
        rows.append((key, one.request_hash, kind, text, at, tx.site_prefix, one.user_id))
    return rows


def prune(tx: Tx, limit: int) -> int:
    """Delete answers that are older than they must be kept; return how many."""
    return tx.run(_PRUNE, (KEPT_FOR_DAYS, limit))
