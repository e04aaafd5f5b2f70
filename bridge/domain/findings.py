"""Broken invariants, as people look at them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """One open finding."""

    finding_id: int
    kind: str
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
