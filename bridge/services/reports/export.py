"""Ledger, sales and top users of a span as CSV, a piece at a time; times are UTC."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from bridge.domain.csv_text import csv_lines, csv_text
from bridge.domain.ids import UserId
from bridge.domain.instants import rfc3339
from bridge.domain.periods import Calendar
from bridge.domain.reports import Span
from bridge.services.reports.view_span import instants_of
from bridge.services.reports.view_usage import top_users
from bridge.store import ledger_pages, sale_lines
from bridge.store.columns import utc
from bridge.store.db import Database

Heading: TypeAlias = Callable[[str], str]
"""What a column is called for the reader."""

SALES = (
    "at",
    "kind",
    "order_id",
    "order_number",
    "refund_id",
    "product_id",
    "variation_id",
    "product",
    "quantity",
    "tokens",
    "amount",
    "currency",
    "user_id",
    "email",
    "status",
)
LEDGER = (
    "id",
    "at",
    "user_id",
    "session_id",
    "entry_type",
    "operation",
    "tokens",
    "balance_after",
    "module",
    "context_type",
    "context_id",
    "provider",
    "model",
    "units_in",
    "units_out",
    "units",
    "reference_type",
    "reference_id",
    "reason",
)
USERS = ("user_id", "login", "name", "email", "uses", "tokens_used", "tokens_spent")
_ROWS = 500
_MOST_USERS = 1000


def export_sales(db: Database, calendar: Calendar, span: Span, head: Heading) -> Iterator[str]:
    """Yield each line that was sold or refunded, by when that was."""
    since, until = instants_of(calendar, span)
    after = (since, 0, 0, -1)
    yield csv_lines([[head(name) for name in SALES]])
    while True:
        with db.reading() as tx:
            rows = sale_lines.page(tx, until, _ROWS, after)
        if not rows:
            return
        last = rows[-1]
        after = (utc(last["at"]), last["order_id"], last["line_id"], last["refund_id"])
        yield csv_lines(map(_sale_cells, rows))


def _sale_cells(row: Mapping[str, Any]) -> Sequence[object]:
    return (
        rfc3339(utc(row["at"])),
        "refund" if row["refund_id"] else "sale",
        row["order_id"],
        csv_text(row["order_number"] or str(row["order_id"])),
        row["refund_id"] or "",
        row["product_id"],
        row["variation_id"] or "",
        csv_text(row["name"] or ""),
        row["quantity"],
        row["credits"],
        money_text(row["amount"]),
        row["currency"],
        row["account_id"] or "",
        csv_text(row["email"] or ""),
        csv_text(row["status"]),
    )


def money_text(amount: Decimal) -> str:
    """Return an amount with two decimals, or as many as it has."""
    exponent = amount.normalize().as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return f"{amount:.{max(2, places)}f}"


def export_ledger(db: Database, calendar: Calendar, span: Span, head: Heading) -> Iterator[str]:
    """Yield each row of the ledger, by its id."""
    since, until = instants_of(calendar, span)
    yield csv_lines([[head(name) for name in LEDGER]])
    with db.reading() as tx:
        ids = ledger_pages.id_range(tx, since, until)
    while ids is not None:
        with db.reading() as tx:
            rows = ledger_pages.page(tx, ids, since, until, _ROWS)
        if not rows:
            return
        ids = (rows[-1]["id"] + 1, ids[1])
        yield csv_lines(map(_ledger_cells, rows))


def _ledger_cells(row: Mapping[str, Any]) -> Sequence[object]:
    meta = _meta(row["meta"])
    return (
        row["id"],
        rfc3339(utc(row["created_at"])),
        row["user_id"] or "",
        csv_text(row["session_id"] or ""),
        csv_text(row["entry_type"]),
        csv_text(row["operation"]),
        row["credits_delta"],
        csv_text(str(meta.get("balance_after", ""))),
        csv_text(row["module"]),
        csv_text(row["context_type"] or ""),
        "" if row["context_id"] is None else row["context_id"],
        csv_text(row["provider"] or ""),
        csv_text(row["model"] or ""),
        row["usage_input_units"],
        row["usage_output_units"],
        row["usage_total_units"],
        csv_text(row["reference_type"] or ""),
        csv_text(row["reference_id"] or ""),
        csv_text(str(meta.get("reason", ""))),
    )


def _meta(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def export_users(db: Database, calendar: Calendar, span: Span, head: Heading) -> Iterator[str]:
    """Yield the thousand users who used most; guests, together, are user 0."""
    users, names = top_users(db, calendar, span, _MOST_USERS)
    yield csv_lines([[head(name) for name in USERS]])
    rows = []
    for one in users:
        name = names.get(UserId(one.user_id))
        texts = (name.login, name.name, name.email) if name else ("", "", "")
        rows.append((one.user_id, *map(csv_text, texts), one.uses, one.credits, one.spent))
    yield csv_lines(rows)


def file_name(kind: str, span: Span) -> str:
    """Return what a span's file is called."""
    return f"{kind}-{span.first.isoformat()}-{span.last.isoformat()}.csv"
