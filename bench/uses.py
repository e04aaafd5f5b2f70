"""The row of reports: what a month brought in and who used most, of very many uses and orders."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial

from bench.many_accounts import FIRST_ID
from bench.results import Result
from bench.timing import percentiles, times_of
from bridge.domain.periods import Calendar
from bridge.domain.quotas import Module
from bridge.domain.reports import Span, month_of
from bridge.services.reports.keep_user_days import keep_user_days
from bridge.services.reports.sum_balances import Outstanding
from bridge.services.reports.usage_by_day import keep_usage_slots, usage_by_day
from bridge.services.reports.view_span import list_months, site_today, view_span
from bridge.services.reports.view_usage import top_users, view_usage
from bridge.wiring import Bridge

MOST_MS = 150
USES_EACH = 5
"""Uses for each order."""

_SUM_FOR_S = 3600.0
_SHOWN = 50
_IN_A_FILE = 1000
# A year of them, one after another as they would have been written, by as many users as orders.
USES = f"""
    INSERT INTO wp_aipkit_token_ledger
           (user_id, actor_type, module, context_type, context_id, provider, model, operation,
            usage_input_units, usage_output_units, usage_total_units, credits_delta, entry_type,
            idempotency_key, meta, created_at)
    SELECT {FIRST_ID} + number, 'user',
           ELT(1 + number %% 3, 'chat', 'image_generator', 'ai_forms'),
           'chatbot', 22 + number %% 4, 'OpenAI', CONCAT('gpt-', number %% 12), 'chat', 120, 40,
           160, -(100 + number %% 977), 'usage', CONCAT('used-', %(turn)s, '-', number),
           CONCAT('{{"billed_credits": ', 100 + number %% 977, '}}'),
           UTC_TIMESTAMP() - INTERVAL 31536000 - 31536000 * (%(turn)s * %(count)s + number)
             DIV ({USES_EACH} * %(count)s) SECOND
      FROM (SELECT high.n * 1000 + low.n AS number FROM numbers high JOIN numbers low
             WHERE high.n < %(count)s DIV 1000) every
     ORDER BY number
"""


def sum_up(bridge: Bridge) -> None:
    """Let the worker's jobs sum up what was used."""
    keep_usage_slots(bridge.db, run_for_s=_SUM_FOR_S)
    keep_user_days(bridge.db, run_for_s=_SUM_FOR_S)


def measure(bridge: Bridge, count: int, asked: int) -> Result:
    """Ask for each kind of report so often, one at a time."""
    calendar = bridge.site.get().calendar
    asks = _asks(bridge, calendar, site_today(bridge.db, calendar))
    found = {kind: percentiles(times_of(ask, asked)) for kind, ask in asks.items()}
    worst = max(found, key=lambda kind: found[kind].p95_ms)
    figure = f"{found[worst].p95_ms:.0f} ms"
    what = f"{count:,} orders, {USES_EACH * count:,} uses: p95 of the slowest, “{worst}”"
    details = {kind: one.p95_ms for kind, one in found.items()}
    return Result("reports", what, figure, "–", figure, f"≤ {MOST_MS} ms",
                  found[worst].p95_ms <= MOST_MS, details)  # fmt: skip


def _asks(bridge: Bridge, calendar: Calendar, today: date) -> Mapping[str, Callable[[], object]]:
    yesterday = Span(today - timedelta(days=1), today - timedelta(days=1))
    last_month = month_of(month_of(today).first - timedelta(days=1))
    spans = {
        "today": Span(today, today),
        "yesterday": yesterday,
        "7 days": Span(today - timedelta(days=6), today),
        "this month": month_of(today),
        "last month": last_month,
        "this year": Span(today.replace(month=1, day=1), today),
    }
    nobody = Outstanding(None, None)
    money = {
        f"money, {name}": partial(view_span, bridge.db, calendar, span, nobody)
        for name, span in spans.items()
    }
    used = {
        f"who used what, {name}": partial(view_usage, bridge.db, calendar, span, _SHOWN)
        for name, span in spans.items()
    }
    return {
        **money,
        **used,
        "months": partial(list_months, bridge.db, today),
        "chart": partial(usage_by_day, bridge.db, calendar, list(Module)),
        "top users, a file": partial(top_users, bridge.db, calendar, last_month, _IN_A_FILE),
    }
