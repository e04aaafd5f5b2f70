"""The state of the bridge, its shop and its database, as the status page and monitors see it."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

from bridge.domain.findings import Finding, ResolvedFinding
from bridge.domain.jobs import JobView, LeaseView
from bridge.domain.order_views import DismissedOrder, OrderCounts, OrderView
from bridge.domain.sentences import Sentence
from bridge.domain.site import Site
from bridge.domain.verdicts import OrderState
from bridge.services.books.comparing import Reconciliation
from bridge.services.books.reconcile import last_reconciled
from bridge.services.orders.look_at_orders import STREAMS
from bridge.services.orders.poll_shop import ShopHealth, read_health
from bridge.store import (
    annotations,
    dismissals,
    findings,
    jobs,
    leases,
    migrate,
    order_sums,
    orders,
    state,
)
from bridge.store.db import Database
from bridge.store.server import describe
from bridge.store.tx import Tx
from bridge.store.wp_options import heartbeat_is_fresh
from bridge.version import VERSION

LISTED = 50
"""How many orders of a kind the page lists."""


@dataclass(frozen=True, slots=True)
class SyncView:
    """How far the shop was read."""

    cursors: dict[str, datetime | None]  # by stream; None before the first page
    last_poll_at: datetime | None  # the last one that went well
    lag_s: float | None  # seconds since then; None before the first
    next_poll_at: datetime | None  # about; None where no worker is there to read it


@dataclass(frozen=True, slots=True)
class StatusWarning:
    """Something the owner should do: ``code`` is stable, ``text`` says what."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class StatusView:
    """Everything the status page shows, at ``at`` (the database's clock)."""

    at: datetime
    healthy: bool
    warnings: tuple[StatusWarning, ...]
    shop: ShopHealth
    shop_url: str
    admin_url: str  # wp-admin, for links to orders
    sync: SyncView
    orders: OrderCounts
    attention: Sequence[OrderView]
    unclaimed: Sequence[OrderView]
    waiting: Sequence[OrderView]
    dismissed: Sequence[DismissedOrder]
    annotations_pending: int
    annotations_error: str
    findings: Sequence[Finding]
    findings_open: int
    findings_resolved: Sequence[ResolvedFinding]
    jobs: Sequence[JobView]
    leases: Sequence[LeaseView]
    reconciled_at: datetime | None  # when the books were compared last
    reconciled: Reconciliation | None
    database: dict[str, str]
    versions: dict[str, str]


def check_ready(db: Database) -> None:
    """
    Return if the database can be reached and is migrated; never mind the shop.

    Raises:
        DatabaseUnavailableError: It cannot be reached.
        NotMigratedError: Run `aipkit-bridge migrate`.
    """
    with db.reading() as tx:
        migrate.check_migrated(tx)


def view_status(db: Database, site: Site, *, shop_url: str, poll_seconds: int) -> StatusView:
    """
    Return the state now.

    Raises:
        DatabaseUnavailableError: There is nothing to show without the database.
        NotMigratedError: Run `aipkit-bridge migrate`.
    """
    with db.reading() as tx:
        migrate.check_migrated(tx)
        now, health = tx.now(), read_health(tx)
        pending, error = annotations.count_pending(tx)
        held = leases.list_leases(tx)
        sync = _sync(tx, now, health, held, poll_seconds)
        reconciled_at, reconciled = last_reconciled(tx) or (None, None)
        warnings = _warnings(tx, site, health, held, sync, poll_seconds)
        return StatusView(
            at=now,
            healthy=not warnings,
            warnings=warnings,
            shop=health,
            shop_url=shop_url,
            admin_url=f"{site.address}/wp-admin/",
            sync=sync,
            orders=order_sums.count_orders(tx),
            attention=orders.list_by_state(tx, OrderState.ATTENTION, limit=LISTED),
            unclaimed=orders.list_by_state(tx, OrderState.UNCLAIMED, limit=LISTED),
            waiting=orders.list_by_state(tx, OrderState.WAITING, limit=LISTED),
            dismissed=dismissals.list_dismissed(tx),
            annotations_pending=pending,
            annotations_error=error,
            findings=findings.list_open(tx),
            findings_open=findings.count_open(tx),
            findings_resolved=findings.list_resolved(tx),
            jobs=jobs.list_jobs(tx),
            leases=held,
            reconciled_at=reconciled_at,
            reconciled=reconciled,
            database=_database(tx, db),
            versions=_versions(site),
        )


def _sync(
    tx: Tx, now: datetime, health: ShopHealth, held: Sequence[LeaseView], poll_seconds: int
) -> SyncView:
    polled = health.succeeded_at
    return SyncView(
        cursors={name: state.get_cursor(tx, name) for name, _ in STREAMS},
        last_poll_at=polled,
        lag_s=(now - polled).total_seconds() if polled else None,
        next_poll_at=_next_poll(now, health, poll_seconds) if _is_worked(held) else None,
    )


def _next_poll(now: datetime, health: ShopHealth, poll_seconds: int) -> datetime:
    """Return when the shop is read next, about: after its rest, or when the interval is over."""
    interval = timedelta(seconds=poll_seconds)
    after_last = health.succeeded_at + interval if health.succeeded_at else now
    return max(now, health.retry_at or after_last)


def _is_worked(held: Sequence[LeaseView]) -> bool:
    return any(lease.held for lease in held)


def _warnings(
    tx: Tx,
    site: Site,
    health: ShopHealth,
    held: Sequence[LeaseView],
    sync: SyncView,
    poll_seconds: int,
) -> tuple[StatusWarning, ...]:
    found = []
    if health.fault:
        found.append(StatusWarning(f"shop_{health.fault}", health.message))
    if not _is_worked(held):
        text = Sentence(
            "No worker is running: orders become no tokens. Start aipkit-bridge worker."
        )
        found.append(StatusWarning("no_worker", text))
    elif sync.lag_s is not None and not health.fault and sync.lag_s > 3 * poll_seconds + 60:
        text = Sentence(
            "The last complete poll was {lag_s:.0f} s ago; look at the worker's log.",
            lag_s=sync.lag_s,
        )
        found.append(StatusWarning("poll_late", text))
    if site.peer_active and not heartbeat_is_fresh(tx):
        found.append(
            StatusWarning(
                "peer_grants_too",
                Sentence(
                    "AI Puffer is active and grants orders itself; the bridge waits two minutes "
                    "for each. Activate and configure the AIP Bridge plugin in WordPress: it "
                    "stands the other's grants down."
                ),
            )
        )
    return tuple(found)


def _database(tx: Tx, db: Database) -> dict[str, str]:
    return {
        **describe(tx),
        "transactions": str(db.stats.transactions),
        "repeats": str(db.stats.repeats),
        "failures": str(db.stats.failures),
    }


def _versions(site: Site) -> dict[str, str]:
    return {
        "bridge": VERSION,
        "python": platform.python_version(),
        "flask": version("flask"),
        "pymysql": version("pymysql"),
        "woocommerce": site.woocommerce_version or "unknown",
    }
