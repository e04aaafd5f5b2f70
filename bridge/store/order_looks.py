"""Whether an order was fetched since somebody asked for it."""

from bridge.domain.ids import OrderId
from bridge.store.tx import Tx

_LOOKED = """
    SELECT applied_seq > hinted_number AS looked FROM {p}aipkit_bridge_orders WHERE order_id = %s
"""


def was_looked_at(tx: Tx, order_id: OrderId) -> bool:
    """Say whether the last hint was followed; an order without a row was looked for in vain."""
    row = tx.one(_LOOKED, (order_id,))
    return row is None or bool(row["looked"])
