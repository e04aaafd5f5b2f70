"""`/healthz`, `/readyz`, `/metrics`: for monitors and the WordPress plugin."""

from datetime import UTC, datetime

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bridge.config import instance_id
from bridge.services.reports.view_status import check_ready
from bridge.version import VERSION
from bridge.web.http.auth import require_monitor
from bridge.web.http.deps import get_bridge
from bridge.web.http.sending import send_json
from bridge.web.http.values import instant

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that the process lives, and what time it thinks it is: tokens depend on it."""
    time = instant(datetime.now(UTC).replace(microsecond=0))
    return send_json({"status": "ok", "time": time, "version": VERSION})


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """
    Say whether the database is reachable and migrated; else 503. Never the shop's fault.

    Whoever has just started a service learns from `instance` that this one answers.
    """
    check_ready(get_bridge().db)
    return send_json({"status": "ready", "instance": instance_id()})


@bp.get("/metrics")
def metrics() -> Response:
    """Return the figures of the status page for Prometheus."""
    require_monitor()
    figures = generate_latest(get_bridge().metrics)
    return Response(figures, content_type=CONTENT_TYPE_LATEST)
