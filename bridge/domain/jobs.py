"""The worker's jobs, and who works, as people look at them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class JobView:
    """A job's last run."""

    name: str
    runs: int
    started_at: datetime | None
    finished_at: datetime | None
    succeeded_at: datetime | None
    failed_at: datetime | None
    duration_ms: int | None
    last_error: str


@dataclass(frozen=True, slots=True)
class LeaseView:
    """A lease as the status page shows it."""

    name: str
    owner: str
    held: bool
    expires_at: datetime
