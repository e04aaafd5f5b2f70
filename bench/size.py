"""The row of size: what a booking costs on a site of very many accounts and ledger rows."""

from collections.abc import Sequence
from statistics import median

from bench.many_accounts import add_accounts
from bench.processes import tree
from bench.results import Result
from bench.spending import RECORD, open_accounts, wait_until_idle
from bench.stage import Stage, fill_members, running_stage
from bridge.wiring import Bridge
from demo.private_server import PrivateServer
from demo.site import DATABASE

MOST_TIMES = 1.3
ROWS_EACH = 5
"""Ledger rows of each account."""

_LEDGER = """
    INSERT INTO wp_aipkit_token_ledger
           (user_id, actor_type, module, context_type, context_id, provider, model, operation,
            usage_input_units, usage_output_units, usage_total_units, credits_delta, entry_type,
            idempotency_key, created_at)
    SELECT user_id, 'user', 'chat', 'chatbot', 22, 'OpenAI', 'gpt-5', 'chat', 120, 40, 160, -160,
           'usage', CONCAT('bench-', n, '-', user_id), '2026-01-01' + INTERVAL n * 97 HOUR
      FROM numbers JOIN wp_aipkit_bridge_summaries WHERE n < %s
"""


def measure(count: int, rounds: int, seconds: int) -> Sequence[Result]:
    """Book the same uses on a small site and on one of *count* accounts, in turns."""
    with (
        running_stage() as small,
        running_stage(lambda server, bridge: _fill(server, bridge, count)) as large,
    ):
        for stage in (small, large):
            open_accounts(stage)
            _cost_ms(stage, seconds)
            # The worker looks at all accounts and rows once, which is no part of a booking.
            wait_until_idle([*tree(stage.process.pid), stage.database_pid])
        pairs = [(_cost_ms(small, seconds), _cost_ms(large, seconds)) for _ in range(rounds)]
    plain, figure = (median(costs) for costs in zip(*pairs, strict=True))
    times = median(cost / least for least, cost in pairs)
    what = f"processor time of a record, {count:,} accounts, {ROWS_EACH * count:,} ledger rows"
    return [
        Result("size", what, f"{figure:.2f} ms", f"{plain:.2f} ms", f"{times:.2f} ×",
               f"≤ {MOST_TIMES} ×", times <= MOST_TIMES, {"pairs_ms": pairs})
    ]  # fmt: skip


def _fill(server: PrivateServer, bridge: Bridge, count: int) -> None:
    add_accounts(server, bridge, count)
    with server.connect(database=DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute(_LEDGER, (ROWS_EACH,))
    fill_members(server, bridge)


def _cost_ms(stage: Stage, seconds: int) -> float:
    """Return the processor time of one use, of the service and the database."""
    _, details = RECORD.spend(stage, seconds)
    return details["service_cpu_ms"] + details["database_cpu_ms"]
