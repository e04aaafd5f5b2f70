"""The lines of orders and refunds in WooCommerce's tables, told as its REST API tells them."""

from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from bridge.domain.names import AMOUNT_KEY
from bridge.domain.quotas import whole_number
from bridge.store.php import unserialize
from bridge.store.tx import Tx
from bridge.store.wp_products import Items

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
_PRODUCT_METAS = ("_product_id", "_variation_id", "_qty", "_line_total", "_line_tax", AMOUNT_KEY)
_ITEMS = """
    SELECT item.order_id, item.order_item_id AS id, item.order_item_name AS name,
           item.order_item_type AS type, meta.meta_key, meta.meta_value
      FROM {p}woocommerce_order_items item
      LEFT JOIN {p}woocommerce_order_itemmeta meta
        ON meta.order_item_id = item.order_item_id AND meta.meta_key IN %(keys)s
     WHERE item.order_id IN %(ids)s AND item.order_item_type IN %(types)s
     ORDER BY item.order_item_id, meta.meta_id
"""
# A row for each line: seven times fewer than its metas are. Where a line has a meta twice, in
# whatever case of letters, the first counts, which only the metas themselves tell.
_PRODUCT_LINES = """
    SELECT item.order_id, item.order_item_id AS id, MAX(item.order_item_name) AS name,
           {columns}, COUNT(meta.meta_key) > COUNT(DISTINCT meta.meta_key) AS is_odd
      FROM {p}woocommerce_order_items item
      LEFT JOIN {p}woocommerce_order_itemmeta meta
        ON meta.order_item_id = item.order_item_id AND meta.meta_key IN %(keys)s
     WHERE item.order_id IN %(ids)s AND item.order_item_type = 'line_item'
     GROUP BY item.order_id, item.order_item_id
""".replace(
    "{columns}",
    ", ".join(
        f"MAX(IF(meta.meta_key = '{key}', meta.meta_value, NULL)) AS `{key}`"
        for key in _PRODUCT_METAS
    ),
)
# Whatever could make a line a package, or an order one that cannot be read, asks for a full look.
_UNPLAIN = """
    SELECT DISTINCT item.order_id
      FROM {p}woocommerce_order_items item
      JOIN {p}woocommerce_order_itemmeta meta ON meta.order_item_id = item.order_item_id
     WHERE item.order_id IN %(ids)s AND item.order_item_type = 'line_item'
       AND (meta.meta_key IN ('_product_id', '_variation_id')
            AND meta.meta_value NOT IN %(plain)s
            OR meta.meta_key = %(amount_key)s
            OR meta.meta_key = '_qty' AND meta.meta_value NOT REGEXP '^[0-9]{1,9}$'
            OR meta.meta_key IN ('_line_total', '_line_tax') AND CHAR_LENGTH(meta.meta_value) > 14)
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


def read_product_lines(
    tx: Tx, ids: Collection[int], decimals: int
) -> tuple[Mapping[int, list[Json]], Items]:
    """Return orders' product lines, as `read_lines` does, and what they sold by the tables."""
    items = _read_product_items(tx, ids)
    there = _existing(tx, items)
    lines: dict[int, list[Json]] = {}
    for item in items:
        lines.setdefault(item["order_id"], []).append(_product_line(item, there, decimals))
    return lines, {item["id"]: _named(item["metas"]) for item in items}


def find_unplain(tx: Tx, ids: Collection[int], plain_products: Collection[int]) -> set[int]:
    """
    Return the orders of which more must be known to say that they have no token package.

    Of all others each line names a product, and variation, out of *plain_products* or none, and
    can be read.
    """
    plain = ("", "0", *map(str, plain_products))
    args = {"ids": tuple(ids), "plain": plain, "amount_key": AMOUNT_KEY}
    return {row["order_id"] for row in tx.all(_UNPLAIN, args)} if ids else set()


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


def _read_product_items(tx: Tx, ids: Collection[int]) -> list[Json]:
    """As `_read_items`, of product lines alone, in the order of their ids."""
    if not ids:
        return []
    rows = tx.all(_PRODUCT_LINES, {"keys": _PRODUCT_METAS, "ids": tuple(ids)})
    odd = {row["order_id"] for row in rows if row["is_odd"]}
    items = [
        {
            "order_id": row["order_id"],
            "id": row["id"],
            "name": row["name"],
            "type": "line_item",
            "metas": {key: row[key] for key in _PRODUCT_METAS if row[key] is not None},
        }
        for row in rows
        if row["order_id"] not in odd
    ]
    found = [item for item in _read_items(tx, odd).values() if item["type"] == "line_item"]
    return sorted(items + found, key=_id_of)


def _id_of(item: Json) -> int:
    return int(item["id"])


def _named(metas: Mapping[str, str]) -> tuple[int, int]:
    return _id_in(metas, "_product_id"), _id_in(metas, "_variation_id")


def _existing(tx: Tx, items: Collection[Json]) -> Mapping[int, str]:
    """Return the kinds of the products and variations that are still there."""
    ids = tuple({i for item in items for i in _named(item["metas"])} - {0})
    return {row["ID"]: row["post_type"] for row in tx.all(_PRODUCTS, (ids,))} if ids else {}


def _product_line(item: Json, there: Mapping[int, str], decimals: int) -> Json:
    metas = item["metas"]
    product, variation = _named(metas)
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
