"""The rows of what monitors and the overview wait for, on a site of very many orders."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import requests

from bench import uses
from bench.many_accounts import add_numbers
from bench.members import MEMBERS, PURCHASE, add_members
from bench.results import Result
from bench.stage import API_KEY, CONFIG, BenchError, Stage, running_stage
from bench.timing import percentiles, times_of
from bridge.config import load_settings
from bridge.services.books.correct_sums import correct_sums
from bridge.services.reports.sum_sales import read_sales
from bridge.wiring import Bridge, build
from demo.private_server import PrivateServer
from demo.site import DATABASE

MOST_MS = 30
_TIMEOUT_S = 60
_FIRST_ORDER = 1_000_000
# One in a thousand waits for its payment; the others were granted in the course of a year.
_ORDERS = f"""
    INSERT INTO wp_aipkit_bridge_orders
           (order_id, order_number, customer_id, account_id, status, state, due, granted,
            ordered_at, granted_at, first_seen_at, currency, sold_for)
    SELECT {_FIRST_ORDER} + number, {_FIRST_ORDER} + number, user_id, user_id,
           IF(waits, 'pending', 'completed'), IF(waits, 'waiting', 'granted'),
           {PURCHASE}, IF(waits, 0, {PURCHASE}), at, IF(waits, NULL, at), at, 'EUR', 5
      FROM (SELECT number, {MEMBERS.start} + number %% {len(MEMBERS)} AS user_id,
                   number %% 1000 = 0 AS waits,
                   UTC_TIMESTAMP() - INTERVAL number %% 525600 MINUTE AS at
              FROM (SELECT high.n * 1000 + low.n AS number FROM numbers high JOIN numbers low
                     WHERE high.n < %s) every) one
"""
_SALES = f"""
    INSERT INTO wp_aipkit_bridge_sale_lines
           (order_id, line_id, refund_id, at, day, currency, product_id, variation_id, quantity,
            credits, amount)
    SELECT order_id, order_id, 0, granted_at, DATE(granted_at), 'EUR', 12, 0, 1, {PURCHASE}, 5
      FROM wp_aipkit_bridge_orders WHERE order_id >= {_FIRST_ORDER} AND granted > 0
"""  # of constants


def measure(count: int, asked: int) -> Sequence[Result]:
    """Ask for each so often, one at a time, on a site of so many orders."""
    with running_stage(lambda server, bridge: _fill(server, bridge, count)) as stage:
        bridge = build(load_settings(stage.folder / CONFIG, environ={}))
        try:
            asks: dict[str, Callable[[], object]] = {
                "status": lambda: _get(stage, "/status.json"),
                "metrics": lambda: _get(stage, "/metrics"),
                "sums": lambda: _sum(bridge),
            }
            found = [_result(row, count, times_of(ask, asked)) for row, ask in asks.items()]
            return [*found, uses.measure(bridge, count, asked)]
        finally:
            bridge.close()


def _fill(server: PrivateServer, bridge: Bridge, count: int) -> None:
    with server.connect(database=DATABASE) as connection, connection.cursor() as cursor:
        add_members(cursor)
        add_numbers(cursor)
        cursor.execute(_ORDERS, (count // 1000,))
        for turn in range(uses.USES_EACH):
            cursor.execute(uses.USES, {"turn": turn, "count": count})
        cursor.execute(_SALES)
        cursor.execute("ANALYZE TABLE wp_aipkit_bridge_orders, wp_aipkit_token_ledger")
    correct_sums(bridge.db)
    uses.sum_up(bridge)


def _get(stage: Stage, path: str) -> None:
    headers = {"Authorization": f"Bearer {API_KEY}"}
    answer = requests.get(f"{stage.url}{path}", headers=headers, timeout=_TIMEOUT_S)
    if answer.status_code != 200:
        raise BenchError(f"{path}: {answer.status_code} {answer.text[:200]}")


def _sum(bridge: Bridge) -> None:
    """Add up what the overview shows, which keeps it for a minute."""
    with bridge.db.reading() as tx:
        read_sales(tx, bridge.site.get().calendar)


def _result(row: str, count: int, took_ms: Sequence[float]) -> Result:
    found = percentiles(took_ms)
    p50, p95, details = found.p50_ms, found.p95_ms, asdict(found)
    return Result(row, f"{count:,} orders: the median (p95 {p95:.0f} ms)", f"{p50:.1f} ms", "–",
                  f"{p50:.0f} ms", f"≤ {MOST_MS} ms", p50 <= MOST_MS, details)  # fmt: skip
