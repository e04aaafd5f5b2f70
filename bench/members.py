"""Members who own credits, bought in two orders each: what the load is about."""

from collections.abc import Sequence
from typing import Any

MEMBERS = range(1001, 11001)
"""Their ids. Spending uses the first thousand; pages are asked for by all."""

PURCHASE = 1_000_000_000
"""Credits of one order: nobody runs out of them."""

ROLE = 'a:1:{s:8:"customer";b:1;}'

_USER = """
    INSERT INTO wp_users (ID, user_login, user_email, display_name, user_registered)
    VALUES (%s, %s, %s, %s, '2020-01-01')
"""
_META = "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)"
_ORDER = """
    INSERT INTO wp_aipkit_bridge_orders
           (order_id, order_number, customer_id, account_id, status, state, due, granted,
            ordered_at, granted_at, first_seen_at, currency)
    VALUES (%s, %s, %s, %s, 'completed', 'granted', %s, %s, %s, %s, %s, 'EUR')
"""
_LINE = """
    INSERT INTO wp_aipkit_bridge_order_lines
           (order_id, line_id, product_id, variation_id, name, quantity, unit_amount, paid,
            frozen_at)
    VALUES (%s, %s, 12, 0, '10k Token Pack', 1, %s, 5, %s)
"""
# The row that explains the balance: of one that nothing explains the bridge sums the ledger.
_LEDGER = """
    INSERT INTO wp_aipkit_token_ledger
           (user_id, actor_type, module, context_type, context_id, operation, usage_total_units,
            credits_delta, entry_type, reference_type, reference_id, idempotency_key, created_at)
    VALUES (%s, 'user', 'woocommerce', 'order', %s, 'purchase', %s, %s, 'purchase',
            'woocommerce_order', %s, %s, %s)
"""


def add_members(cursor: Any) -> None:
    """Put them into a site whose bridge's tables are there."""
    names = [(user, f"member{user}", f"member{user}@bench.example") for user in MEMBERS]
    cursor.executemany(_USER, [(user, login, email, login) for user, login, email in names])
    cursor.executemany(_META, [row for user in MEMBERS for row in _metas(user)])
    orders = [(2 * user + at, user, f"2026-0{at + 1}-15") for user in MEMBERS for at in (0, 1)]
    cursor.executemany(_ORDER, [_order(*order) for order in orders])
    cursor.executemany(_LINE, [(order, order, PURCHASE, at) for order, _, at in orders])
    cursor.executemany(_LEDGER, [_grant(*order) for order in orders])


def _metas(user: int) -> Sequence[tuple[object, ...]]:
    return (
        (user, "nickname", f"member{user}"),
        (user, "wp_capabilities", ROLE),
        (user, "_aipkit_token_balance", str(2 * PURCHASE)),
    )


def _order(order: int, user: int, at: str) -> Sequence[object]:
    return (order, str(order), user, user, PURCHASE, PURCHASE, at, at, at)


def _grant(order: int, user: int, at: str) -> Sequence[object]:
    key = f"woocommerce_order_{order}_purchase"
    return (user, order, PURCHASE, PURCHASE, str(order), key, at)
