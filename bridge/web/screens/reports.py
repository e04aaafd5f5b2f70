"""`/admin/credits/reports`: what came in by month and product, and who used what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import InvalidInputError
from bridge.domain.reports import ONE_DAY, Span, by_currency, month_of
from bridge.domain.sentences import Sentence
from bridge.services.reports import export
from bridge.services.reports.view_span import list_months, site_today, view_span
from bridge.services.reports.view_usage import view_usage
from bridge.web.http.deps import get_bridge
from bridge.web.http.formatting import mark
from bridge.web.http.sending import send_csv
from bridge.web.screens.admin import require_admin
from bridge.web.screens.csv_words import heading
from bridge.web.screens.frame import init_screens, render

bp = Blueprint("reports", __name__, url_prefix="/admin/credits/reports")
init_screens(bp)

_MOST = 50
"""Users, and models of users, that a page shows."""
_YEARS = range(1990, 2200)
_FILES = {
    "sales": (export.SALES, export.export_sales),
    "ledger": (export.LEDGER, export.export_ledger),
    "users": (export.USERS, export.export_users),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A span that is one click away."""

    name: str
    span: Span


@bp.get("")
def show_span() -> ResponseReturnValue:
    """Show what came in, and the months beside it: `from` and `to`, else this month."""
    admin, bridge = require_admin(), get_bridge()
    calendar, today = bridge.site.get().calendar, _today()
    span = _asked() or month_of(today)
    report = view_span(bridge.db, calendar, span, bridge.outstanding.get())
    return _render(
        "admin/reports.html",
        admin=admin,
        report=report,
        totals=by_currency(report.products),
        months=list_months(bridge.db, today),
        choices=_choices(today),
        span=span,
    )


@bp.get("/usage")
def show_usage() -> ResponseReturnValue:
    """Show who used what, on which model: `from` and `to`, else today."""
    admin, bridge = require_admin(), get_bridge()
    today = _today()
    span = _asked() or Span(today, today)
    site = bridge.site.get()
    return _render(
        "admin/reports_usage.html",
        admin=admin,
        report=view_usage(bridge.db, site.calendar, span, _MOST),
        most=_MOST,
        titles={bot.bot_id: bot.title for bot in site.chatbots},
        choices=_choices(today),
        span=span,
    )


@bp.get("/<kind>.csv")
def download(kind: str) -> ResponseReturnValue:
    """Send a file of a span, as it is read."""
    require_admin()
    if kind not in _FILES:
        abort(404)
    bridge, span = get_bridge(), _asked() or month_of(_today())
    columns, pieces_of = _FILES[kind]
    words = {name: heading(name) for name in columns}  # the pieces are made after the request
    pieces = pieces_of(bridge.db, bridge.site.get().calendar, span, words.__getitem__)
    return send_csv(pieces, export.file_name(kind, span))


def _today() -> date:
    bridge = get_bridge()
    return site_today(bridge.db, bridge.site.get().calendar)


def _asked() -> Span | None:
    """Return the span of an address; None if it says none."""
    first, last = _day("from"), _day("to")
    if first is None and last is None:
        return None
    return Span(first or last or date.max, last or first or date.max)


def _day(name: str) -> date | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in _YEARS:
        raise InvalidInputError(Sentence("Type the days as 2026-11-24: year, month and day."))
    return day


def _choices(today: date) -> list[Choice]:
    this, yesterday = month_of(today), today - ONE_DAY
    return [
        Choice(mark("Today"), Span(today, today)),
        Choice(mark("Yesterday"), Span(yesterday, yesterday)),
        Choice(mark("Last 7 days"), Span(today - timedelta(days=6), today)),
        Choice(mark("This month"), this),
        Choice(mark("Last month"), month_of(this.first - ONE_DAY)),
        Choice(mark("This year"), Span(today.replace(month=1, day=1), today)),
    ]


def _render(template: str, *, span: Span, **values: Any) -> Response:
    return render(
        template,
        get_bridge().site.get(),
        screen="reports",
        span=span,
        at=span_fields(span),
        fields_of=span_fields,
        **values,
    )


def span_fields(span: Span) -> Mapping[str, str]:
    """Return a span as addresses have it."""
    return {"from": span.first.isoformat(), "to": span.last.isoformat()}
