"""
Orders in WooCommerce's own tables, told as its REST API tells them.

So one parser and one set of rules serve both ways. The shop keeps orders either in tables of
their own (HPOS) or as posts; only the authoritative one of the two is read, since the other may
be stale or hold placeholders.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from bridge.domain.ids import OrderId
from bridge.domain.names import MARKER_KEY
from bridge.domain.periods import site_zone
from bridge.domain.quotas import whole_number
from bridge.store import wp_order_items
from bridge.store.tx import Row, Tx
from bridge.store.wp_options import read_options
from bridge.store.wp_order_items import money
from bridge.store.wp_products import Items

Json = dict[str, Any]

_IN_TABLES_OPTION = "woocommerce_custom_orders_table_enabled"
_DECIMALS_OPTION = "woocommerce_price_num_decimals"
_NUMBER_KEYS = ("_order_number_formatted", "_order_number")
"""Where the plugins for sequential order numbers keep what customers see."""

_BILLING = ("email", "first_name", "last_name", "company")
"""What is read of a bill, as REST and the columns of addresses call it; metas begin otherwise."""

_ORDER_METAS = (MARKER_KEY, "_subscription_renewal", "_subscription_resubscribe")
_POST_METAS = (
    "_order_total",
    "_order_currency",
    "_customer_user",
    *(f"_billing_{name}" for name in _BILLING),
    "_date_paid",
    "_paid_date",
    "_date_completed",
    "_completed_date",
)
_REFUND_AMOUNT = "_refund_amount"

# By the primary key: in the order of ids a part of them is found without sorting all.
_HPOS = """
    SELECT o.id, o.parent_order_id AS parent_id, o.status, o.currency, o.total_amount AS total,
           o.customer_id, COALESCE(a.email, o.billing_email) AS email,
           a.first_name, a.last_name, a.company,
           o.date_created_gmt AS created, o.date_updated_gmt AS modified,
           d.date_paid_gmt AS paid, d.date_completed_gmt AS completed
      FROM {p}wc_orders o FORCE INDEX (PRIMARY)
      LEFT JOIN {p}wc_order_operational_data d ON d.order_id = o.id
      LEFT JOIN {p}wc_order_addresses a ON a.order_id = o.id AND a.address_type = 'billing'
     WHERE o.type = 'shop_order' AND o.status <> 'auto-draft'
"""
_POSTS = """
    SELECT o.ID AS id, o.post_parent AS parent_id, o.post_status AS status,
           o.post_date_gmt AS created, o.post_modified_gmt AS modified
      FROM {p}posts o FORCE INDEX (PRIMARY)
     WHERE o.post_type = 'shop_order' AND o.post_status <> 'auto-draft'
