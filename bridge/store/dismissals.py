"""Orders that people took off the lists: who, when, and why."""

from collections.abc import Sequence

from bridge.domain.ids import OrderId
from bridge.domain.order_views import DismissedOrder
from bridge.store import order_sums
from bridge.store.columns import utc
from bridge.store.tx import Tx

_DISMISS = """
    UPDATE {p}aipkit_bridge_orders
       SET dismissed_reason = %(reason)s, dismissed_by = %(by)s, dismissed_at = UTC_TIMESTAMP(6)
     WHERE order_id = %(order_id)s
"""
_LIST_AGAIN = "UPDATE {p}aipkit_bridge_orders SET dismissed_reason = NULL WHERE order_id = %s"
_DISMISSED = """
    SELECT order_id, order_number, reason, dismissed_reason, dismissed_by, dismissed_at
      FROM {p}aipkit_bridge_orders
     WHERE dismissed_at IS NOT NULL AND dismissed_reason IS NOT NULL
     ORDER BY dismissed_at DESC LIMIT %s
"""


def dismiss(tx: Tx, order_id: OrderId, reason: str, *, by: str) -> None:
    """Take an order off the lists until its reason changes."""
    with order_sums.counting(tx, order_id):
        tx.run(_DISMISS, {"reason": reason[:500], "by": by[:100], "order_id": order_id})


def list_again(tx: Tx, order_id: OrderId) -> None:
    """Put a dismissed order on the lists again."""
    with order_sums.counting(tx, order_id):
        tx.run(_LIST_AGAIN, (order_id,))


def list_dismissed(tx: Tx, limit: int = 10) -> Sequence[DismissedOrder]:
    """Return those that were dismissed last, and in which nothing else has become wrong."""
    return [
        DismissedOrder(
            **{
                **row,
                "order_number": row["order_number"] or str(row["order_id"]),
                "dismissed_at": utc(row["dismissed_at"]),
            }
        )
        for row in tx.all(_DISMISSED, (limit,))
    ]
