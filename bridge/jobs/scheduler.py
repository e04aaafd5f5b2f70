"""The timetable, and the worker that follows it."""

import os
import socket
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bridge.jobs.runner import RENEW_EVERY_S, Job, Leadership, run_job
from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.services.ask_worker import POLL, RECONCILE, accept, is_asked
from bridge.services.books.correct_sums import correct_sums
from bridge.services.books.prune import prune
from bridge.services.books.reconcile import reconcile, reconcile_is_due
from bridge.services.books.settle_differences import settle_differences
from bridge.services.bulk.book import book_bulks, bulks_to_book
from bridge.services.bulk.read import bulks_to_read, read_bulks
from bridge.services.events.deliver import deliver_events, deliveries_are_due
from bridge.services.events.watch import is_watching, watch_events
from bridge.services.orders.annotate import annotate_orders
from bridge.services.orders.due import annotations_are_due, orders_are_due, shop_rests
from bridge.services.orders.poll_shop import look_again, poll_shop
from bridge.services.reports.keep_user_days import keep_user_days
from bridge.services.reports.usage_by_day import keep_usage_slots
from bridge.services.sign_in import prune_sign_ins
from bridge.services.spending.expire_holds import expire_holds, holds_are_due
from bridge.services.spending.reset_periods import reset_periods
from bridge.store.leases import Fence
from bridge.wiring import Bridge

log = structlog.get_logger()

HINT_EVERY_S = 1.0
ANNOTATE_EVERY_S = 5.0
SETTLE_EVERY_S = 60.0
EXPIRE_EVERY_S = 5.0
RESET_EVERY_S = 60.0
SUMMARIZE_EVERY_S = 15.0
USAGE_EVERY_S = 60.0
PRUNE_EVERY_S = 3600.0
WATCH_EVERY_S = 5.0
CORRECT_EVERY_S = 6 * 3600.0
_CLOCK_EVERY_S = 1.0


def timetable(bridge: Bridge) -> tuple[Job, ...]:
    """Return all jobs."""
    db, shop, spending = bridge.db, bridge.shop, bridge.spending

    def poll(fence: Fence) -> None:
        poll_shop(bridge.import_context(fence), shop)

    def poll_when_asked(fence: Fence) -> None:
        accept(db, POLL)
        poll(fence)

    def compare_books(_: Fence) -> None:
        accept(db, RECONCILE)
        reconcile(db).report()

    def look(fence: Fence) -> None:
        look_again(bridge.import_context(fence), shop)

    return (
        Job(
            "poll_shop", bridge.settings.woocommerce.poll_seconds, poll, lambda: not shop_rests(db)
        ),
        Job("poll_when_asked", HINT_EVERY_S, poll_when_asked, lambda: is_asked(db, POLL)),
        Job("look_again", HINT_EVERY_S, look, lambda: orders_are_due(db)),
        Job(
            "annotate_orders",
            ANNOTATE_EVERY_S,
            lambda _: annotate_orders(db, shop),
            lambda: annotations_are_due(db),
        ),
        Job("settle_differences", SETTLE_EVERY_S, lambda _: settle_differences(db)),
        Job(
            "expire_holds",
            EXPIRE_EVERY_S,
            lambda _: expire_holds(db, spending),
            lambda: holds_are_due(db),
        ),
        Job(
            "reset_periods",
            RESET_EVERY_S,
            lambda _: reset_periods(db, bridge.site.get(), spending),
        ),
        Job(
            "keep_summaries",
            SUMMARIZE_EVERY_S,
            lambda _: keep_summaries(db, bridge.site.get()),
        ),
        Job(
            "reconcile",
            HINT_EVERY_S,
            compare_books,
            lambda: is_asked(db, RECONCILE) or reconcile_is_due(db),
        ),
        Job("read_bulks", HINT_EVERY_S, lambda _: read_bulks(db), lambda: bulks_to_read(db)),
        Job(
            "book_bulks",
            HINT_EVERY_S,
            lambda _: book_bulks(db, spending, bridge.settings.site.url),
            lambda: bulks_to_book(db),
        ),
        Job(
            "watch_events",
            WATCH_EVERY_S,
            lambda _: watch_events(db, bridge.channels),
            lambda: bool(bridge.channels) or is_watching(db),
        ),
        Job(
            "deliver_events",
            HINT_EVERY_S,
            lambda _: deliver_events(db, bridge.webhooks, bridge.settings.site.url),
            lambda: deliveries_are_due(db, bridge.webhooks),
        ),
        Job("correct_sums", CORRECT_EVERY_S, lambda _: correct_sums(db)),
        Job("keep_usage_slots", USAGE_EVERY_S, lambda _: keep_usage_slots(db)),
        Job("keep_user_days", USAGE_EVERY_S, lambda _: keep_user_days(db)),
        Job("prune", PRUNE_EVERY_S, lambda _: prune(db)),
        Job("prune_sign_ins", PRUNE_EVERY_S, lambda _: prune_sign_ins(db)),
    )


class Worker:
    """One process's worker: a stand-by until it gets the lease."""

    def __init__(self, bridge: Bridge) -> None:
        """Start nothing yet."""
        self._bridge = bridge
        name = f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self.leadership = Leadership(bridge, name)
        self._scheduler = BackgroundScheduler(timezone="UTC")

    def start(self) -> None:
        """Put every job on the scheduler and start it; returns at once."""
        jobs = timetable(self._bridge)
        self._scheduler.add_executor("threadpool", "leases", max_workers=1)
        self._add("renew_lease", RENEW_EVERY_S, self.leadership.renew, executor="leases")
        for job in jobs:
            self._add(job.name, job.every_s, run_job, self._bridge, self.leadership, job)
        self.leadership.renew()
        self._scheduler.start()

    def _add(
        self,
        name: str,
        every_s: float,
        func: Callable[..., None],
        *args: object,
        executor: str = "default",
    ) -> None:
        self._scheduler.add_job(
            func,
            IntervalTrigger(seconds=every_s, timezone="UTC"),
            next_run_time=datetime.now(UTC),  # at once; the interval counts from here
            args=args,
            id=name,
            executor=executor,
            max_instances=1,  # never two at once here; the lease covers other processes
            coalesce=True,  # after a pause one run catches up: the cursor knows what is due
            misfire_grace_time=None,  # late is fine, skipped is not
        )

    def stop(self) -> None:
        """Let running jobs finish, then give the lease up."""
        self._scheduler.shutdown(wait=True)
        self.leadership.give_up()

    def run_until(self, stop: Event) -> None:
        """Work until *stop* is set."""
        self.start()
        log.info("worker_started", owner=self.leadership.owner)
        self._mind_the_clock(stop)
        self.stop()

    def _mind_the_clock(self, stop: Event) -> None:
        """
        Wait until *stop* is set, and run all jobs anew when the machine's clock is put back.

        The scheduler knows no other clock, and would stand still until that has caught up.
        """
        before = _ahead_of_monotonic()
        while not stop.wait(_CLOCK_EVERY_S):
            now = _ahead_of_monotonic()
            if now < before - _CLOCK_EVERY_S:
                log.warning("clock_put_back", seconds=round(before - now))
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))
            before = now


def _ahead_of_monotonic() -> float:
    return time.time() - time.monotonic()
