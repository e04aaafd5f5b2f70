"""The lines of orders and refunds in WooCommerce's tables, told as its REST API tells them."""

from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from bridge.domain.names import AMOUNT_KEY
from bridge.domain.quotas import whole_number
from bridge.store.php import unserialize
from bridge.store.tx import Tx

TABLES = ("woocommerce_order_items", "woocommerce_order_itemmeta")

_SECTIONS = {"line_item": "line_items", "shipping": "shipping_lines", "fee": "fee_lines"}
_OWN_METAS = (AMOUNT_KEY, "_refunded_item_id")
_METAS = (
    "_product_id",
    "_variation_id",
    "_qty",
    "_line_total",
    "_line_tax",
    "cost",
    "total_tax",
    "taxes",
    *_OWN_METAS,
)
_ITEMS = """
    SELECT item.order_id, item.order_item_id AS id, item.order_item_name AS name,
           item.order_item_type AS type, meta.meta_key, meta.meta_value
      FROM {p}woocommerce_order_items item
      LEFT JOIN {p}woocommerce_order_itemmeta meta
        ON meta.order_item_id = item.order_item_id AND meta.meta_key IN %(keys)s
     WHERE item.order_id IN %(ids)s AND item.order_item_type IN %(types)s
     ORDER BY item.order_item_id, meta.meta_id
"""
_PRODUCTS = """
    SELECT ID, post_type FROM {p}posts
     WHERE ID IN %s AND post_type IN ('product', 'product_variation')
"""

Json = dict[str, Any]
Lines = Mapping[int, Mapping[str, list[Json]]]
"""By order or refund: its lines, under the names that REST gives their kinds."""


def read_lines(tx: Tx, ids: Collection[int], decimals: int) -> Lines:
    """
    Return the lines of some orders or refunds.

    A product that was deleted is 0, as REST has it: `wp_products.read_items` knows more.
    """
    items = _read_items(tx, ids)
    there = _existing(tx, items.values())
    lines: dict[int, dict[str, list[Json]]] = {}
    for item in items.values():
        section = _SECTIONS[item["type"]]
        line = _product_line(item, there, decimals)
        lines.setdefault(item["order_id"], {}).setdefault(section, []).append(line)
    return lines


def money(value: object, decimals: int) -> str:
    """Return an amount as REST tells it: rounded to the shop's decimals, 0 if it is no number."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return "0"
    try:
        return str(number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))
    except InvalidOperation:
        return str(number)  # too large for an amount: whoever reads it says so


def _read_items(tx: Tx, ids: Collection[int]) -> dict[int, Json]:
    """Return items by id, each with its metas; of equal ones the first counts."""
    items: dict[int, Json] = {}
    if not ids:
        return items
    args = {"keys": _METAS, "ids": tuple(ids), "types": tuple(_SECTIONS)}
    for row in tx.all(_ITEMS, args):
        item = items.setdefault(row["id"], {**row, "metas": {}})
        if row["meta_key"] in _METAS:  # SQL compares in any case of letters
            item["metas"].setdefault(row["meta_key"], row["meta_value"])
    return items


def _existing(tx: Tx, items: Collection[Json]) -> Mapping[int, str]:
    """Return the kinds of the products and variations that are still there."""
    named = {_id_in(i["metas"], key) for i in items for key in ("_product_id", "_variation_id")}
    ids = tuple(named - {0})
    return {row["ID"]: row["post_type"] for row in tx.all(_PRODUCTS, (ids,))} if ids else {}


def _product_line(item: Json, there: Mapping[int, str], decimals: int) -> Json:
    metas = item["metas"]
    product, variation = _id_in(metas, "_product_id"), _id_in(metas, "_variation_id")
    return {
        "id": item["id"],
        "name": item["name"],
        "product_id": product if there.get(product) == "product" else 0,
        "variation_id": variation if there.get(variation) == "product_variation" else 0,
        "quantity": metas.get("_qty") or 0,
        **_amounts(item["type"], metas, decimals),
        "meta_data": [{"key": key, "value": metas[key]} for key in _OWN_METAS if key in metas],
    }


def _amounts(kind: str, metas: Mapping[str, str], decimals: int) -> Json:
    if kind != "shipping":
        total, tax = metas.get("_line_total"), metas.get("_line_tax")
    else:
        total, tax = metas.get("cost"), metas.get("total_tax") or _summed(metas.get("taxes"))
    return {"total": money(total, decimals), "total_tax": money(tax, decimals)}


def _summed(taxes: str | None) -> str:
    """Return the tax of a shipping line that has it only by rate."""
    stored = unserialize(taxes)
    by_rate = stored.get("total") if isinstance(stored, dict) else None
    if not isinstance(by_rate, dict):
        return "0"
    return str(sum(Decimal(money(tax, 8)) for tax in by_rate.values()))


def _id_in(metas: Mapping[str, str], key: str) -> int:
    return max(0, whole_number(metas.get(key)) or 0)
