"""Broken invariants with their evidence, until a person has looked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.store.db import Tx, utc

_RECORD = """
    INSERT INTO {p}aipkit_bridge_findings
           (kind, user_id, order_id, summary, evidence, found_at)
    VALUES (%(kind)s, %(user_id)s, %(order_id)s, %(summary)s, %(evidence)s, UTC_TIMESTAMP(6))
"""
_OPEN = """
    SELECT finding_id, kind, user_id, order_id, summary, found_at
      FROM {p}aipkit_bridge_findings WHERE resolved_at IS NULL
     ORDER BY finding_id DESC LIMIT %s
"""
_OPEN_OF_ORDER = """
    SELECT 1 FROM {p}aipkit_bridge_findings
     WHERE kind = %s AND order_id = %s AND resolved_at IS NULL LIMIT 1
"""
_COUNT = "SELECT COUNT(*) AS n FROM {p}aipkit_bridge_findings WHERE resolved_at IS NULL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One open finding."""

    finding_id: int
    kind: str
    user_id: int | None
    order_id: int | None
    summary: str
    found_at: datetime


def record(
    tx: Tx,
    *,
    kind: str,
    summary: str,
    evidence: Mapping[str, object],
    user_id: int | None = None,
    order_id: int | None = None,
) -> None:
    """Keep a finding; ``summary`` says in one sentence what is wrong and what to do."""
    tx.run(
        _RECORD,
        {
            "kind": kind,
            "user_id": user_id,
            "order_id": order_id,
            "summary": summary[:500],
            "evidence": json.dumps(evidence, default=str),
        },
    )


def record_once(tx: Tx, *, kind: str, order_id: int, summary: str) -> None:
    """Keep a finding about an order unless one of its kind is open already."""
    if tx.one(_OPEN_OF_ORDER, (kind, order_id)) is None:
        record(tx, kind=kind, order_id=order_id, summary=summary, evidence={})


def list_open(tx: Tx, limit: int = 50) -> Sequence[Finding]:
    """Return the newest open findings."""
    rows = tx.all(_OPEN, (limit,))
    return [Finding(**{**row, "found_at": utc(row["found_at"])}) for row in rows]


def count_open(tx: Tx) -> int:
    """Return how many findings are open."""
    row = tx.one(_COUNT)
    return int(row["n"]) if row else 0
