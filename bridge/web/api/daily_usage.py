"""`/v1/usage/daily`: what the site used, by day and module."""

from collections.abc import Sequence
from datetime import date

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import InvalidInputError
from bridge.domain.quotas import Module
from bridge.services.reports.usage_by_day import usage_by_day
from bridge.web.http.auth import require_back_end
from bridge.web.http.deps import get_bridge
from bridge.web.http.sending import send_json

bp = Blueprint("daily_usage", __name__, url_prefix="/v1/usage")


@bp.get("/daily")
def show_daily() -> ResponseReturnValue:
    """Return credits by day and module, in the site's zone."""
    require_back_end("read")
    bridge = get_bridge()
    modules = _modules(bridge.settings.modules.enabled)
    first, last = _day("from"), _day("to")
    calendar = bridge.site.get().calendar
    found = usage_by_day(bridge.db, calendar, modules, first=first, last=last)
    items = [
        {"date": one.day.isoformat(), "module": one.module, "credits": one.credits}
        for one in found
    ]
    return send_json({"items": items, "next_cursor": None})


def _modules(enabled: Sequence[Module]) -> tuple[Module, ...]:
    wanted = request.args.get("module", "")
    if wanted and wanted not in enabled:
        raise InvalidInputError(f"module: one of {', '.join(enabled)}.")
    return (Module(wanted),) if wanted else tuple(enabled)


def _day(name: str) -> date | None:
    """Return a day that a parameter names; years that a database and every zone know."""
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 1971 <= day.year <= 9000:
        raise InvalidInputError(f"{name}: a day like 2026-11-24.")
    return day
