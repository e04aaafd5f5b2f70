"""Runs one job: only while this process holds the worker's lease, and on the record."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import structlog

from bridge.domain.errors import BridgeError
from bridge.services.hold_lease import give_up_lease, take_lease
from bridge.services.record_jobs import record_end, record_start
from bridge.store.leases import Fence
from bridge.wiring import Bridge

log = structlog.get_logger()

LEASE = "worker"
LEASE_TTL_S = 20
RENEW_EVERY_S = 5


class Leadership:
    """This process's claim to be the one that works."""

    def __init__(self, bridge: Bridge, owner: str) -> None:
        """Claim nothing yet; *owner* is new with every process start."""
        self._db = bridge.db
        self._owner = owner
        self._fence: Fence | None = None
        self._good_until = 0.0
        self._lock = Lock()

    @property
    def owner(self) -> str:
        """Who we are, in the lease and job tables."""
        return self._owner

    def renew(self) -> None:
        """Take or renew the lease; stay a stand-by while another process has it."""
        asked_at = time.monotonic()
        try:
            fence = take_lease(self._db, LEASE, self._owner, LEASE_TTL_S)
        except BridgeError as error:
            log.warning("lease_not_renewed", reason=str(error))
            return
        with self._lock:
            if fence != self._fence:
                log.info("lease", held=fence is not None, owner=self._owner)
            self._fence = fence
            self._good_until = asked_at + LEASE_TTL_S - RENEW_EVERY_S

    def fence(self) -> Fence | None:
        """Return the fence while the lease is surely ours; the database checks it again."""
        with self._lock:
            return self._fence if time.monotonic() < self._good_until else None

    def give_up(self) -> None:
        """Let another process take over at once."""
        with self._lock:
            self._fence = None
        try:
            give_up_lease(self._db, LEASE, self._owner)
        except BridgeError as error:
            log.info("lease_left_to_expire", reason=str(error))


@dataclass(frozen=True, slots=True)
class Job:
    """
    A kind of work: how often, and what to call with the fence.

    ``wanted`` keeps a frequent job off the record while it has nothing to do.
    """

    name: str
    every_s: float
    task: Callable[[Fence], object]
    wanted: Callable[[], bool] | None = None


def run_job(bridge: Bridge, leadership: Leadership, job: Job) -> None:
    """Run a job once if this process is the leader; what goes wrong is kept, never raised."""
    fence = leadership.fence()
    if fence is None:
        return
    started = time.monotonic()
    error = ""
    try:
        if job.wanted is not None and not job.wanted():
            return
        record_start(bridge.db, job.name, leadership.owner)
        job.task(fence)
    except BridgeError as fault:
        error = str(fault)
        log.warning("job_failed", job=job.name, reason=error)
    except Exception as fault:  # a job must never take the worker down
        error = f"{type(fault).__name__}: see the log"
        log.exception("job_crashed", job=job.name)
    try:
        duration_ms = int((time.monotonic() - started) * 1000)
        record_end(bridge.db, job.name, duration_ms=duration_ms, error=error)
    except BridgeError as fault:
        log.warning("job_end_not_recorded", job=job.name, reason=str(fault))
