"""`/healthz`, `/readyz`, `/metrics`: for monitors and the WordPress plugin."""

from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from bridge.services.reports.view_status import StatusView, check_ready
from bridge.version import VERSION
from bridge.web.http.auth import require_monitor
from bridge.web.http.deps import current_status, get_bridge
from bridge.web.http.values import instant

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that the process lives, and what time it thinks it is: tokens depend on it."""
    time = instant(datetime.now(UTC).replace(microsecond=0))
    return jsonify({"status": "ok", "time": time, "version": VERSION})


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether the database is reachable and migrated; else 503. Never the shop's fault."""
    check_ready(get_bridge().db)
    return jsonify({"status": "ready"})


@bp.get("/metrics")
def metrics() -> Response:
    """Return the figures of the status page for Prometheus."""
    require_monitor()
    return Response(generate_latest(_registry(current_status())), content_type=CONTENT_TYPE_LATEST)


def _registry(view: StatusView) -> CollectorRegistry:
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float) -> None:
        Gauge(f"aipkit_bridge_{name}", text, registry=registry).set(value)

    gauge("healthy", "1 while the status page has nothing to complain of", view.healthy)
    gauge("shop_reachable", "1 while the last talk with the shop went well", not view.shop.fault)
    if view.sync.lag_s is not None:
        gauge("poll_lag_seconds", "Seconds since the last complete poll", view.sync.lag_s)
    orders = Gauge("aipkit_bridge_orders", "Orders by state", ["state"], registry=registry)
    for state in ("seen", "granted", "waiting", "unclaimed", "attention"):
        orders.labels(state).set(getattr(view.orders, state))
    gauge("shortfall_credits", "Credits that could not be taken back", view.orders.shortfall)
    gauge("findings_open", "Open findings", view.findings_open)
    gauge("annotations_pending", "Order notes still to be written", view.annotations_pending)
    for name in ("transactions", "repeats", "failures"):
        gauge(f"database_{name}", "Of this process since it started", float(view.database[name]))
    return registry
