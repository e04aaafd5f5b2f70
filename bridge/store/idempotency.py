"""First answers to idempotency keys: kept in the transaction of the effect that they tell of."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pymysql

from bridge.domain.answers import KeptAnswer
from bridge.store import answers
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
class FirstAnswer:
    """The first answer to a key."""

    request_hash: bytes
    answer: KeptAnswer
    user_id: int  # 0: a guest's


def find(tx: Tx, keys: Collection[bytes]) -> dict[bytes, FirstAnswer]:
    """Return the answers kept for the keys that were used before."""
    if not keys:
        return {}
    return {
        row["key_hash"]: FirstAnswer(
            row["request_hash"],
            answers.from_fields(row["kind"], json.loads(row["answer"])),
            row["user_id"],
        )
        for row in tx.all(_FIND, (tuple(keys),))
    }


def keep(tx: Tx, first: Mapping[bytes, FirstAnswer], now: datetime) -> None:
    """
    Keep first answers.

    Raises:
        KeyTakenError: Somebody has used one of the keys since `find`, with another account.
    """
    at = naive(now)
    rows: list[Sequence[object]] = []
    for key, one in first.items():
        kind, fields = answers.to_fields(one.answer)
        text = json.dumps(fields)
        rows.append((key, one.request_hash, kind, text, at, tx.site_prefix, one.user_id))
    try:
        tx.insert_many(_KEEP, rows)
    except pymysql.IntegrityError as error:
        if is_duplicate_key(error):
            raise KeyTakenError from error
        raise


def prune(db: Database, limit: int) -> int:
    """Delete answers that are older than they must be kept; return how many."""
    return db.run(_PRUNE, (KEPT_FOR_DAYS, limit))
