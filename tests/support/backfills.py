"""Backfills as the command line runs them, and how the database looks before and after."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.domain.backfills import BackfillReport, BackfillSpan
from bridge.services.orders.backfill import BackfillRun
from bridge.services.orders.backfill_parts import DoPart, PartTeam
from bridge.services.orders.chunks import Way
from bridge.services.orders.past_orders import past_orders
from bridge.services.orders.teams import Hear, Team
from bridge.wiring import Bridge
from tests.support.site import SiteDatabase


def backfill(
    bridge: Bridge,
    way: Way = Way.DB,
    *,
    apply: bool = True,
    since: datetime | None = None,
    team: PartTeam | None = None,
    hear: Hear = lambda _: None,
) -> BackfillReport:
    """Run one to its end."""
    with _run(bridge, way, apply=apply, since=since) as run:
        return run.apply(hear, team) if apply else run.foresee(hear, team)


@contextmanager
def _run(
    bridge: Bridge, way: Way, *, apply: bool, since: datetime | None = None
) -> Iterator[BackfillRun]:
    rules = bridge.import_context()
    span = BackfillSpan(since, rules.policy.since)
    with past_orders(bridge.db, bridge.shop, span, way, apply=apply) as source:
        yield BackfillRun(replace(rules, shop=source.shop), span, source)


def team_of(
    size: int, make_bridge: Callable[[], Bridge]
) -> AbstractContextManager[PartTeam | None]:
    """Return so many processes for `backfill`; none for 0."""

    @contextmanager
    def begin() -> Iterator[DoPart]:
        with _run(make_bridge(), Way.DB, apply=True) as run:
            yield run.do_part

    return Team(size, begin) if size else nullcontext()


def all_tables(site: SiteDatabase) -> Mapping[str, Any]:
    """Return a checksum of every table."""
    names = [next(iter(row.values())) for row in site.rows("SHOW TABLES")]
    return {
        row["Table"]: row["Checksum"] for row in site.rows(f"CHECKSUM TABLE {', '.join(names)}")
    }
