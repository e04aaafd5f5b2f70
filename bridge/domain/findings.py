"""Broken invariants, as people look at them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FindingKind(StrEnum):
    """Which invariant is broken."""

    LEDGER_CONFLICT = "ledger_conflict"
    ANSWER_WITHOUT_BOOKING = "answer_without_booking"
    ORDER_LEDGER_MISMATCH = "order_ledger_mismatch"
    HOLD_OVERDUE = "hold_overdue"
    HOLDS_MISMATCH = "holds_mismatch"
    FOREIGN_CHANGE = "foreign_change"
    DUPLICATE_BALANCE_ROWS = "duplicate_balance_rows"


@dataclass(frozen=True, slots=True)
class Finding:
    """One open finding."""

    finding_id: int
    kind: str  # a `FindingKind`, or what an older version wrote
    user_id: int | None
    order_id: int | None
    summary: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class ResolvedFinding(Finding):
    """One that a person has looked at."""

    resolved_at: datetime
    resolved_by: str
    resolved_reason: str