"""
_LONG_TOTAL = 15
"""Characters of an amount that nobody has paid."""

_PART = " AND o.id > %(after)s AND o.id <= %(last)s ORDER BY o.id LIMIT %(limit)s"
_ONE = " AND o.id = %(id)s"


@dataclass(frozen=True, slots=True)
class _Tables:
    """Where one of the two storages keeps what."""

    orders: str
    count: str
    metas: str
    refunds: str
    needs: tuple[str, ...]


_KINDS = {
    True: _Tables(
        orders=_HPOS,
        count="SELECT COUNT(*) AS n, COALESCE(MIN(id), 0) AS first, COALESCE(MAX(id), 0) AS last"
        " FROM {p}wc_orders WHERE type = 'shop_order'",
        metas="SELECT order_id AS id, meta_key, meta_value FROM {p}wc_orders_meta"
        " WHERE order_id IN %(ids)s AND meta_key IN %(keys)s ORDER BY {p}wc_orders_meta.id",
        refunds="SELECT id, parent_order_id AS parent_id, date_created_gmt AS created"
        " FROM {p}wc_orders"
        " WHERE type = 'shop_order_refund' AND parent_order_id IN %(ids)s AND status <> 'trash'"
        " ORDER BY id DESC",
        needs=("wc_orders", "wc_orders_meta", "wc_order_operational_data", "wc_order_addresses"),
    ),
    False: _Tables(
        orders=_POSTS,
        count="SELECT COUNT(*) AS n, COALESCE(MIN(ID), 0) AS first, COALESCE(MAX(ID), 0) AS last"
        " FROM {p}posts WHERE post_type = 'shop_order'",
        metas="SELECT post_id AS id, meta_key, meta_value FROM {p}postmeta"
        " WHERE post_id IN %(ids)s AND meta_key IN %(keys)s ORDER BY meta_id",
        refunds="SELECT ID AS id, post_parent AS parent_id, post_date_gmt AS created FROM {p}posts"
        " WHERE post_type = 'shop_order_refund' AND post_parent IN %(ids)s"
        " AND post_status <> 'trash' ORDER BY ID DESC",
        needs=("posts", "postmeta"),
    ),
}


@dataclass(frozen=True, slots=True)
class OrderTables:
    """The storage that the shop uses, and how it writes money and old dates."""

    in_tables: bool  # HPOS; else posts
    decimals: int  # of prices: REST rounds to them
    zone: tzinfo  # of dates that old versions wrote by the site's clock


def find_tables(tx: Tx) -> OrderTables | None:
    """Return the storage that is authoritative; None where this database has no shop."""
    names = (_IN_TABLES_OPTION, _DECIMALS_OPTION, "timezone_string", "gmt_offset")
    options = read_options(tx, names)
    in_tables = options.get(_IN_TABLES_OPTION) == "yes"
    needs = (*_KINDS[in_tables].needs, *wp_order_items.TABLES)
    if not all(tx.has_table(tx.site_prefix + name) for name in needs):
        return None
    decimals = whole_number(options.get(_DECIMALS_OPTION, "2"))
    zone = site_zone(options.get("timezone_string", ""), options.get("gmt_offset", ""))
    return OrderTables(in_tables, min(abs(decimals or 0), 8), zone)


def count_orders(tx: Tx, tables: OrderTables) -> tuple[int, int, int]:
    """Return how many orders there are, and the ids of the first and the last one."""
    row = tx.one(_KINDS[tables.in_tables].count)
    assert row is not None
    return int(row["n"]), int(row["first"]), int(row["last"])


def read_heads(
    tx: Tx, tables: OrderTables, *, after: int, last: int, limit: int
) -> Sequence[Json]:
    """Return the next orders by id, without their lines and refunds."""
    sql = _KINDS[tables.in_tables].orders + _PART
    return _heads(tx, tables, tx.all(sql, {"after": after, "last": last, "limit": limit}))


def read_order(tx: Tx, tables: OrderTables, order_id: OrderId) -> Json | None:
    """Return one order whole, whatever its status; None if there is none."""
    heads = _heads(tx, tables, tx.all(_KINDS[tables.in_tables].orders + _ONE, {"id": order_id}))
    return complete(tx, tables, heads)[0][0] if heads else None


def complete(
    tx: Tx, tables: OrderTables, heads: Sequence[Mapping[str, Any]]
) -> tuple[Sequence[Json], Items]:
    """
    Return the orders with their lines, and their refunds by id and total.

    Besides, what each line sold by the tables: REST does not name what was deleted.
    """
    ids = [head["id"] for head in heads]
    lines, sold = wp_order_items.read_product_lines(tx, ids, tables.decimals)
    refunds: dict[int, list[Json]] = {}
    for row, amount in _refunds(tx, tables, ids):
        refunds.setdefault(row["parent_id"], []).append({"id": row["id"], "total": f"-{amount}"})
    whole = [
        {
            **head,
            "line_items": lines.get(head["id"], []),
            "refunds": refunds.get(head["id"], []),
        }
        for head in heads
    ]
    return whole, sold


def find_plain(
    tx: Tx,
    tables: OrderTables,
    heads: Sequence[Mapping[str, Any]],
    plain_products: Collection[int],
) -> set[OrderId]:
    """
    Return orders of which the shop's tables say at a glance that they have no token package.

    They can be read without doubt, have neither marker nor refunds, and name no other products
    than *plain_products*. Of all others nothing is said.
    """
    ids = [head["id"] for head in heads if _is_plain(head)]
    found = wp_order_items.find_unplain(tx, ids, plain_products)
    args = {"ids": tuple(ids)}
    rows = tx.all(_KINDS[tables.in_tables].refunds, args) if ids else []
    return set(ids) - found - {row["parent_id"] for row in rows}


def _is_plain(head: Mapping[str, Any]) -> bool:
    dates = (head["date_created_gmt"], head["date_modified_gmt"])
    paid, completed = head["date_paid_gmt"], head["date_completed_gmt"]
    return (
        not head["meta_data"]
        and bool(head["status"])
        and len(head["total"]) < _LONG_TOTAL
        and all(date and _is_of_our_days(date) for date in dates)
        and all(date is None or _is_of_our_days(date) for date in (paid, completed))
    )


def _is_of_our_days(date: str) -> bool:
    return "1971" <= date[:4] < "2900"


def read_refunds(tx: Tx, tables: OrderTables, order_id: OrderId) -> Sequence[Json]:
    """Return all refunds of an order, with their lines."""
    found = _refunds(tx, tables, [order_id])
    lines = wp_order_items.read_lines(tx, [row["id"] for row, _ in found], tables.decimals)
    return [
        {
            "id": row["id"],
            "date_created_gmt": _iso(row["created"]),
            "amount": amount,
            "line_items": [],
            **lines.get(row["id"], {}),
        }
        for row, amount in found
    ]


def _refunds(tx: Tx, tables: OrderTables, ids: Collection[int]) -> list[tuple[Row, str]]:
    """Return the orders' refunds, newest first, each with its amount."""
    rows = tx.all(_KINDS[tables.in_tables].refunds, {"ids": tuple(ids)}) if ids else []
    metas = _metas(tx, tables, [row["id"] for row in rows], (_REFUND_AMOUNT,))
    return [
        (row, money(metas.get(row["id"], {}).get(_REFUND_AMOUNT), tables.decimals)) for row in rows
    ]


