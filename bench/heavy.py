"""The row of heavy visitors: thousands of purchases, on a site of a hundred chatbots."""

import time
from collections.abc import Sequence
from statistics import median

import requests

from bench.fragment import make_token
from bench.many_accounts import add_numbers
from bench.members import MEMBERS, PURCHASE
from bench.results import Result
from bench.stage import BenchError, Stage, fill_members, running_stage
from bridge.store.peer_plugin import BALANCE_KEY
from bridge.wiring import Bridge
from demo.private_server import PrivateServer
from demo.site import CHATBOTS, DATABASE, add_chatbot

MOST_TIMES = 3
PURCHASES, BOTS = 10_000, 100
VISITORS = MEMBERS[:40]
_OTHERS = MEMBERS[100:110]
"""Who warms both services up."""

_FIRST_ORDER = 1_000_000
_FIRST_BOT = 1000
_BY_NUMBER = f"""
      FROM (SELECT {_FIRST_ORDER} + user.n * {PURCHASES} + high.n * 1000 + low.n AS order_id,
                   {VISITORS.start} + user.n AS user_id,
                   '2026-01-01' + INTERVAL high.n * 1000 + low.n MINUTE AS at
              FROM numbers user JOIN numbers high JOIN numbers low
             WHERE user.n < {len(VISITORS)} AND high.n < {PURCHASES // 1000}) one
"""
_FILL = (
    f"""
    INSERT INTO wp_aipkit_bridge_orders
           (order_id, order_number, customer_id, account_id, status, state, due, granted,
            ordered_at, granted_at, first_seen_at, currency)
    SELECT order_id, order_id, user_id, user_id, 'completed', 'granted', {PURCHASE}, {PURCHASE},
           at, at, at, 'EUR' {_BY_NUMBER}
    """,
    f"""
    INSERT INTO wp_aipkit_bridge_order_lines
           (order_id, line_id, product_id, variation_id, name, quantity, unit_amount, paid,
            frozen_at)
    SELECT order_id, order_id, 12, 0, '10k Token Pack', 1, {PURCHASE}, 5, at {_BY_NUMBER}
    """,
    f"""
    INSERT INTO wp_aipkit_token_ledger
           (user_id, actor_type, module, context_type, context_id, operation, usage_total_units,
            credits_delta, entry_type, reference_type, reference_id, idempotency_key, created_at)
    SELECT user_id, 'user', 'woocommerce', 'order', order_id, 'purchase', {PURCHASE}, {PURCHASE},
           'purchase', 'woocommerce_order', order_id,
           CONCAT('woocommerce_order_', order_id, '_purchase'), at {_BY_NUMBER}
    """,
    f"""
    UPDATE wp_usermeta SET meta_value = meta_value + {PURCHASES * PURCHASE}
     WHERE meta_key = '{BALANCE_KEY}'
       AND user_id BETWEEN {VISITORS.start} AND {VISITORS.stop - 1}
    """,
)
_USED = """
    INSERT INTO wp_usermeta (user_id, meta_key, meta_value)
    SELECT ID, CONCAT(%s, %s), %s FROM wp_users WHERE ID BETWEEN %s AND %s
"""


def measure() -> Sequence[Result]:
    """Let visitors of both kinds open their first page and one after a change, in turns."""
    with running_stage() as ordinary, running_stage(_fill) as heavy:
        for user in _OTHERS:
            _ms(ordinary, user), _ms(heavy, user)
        times = [[(_ms(ordinary, user), _ms(heavy, user)) for user in VISITORS] for _ in range(2)]
    found = []
    for which, pairs in zip(("first pages", "pages after a change"), times, strict=True):
        plain, figure = (median(ms) for ms in zip(*pairs, strict=True))
        ratio = median(ms / plain_ms for plain_ms, ms in pairs)
        what = f"{which} of {len(VISITORS)} visitors with {PURCHASES:,} purchases, {BOTS} chatbots"
        found.append(
            Result("heavy", what, f"{figure:.1f} ms", f"{plain:.1f} ms", f"{ratio:.1f} ×",
                   f"≤ {MOST_TIMES} ×", ratio <= MOST_TIMES, {"pairs_ms": pairs})
        )  # fmt: skip
    return found


def _fill(server: PrivateServer, bridge: Bridge) -> None:
    fill_members(server, bridge)
    with server.connect(database=DATABASE) as connection, connection.cursor() as cursor:
        add_numbers(cursor)
        for sql in _FILL:
            cursor.execute(sql)
        _, _, limits = CHATBOTS[0]
        for number in range(BOTS - len(CHATBOTS)):
            bot = _FIRST_BOT + number
            add_chatbot(cursor, bot, f"Assistant {number}", limits)
            ends = (VISITORS.start, VISITORS.stop - 1)
            cursor.execute(_USED, ("_aipkit_token_usage_", bot, 10 + number, *ends))
            cursor.execute(_USED, ("_aipkit_last_token_reset_", bot, int(time.time()), *ends))
        cursor.execute("ANALYZE TABLE wp_usermeta, wp_aipkit_bridge_orders")


def _ms(stage: Stage, user: int) -> float:
    """Return how long a visitor's page takes whose balance has just changed."""
    stage.value(
        "UPDATE wp_usermeta SET meta_value = meta_value - 1 WHERE user_id = %s AND meta_key = %s",
        user, BALANCE_KEY,
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {make_token(stage, user)}"}
    started = time.perf_counter()
    answer = requests.get(f"{stage.url}/v1/fragments/token-usage", headers=headers, timeout=60)
    took_ms = 1000 * (time.perf_counter() - started)
    if answer.status_code != 200:
        raise BenchError(f"A fragment was answered by {answer.status_code}: {answer.text[:200]}")
    return took_ms
