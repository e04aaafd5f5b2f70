"""Products, variations and order items in WooCommerce's tables: what one unit grants."""

from collections.abc import Collection, Mapping

from bridge.domain.names import AMOUNT_KEY
from bridge.domain.orders import Order, OrderLine
from bridge.domain.packages import ProductMeta
from bridge.store import peer_plugin
from bridge.store.db import Tx

_METAS = """
    SELECT post.ID, meta.meta_key, meta.meta_value
      FROM {p}posts post
      LEFT JOIN {p}postmeta meta ON meta.post_id = post.ID AND meta.meta_key IN %(keys)s
     WHERE post.ID IN %(ids)s AND post.post_type IN ('product', 'product_variation')
     ORDER BY meta.meta_id DESC
"""
_ITEMS = """
    SELECT order_item_id, meta_key, meta_value FROM {p}woocommerce_order_itemmeta
     WHERE order_item_id IN %(ids)s AND meta_key IN ('_product_id', '_variation_id')
"""
_KEYS = (peer_plugin.IS_PACKAGE_KEY, AMOUNT_KEY)

Products = Mapping[int, ProductMeta]
"""By product or variation id; ids that are no product any more are absent."""


def read_products(tx: Tx, ids: Collection[int]) -> Products:
    """Return the package metas of the products and variations that exist."""
    if not ids:
        return {}
    metas: dict[int, dict[str, str | None]] = {}
    for row in tx.all(_METAS, {"keys": _KEYS, "ids": tuple(ids)}):
        metas.setdefault(row["ID"], {})[row["meta_key"]] = row["meta_value"]
    return {product_id: peer_plugin.read_product(found) for product_id, found in metas.items()}


def product_ids(orders: Collection[Order]) -> set[int]:
    """Return all product and variation ids that the orders' lines name."""
    ids = {i for o in orders for line in o.lines for i in (line.product_id, line.variation_id)}
    return ids - {0}


def resolve_lost_lines(tx: Tx, orders: Collection[Order]) -> Mapping[int, tuple[int, int]]:
    """
    Look up lines whose product REST no longer knows (`product_id` 0).

    Returns:
        By line id: product and variation id as WooCommerce's own order item still has them.
    """
    lost = [line.line_id for order in orders for line in order.lines if line.product_id == 0]
    if not lost:
        return {}
    found: dict[int, dict[str, int]] = {}
    for row in tx.all(_ITEMS, {"ids": tuple(lost)}):
        value = str(row["meta_value"] or "")
        number = int(value) if value.isascii() and value.isdigit() else 0
        found.setdefault(row["order_item_id"], {})[row["meta_key"]] = number
    return {
        item: (metas.get("_product_id", 0), metas.get("_variation_id", 0))
        for item, metas in found.items()
    }


def metas_of_line(
    line: OrderLine, products: Products, lost: Mapping[int, tuple[int, int]]
) -> tuple[ProductMeta | None, ProductMeta | None]:
    """Return the line's product and variation metas; None where they are gone or not named."""
    product_id, variation_id = line.product_id, line.variation_id
    if product_id == 0:
        product_id, variation_id = lost.get(line.line_id, (0, 0))
    return products.get(product_id), products.get(variation_id)