def _heads(tx: Tx, tables: OrderTables, rows: Sequence[Row]) -> list[Json]:
    keys = _ORDER_METAS + _NUMBER_KEYS + (() if tables.in_tables else _POST_METAS)
    metas = _metas(tx, tables, [row["id"] for row in rows], keys)
    heads = []
    for row in rows:
        own = metas.get(row["id"], {})
        told = row if tables.in_tables else {**row, **_told_by_metas(own, tables.zone)}
        heads.append(_head(told, own, tables.decimals))
    return heads


def _head(row: Mapping[str, Any], metas: Mapping[str, Any], decimals: int) -> Json:
    numbers = (metas.get(key) for key in _NUMBER_KEYS)
    return {
        "id": row["id"],
        "parent_id": row["parent_id"] or 0,
        "number": next((text for text in numbers if text), str(row["id"])),
        "status": row["status"],
        "currency": row["currency"] or "",
        "total": money(row["total"], decimals),
        "customer_id": row["customer_id"] or 0,
        "billing": {name: row[name] or "" for name in _BILLING},
        "date_created_gmt": _iso(row["created"]),
        "date_modified_gmt": _iso(row["modified"]),
        "date_paid_gmt": _iso(row["paid"]),
        "date_completed_gmt": _iso(row["completed"]),
        "meta_data": [{"key": k, "value": metas[k]} for k in _ORDER_METAS if k in metas],
    }


def _told_by_metas(metas: Mapping[str, Any], zone: tzinfo) -> Json:
    """Return what posts keep in metas and tables of their own in columns."""
    return {
        "currency": metas.get("_order_currency"),
        "total": metas.get("_order_total"),
        "customer_id": whole_number(metas.get("_customer_user")),
        **{name: metas.get(f"_billing_{name}") for name in _BILLING},
        "paid": _instant(metas.get("_date_paid"), metas.get("_paid_date"), zone),
        "completed": _instant(metas.get("_date_completed"), metas.get("_completed_date"), zone),
    }


def _instant(seconds: str | None, local: str | None, zone: tzinfo) -> datetime | None:
    """Return a date as WooCommerce writes it since 3.0, else as it did before."""
    number = whole_number(seconds)
    try:
        if number:
            return datetime.fromtimestamp(number, UTC)
        if local:
            return datetime.fromisoformat(local).replace(tzinfo=zone)
    except (ValueError, OverflowError, OSError):
        pass  # no date: as PHP reads it
    return None


def _metas(
    tx: Tx, tables: OrderTables, ids: Collection[int], keys: Collection[str]
) -> Mapping[int, Mapping[str, str]]:
    """Return metas by order; of equal keys the first counts. SQL compares keys in any case."""
    metas: dict[int, dict[str, str]] = {}
    if ids:
        args = {"ids": tuple(ids), "keys": tuple(keys)}
        for row in tx.all(_KINDS[tables.in_tables].metas, args):
            if row["meta_key"] in keys:
                metas.setdefault(row["id"], {}).setdefault(row["meta_key"], row["meta_value"])
    return metas


def _iso(value: object) -> str | None:
    """Return a date as REST tells it; None for a zero date, which the driver leaves as text."""
    return value.isoformat() if isinstance(value, datetime) else None
