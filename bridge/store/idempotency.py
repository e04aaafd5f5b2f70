"""First answers to idempotency keys: kept in the transaction of the effect that they tell of."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pymysql

from bridge.store.db import Database, Tx, naive
from bridge.store.db_errors import is_duplicate_key

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
class KeptAnswer:
    """The first answer to a key."""

    request_hash: bytes
    kind: str
    answer: dict[str, Any]
    user_id: int  # 0: a guest's


def find(tx: Tx, keys: Collection[bytes]) -> dict[bytes, KeptAnswer]:
    """Return the answers kept for the keys that were used before."""
    if not keys:
        return {}
    return {
        row["key_hash"]: KeptAnswer(
            row["request_hash"], row["kind"], json.loads(row["answer"]), row["user_id"]
        )
        for row in tx.all(_FIND, (tuple(keys),))
    }


def keep(tx: Tx, answers: Mapping[bytes, KeptAnswer], now: datetime) -> None:
    """
    Keep first answers.

    Raises:
        KeyTakenError: Somebody has used one of the keys since `find`, with another account.
    """
    at = naive(now)
    rows: Sequence[Sequence[object]] = [
        (
            key,
            kept.request_hash,
            kept.kind,
            json.dumps(kept.answer),
            at,
            tx.site_prefix,
            kept.user_id,
        )
        for key, kept in answers.items()
    ]
    try:
        tx.insert_many(_KEEP, rows)
    except pymysql.IntegrityError as error:
        if is_duplicate_key(error):
            raise KeyTakenError from error
        raise


def prune(db: Database, limit: int) -> int:
    """Delete answers that are older than they must be kept; return how many."""
    return db.run(_PRUNE, (KEPT_FOR_DAYS, limit))
