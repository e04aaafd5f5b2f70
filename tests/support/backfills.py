"""Backfills as the command line runs them, and how the database looks before and after."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bridge.domain.backfills import BackfillReport, BackfillSpan
from bridge.services.orders.backfill import BackfillRun
from bridge.services.orders.chunks import Way
from bridge.services.orders.past_orders import past_orders
from bridge.wiring import Bridge
from tests.support.site import SiteDatabase


def backfill(
    bridge: Bridge, way: Way = Way.DB, *, apply: bool = True, since: datetime | None = None
) -> BackfillReport:
    """Run one to its end."""
    rules = bridge.import_context()
    span = BackfillSpan(since, rules.policy.since)
    with past_orders(bridge.db, bridge.shop, span, way, apply=apply) as source:
        run = BackfillRun(replace(rules, shop=source.shop), span, source)
        return run.apply(lambda _: None) if apply else run.foresee(lambda _: None)


def all_tables(site: SiteDatabase) -> Mapping[str, Any]:
    """Return a checksum of every table."""
    names = [next(iter(row.values())) for row in site.rows("SHOW TABLES")]
    return {
        row["Table"]: row["Checksum"] for row in site.rows(f"CHECKSUM TABLE {', '.join(names)}")
    }
