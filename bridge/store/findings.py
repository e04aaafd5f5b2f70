"""Broken invariants with their evidence, until a person has looked."""

import json
from collections.abc import Mapping, Sequence

from bridge.domain.findings import Finding, FindingKind, ResolvedFinding
from bridge.store.columns import utc
from bridge.store.tx import Tx

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
_OPEN_LIKE_IT = """
    SELECT 1 FROM {p}aipkit_bridge_findings
     WHERE kind = %(kind)s AND resolved_at IS NULL
       AND order_id <=> %(order_id)s AND user_id <=> %(user_id)s
       AND (COALESCE(order_id, user_id) IS NOT NULL OR summary = %(summary)s)
     LIMIT 1
"""
_EVER = """
    SELECT 1 FROM {p}aipkit_bridge_findings
     WHERE kind = %(kind)s AND user_id <=> %(user_id)s AND summary = %(summary)s LIMIT 1
"""
_RESOLVED = """
    SELECT finding_id, kind, user_id, order_id, summary, found_at, resolved_at, resolved_by,
           resolved_reason
      FROM {p}aipkit_bridge_findings WHERE resolved_at IS NOT NULL
     ORDER BY resolved_at DESC, finding_id DESC LIMIT %s
"""
_RESOLVE = """
    UPDATE {p}aipkit_bridge_findings
       SET resolved_at = UTC_TIMESTAMP(6), resolved_by = %(by)s, resolved_reason = %(reason)s
     WHERE finding_id = %(finding_id)s AND resolved_at IS NULL
"""
_EXISTS = "SELECT 1 FROM {p}aipkit_bridge_findings WHERE finding_id = %s"
_COUNT = "SELECT COUNT(*) AS n FROM {p}aipkit_bridge_findings WHERE resolved_at IS NULL"


def record(
    tx: Tx,
    *,
    kind: FindingKind,
    summary: str,
    evidence: Mapping[str, object],
    user_id: int | None = None,
    order_id: int | None = None,
    once: bool = False,
    once_for_good: bool = False,
) -> bool:
    """
    Keep a finding; return whether it was kept.

    Args:
        tx: Where.
        kind: Which invariant is broken.
        summary: In one sentence what is wrong and what to do.
        evidence: What was found.
        user_id: Whose account it is about.
        order_id: Which order.
        once: Not if the same one is open already, about the same user and order.
        once_for_good: Not if there ever was one that said the same: what is wrong stays as it is
            even when a person has dealt with it.
    """
    about = {"kind": kind, "user_id": user_id, "order_id": order_id, "summary": summary[:500]}
    if once and tx.one(_OPEN_LIKE_IT, about) is not None:
        return False
    if once_for_good and tx.one(_EVER, about) is not None:
        return False
    tx.run(_RECORD, {**about, "evidence": json.dumps(evidence, default=str)})
    return True


def list_open(tx: Tx, limit: int = 50) -> Sequence[Finding]:
    """Return the newest open findings."""
    rows = tx.all(_OPEN, (limit,))
    return [Finding(**{**row, "found_at": utc(row["found_at"])}) for row in rows]


def list_resolved(tx: Tx, limit: int = 10) -> Sequence[ResolvedFinding]:
    """Return those that were resolved last."""
    instants = ("found_at", "resolved_at")
    return [
        ResolvedFinding(**{**row, **{name: utc(row[name]) for name in instants}})
        for row in tx.all(_RESOLVED, (limit,))
    ]


def resolve(tx: Tx, finding_id: int, *, by: str, reason: str) -> bool:
    """Close a finding; one that is closed keeps what was said first. False: there is none."""
    args = {"finding_id": finding_id, "by": by[:100], "reason": reason[:500]}
    return tx.run(_RESOLVE, args) > 0 or tx.one(_EXISTS, (finding_id,)) is not None


def count_open(tx: Tx) -> int:
    """Return how many findings are open."""
    row = tx.one(_COUNT)
    return int(row["n"]) if row else 0
