"""Products, variations and order items in WooCommerce's tables: what one unit grants."""

from collections.abc import Collection, Mapping

from bridge.domain.names import AMOUNT_KEY
from bridge.domain.orders import Order, OrderLine
from bridge.domain.packages import ProductMeta, SoldProducts
from bridge.domain.quotas import whole_number
from bridge.store import peer_plugin, wp_translations
from bridge.store.tx import Tx

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
     ORDER BY meta_id DESC
"""
_KEYS = (peer_plugin.IS_PACKAGE_KEY, AMOUNT_KEY)

Products = Mapping[int, ProductMeta]
"""By product or variation id; ids that are no product any more are absent."""


def read_products(tx: Tx, ids: Collection[int]) -> Products:
    """
    Return the package metas of the products and variations that exist.

    A translation without metas has those of its original: shops with several languages sell the
    same thing under several ids, and not every plugin copies metas.
    """
    products = _read(tx, ids)
    bare = [i for i, metas in products.items() if not metas.is_package and not metas.amount]
    originals = wp_translations.find_originals(tx, bare)
    if not originals:
        return products
    others = _read(tx, {i for group in originals.values() for i in group})
    marked = {i: metas for i, metas in others.items() if metas.is_package or metas.amount}
    for translation, group in originals.items():
        original = next((marked[i] for i in group if i in marked), None)
        if original is not None:
            products[translation] = original
    return products


def _read(tx: Tx, ids: Collection[int]) -> dict[int, ProductMeta]:
    if not ids:
        return {}
    metas: dict[int, dict[str, str | None]] = {}
    for row in tx.all(_METAS, {"keys": _KEYS, "ids": tuple(ids)}):
        metas.setdefault(row["ID"], {})[row["meta_key"]] = row["meta_value"]
    return {product_id: peer_plugin.read_product(found) for product_id, found in metas.items()}


Items = Mapping[int, tuple[int, int]]
"""By line id: product and variation id as WooCommerce's own order item has them; 0 for none."""


def read_items(tx: Tx, orders: Collection[Order]) -> Items:
    """
    Look up the lines for which REST names no product, or no variation.

    There it leaves out what was deleted; the order item still says what it was. Where the shop is
    a site of its own, this one has no items.
    """
    ids = [
        i.line_id for order in orders for i in order.lines if not (i.product_id and i.variation_id)
    ]
    if not ids or not tx.has_table(f"{tx.site_prefix}woocommerce_order_itemmeta"):
        return {}
    found: dict[int, dict[str, int]] = {}
    for row in tx.all(_ITEMS, {"ids": tuple(ids)}):
        number = max(0, whole_number(row["meta_value"]) or 0)
        found.setdefault(row["order_item_id"], {})[row["meta_key"]] = number
    return {
        item: (metas.get("_product_id", 0), metas.get("_variation_id", 0))
        for item, metas in found.items()
    }


def sold_by(line: OrderLine, products: Products, items: Items) -> SoldProducts:
    """Return what the database says of the line's product and variation."""
    product_id, variation_id = items.get(line.line_id, (0, 0))
    product_id = line.product_id or product_id
    variation_id = line.variation_id or variation_id
    variation = products.get(variation_id)
    return SoldProducts(
        products.get(product_id),
        variation,
        variation_is_gone=variation_id > 0 and variation is None,
        never_was_one=not product_id and not variation_id,
    )
