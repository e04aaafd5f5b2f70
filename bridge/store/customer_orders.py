"""Orders of one customer that granted nothing, or about which something must be asked."""

from bridge.domain.ids import UserId
from bridge.domain.order_views import OrderView
from bridge.store.orders import VIEW, view_of
from bridge.store.tx import Tx

_LAST = " ORDER BY order_id DESC LIMIT %s"
_BOUGHT = f"{VIEW} WHERE customer_id = %s AND (granted = 0 OR state = 'attention'){_LAST}"
_OWNED = (
    f"{VIEW} WHERE account_id = %s AND customer_id <> account_id AND state = 'attention'{_LAST}"
)
_BY_ADDRESS = f"""
    {VIEW} WHERE email = %s AND customer_id = 0 AND account_id IS NULL{_LAST}
"""
_BY_NUMBER = f"{VIEW} WHERE order_number = %s{_LAST}"


def list_open(tx: Tx, user_id: UserId, email: str, limit: int) -> list[OrderView]:
    """
    Return a customer's orders that granted nothing or ask for something, newest first.

    Those among them that a guest bought with the customer's e-mail address.
    """
    found = tx.all(_BOUGHT, (user_id, limit)) + tx.all(_OWNED, (user_id, limit))
    orders = {row["order_id"]: view_of(row) for row in found}
    orders |= {order.order_id: order for order in list_guests(tx, email, limit)}
    return [orders[order_id] for order_id in sorted(orders, reverse=True)[:limit]]


def list_guests(tx: Tx, email: str, limit: int) -> list[OrderView]:
    """Return guests' orders with an e-mail address that nobody owns, newest first."""
    rows = tx.all(_BY_ADDRESS, (email.lower(), limit)) if email else []
    return [view_of(row) for row in rows]


def list_numbered(tx: Tx, number: str, limit: int) -> list[OrderView]:
    """Return the orders that the shop calls by a number, newest first."""
    return [view_of(row) for row in tx.all(_BY_NUMBER, (number, limit))]
