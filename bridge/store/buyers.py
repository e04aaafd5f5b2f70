"""Who bought the orders that the bridge knows."""

from collections.abc import Collection

from bridge.domain.buyers import Buyer
from bridge.domain.ids import OrderId
from bridge.store.columns import utc_or_none
from bridge.store.tx import Tx

_BUYERS = """
    SELECT order_id, email, buyer, total, currency, asks_product, ordered_at
      FROM {p}aipkit_bridge_orders WHERE order_id IN %s
"""


def read_buyers(tx: Tx, ids: Collection[int]) -> dict[OrderId, Buyer]:
    """Return who bought some orders; those that the bridge does not know are absent."""
    rows = tx.all(_BUYERS, (tuple(ids),)) if ids else []
    return {
        OrderId(row["order_id"]): Buyer(
            email=row["email"],
            name=row["buyer"],
            total=row["total"],
            currency=row["currency"],
            product_id=row["asks_product"],
            ordered_at=utc_or_none(row["ordered_at"]),
        )
        for row in rows
    }
