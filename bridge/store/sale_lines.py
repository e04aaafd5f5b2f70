"""
What package lines were sold and refunded for, and the sums of it, kept with each order.

The sums are of the site's days and of one product each; so a month of a million orders is some
hundred rows. Which day is a line's stands beside it: should the site's zone change, `correct`
finds the days anew. As the sums of orders, they stand in two shards, and are written last.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from operator import add
from typing import Any, TypeAlias

from bridge.domain.ids import Credits, OrderId
from bridge.domain.periods import Calendar, offsets_between
from bridge.domain.reports import ProductSales, Span, Takings
from bridge.domain.sale_lines import SaleLine
from bridge.store import state
from bridge.store.columns import naive, utc
from bridge.store.order_sums import shard_of
from bridge.store.tx import Row, Tx

SoldOrders: TypeAlias = Mapping[OrderId, "tuple[str, Collection[SaleLine]]"]
"""Orders, each with its currency and what became of its lines."""
_Key: TypeAlias = tuple[Any, ...]
_Figures: TypeAlias = tuple[Any, ...]
_Sums: TypeAlias = dict[_Key, _Figures]

_COLUMNS = """
    order_id, line_id, refund_id, at, day, currency, product_id, variation_id, quantity, credits,
    amount
"""
_READ = f"""
    SELECT {_COLUMNS} FROM {{p}}aipkit_bridge_sale_lines WHERE order_id IN %s
"""  # noqa: S608  # of constants
_DELETE = "DELETE FROM {p}aipkit_bridge_sale_lines WHERE order_id IN %s"
# All of constants, as S608 cannot know.
_ADD = f"INSERT INTO {{p}}aipkit_bridge_sale_lines ({_COLUMNS}) VALUES {{rows}}"  # noqa: S608
_KEY = "day, currency, product_id, variation_id, shard"
_FIGURES = (
    "lines_sold",
    "quantity",
    "quantity_back",
    "credits",
    "credits_back",
    "sold",
    "refunded",
)
_NOTHING: _Figures = (0,) * len(_FIGURES)
_TABLE = "{p}aipkit_bridge_sale_sums"
_NAMES = ", ".join(_FIGURES)
_INTO = f"""
    ON DUPLICATE KEY UPDATE
      order_id = GREATEST({_TABLE}.order_id, VALUES(order_id)),
      {", ".join(f"{name} = {_TABLE}.{name} + VALUES({name})" for name in _FIGURES)}
"""
# As above.
_COUNT = f"INSERT INTO {_TABLE} ({_KEY}, order_id, {_NAMES}) VALUES {{rows}} {_INTO}"  # noqa: S608
# One statement sees one moment, in which lines and sums of transactions under way are equally
# old: so the difference is what was counted wrongly.
_CORRECT = f"""
    INSERT INTO {_TABLE} ({_KEY}, order_id, {_NAMES})
    SELECT * FROM (
      SELECT {_KEY}, MAX(order_id) AS order_id,
             {", ".join(f"SUM({name}) AS {name}" for name in _FIGURES)} FROM (
        SELECT day, currency, product_id, variation_id, MOD(order_id, 2) AS shard, order_id,
               refund_id = 0 AS lines_sold, GREATEST(quantity, 0) AS quantity,
               GREATEST(-quantity, 0) AS quantity_back, GREATEST(credits, 0) AS credits,
               GREATEST(-credits, 0) AS credits_back,
               IF(refund_id = 0, amount, 0) AS sold, IF(refund_id = 0, 0, -amount) AS refunded
          FROM {{p}}aipkit_bridge_sale_lines
         UNION ALL
        SELECT {_KEY}, 0, {", ".join(f"-{name}" for name in _FIGURES)} FROM {_TABLE}
      ) both_sides GROUP BY {_KEY}
    ) difference WHERE {" OR ".join(f"{name} <> 0" for name in _FIGURES)}
    {_INTO}
"""  # noqa: S608  # of constants


_BY_PRODUCT = f"""
    SELECT currency, product_id, variation_id, MAX(order_id) AS order_id,
           {", ".join(f"SUM({name}) AS {name}" for name in _FIGURES)}
      FROM {_TABLE} WHERE day >= %s AND day <= %s
     GROUP BY currency, product_id, variation_id ORDER BY currency, SUM(sold) DESC LIMIT 500
"""  # noqa: S608  # of constants
_BY_PART = f"""
    SELECT {{part}} AS part, currency, SUM(sold) AS sold, SUM(refunded) AS refunded,
           SUM(credits) AS credits, SUM(credits_back) AS credits_back
      FROM {_TABLE} WHERE day >= %s AND day <= %s GROUP BY part, currency
"""  # noqa: S608  # of constants
# What a line was called at its sale, also when the product is gone.
_NAMES_OF = """
    SELECT product_id, variation_id, MAX(name) AS name FROM {p}aipkit_bridge_order_lines
     WHERE order_id IN %s GROUP BY product_id, variation_id
"""
_ENDS = "SELECT MIN(at) AS first, MAX(at) AS last FROM {p}aipkit_bridge_sale_lines"
_MOVE_DAYS = """
    UPDATE {p}aipkit_bridge_sale_lines SET day = {day} WHERE day <> {day}
"""
_PAGE = """
    SELECT sale.at, sale.order_id, sale.line_id, sale.refund_id, sale.currency, sale.product_id,
           sale.variation_id, sale.quantity, sale.credits, sale.amount, line.name,
           sold.order_number, sold.status, sold.account_id, sold.email
      FROM {p}aipkit_bridge_sale_lines sale
      JOIN {p}aipkit_bridge_orders sold ON sold.order_id = sale.order_id
      LEFT JOIN {p}aipkit_bridge_order_lines line
        ON line.order_id = sale.order_id AND line.line_id = sale.line_id
     WHERE sale.at < %(until)s
       AND (sale.at, sale.order_id, sale.line_id, sale.refund_id) > (%(at)s, %(order_id)s,
            %(line_id)s, %(refund_id)s) AND sale.at >= %(at)s
     ORDER BY sale.at, sale.order_id, sale.line_id, sale.refund_id LIMIT %(limit)s
"""


def keep(tx: Tx, orders: SoldOrders, calendar: Calendar, *, known: Collection[OrderId]) -> None:
    """
    Keep what became of the lines of orders whose rows are locked, in place of what was kept.

    Args:
        tx: Does nothing after it but commit.
        orders: All of them.
        calendar: The site's.
        known: Those of which anything may be kept already.
    """
    before = _read(tx, known) if known else {}
    after = {
        order_id: rows
        for order_id, (currency, lines) in orders.items()
        if (rows := sorted(_columns(order_id, currency, line, calendar) for line in lines))
    }
    changed = [i for i in orders if before.get(i, []) != after.get(i, [])]
    gone, new = [i for i in changed if i in before], [i for i in changed if i in after]
    if gone:
        tx.run(_DELETE, (tuple(gone),))
    if new:
        tx.insert_many(_ADD, [row for order_id in new for row in after[order_id]])
    sums: _Sums = {}
    _add_up(sums, (row for i in new for row in after[i]), 1)
    _add_up(sums, (row for i in gone for row in before[i]), -1)
    last = {_key_of(row): row[0] for order_id in sorted(new) for row in after[order_id]}
    rows = [(*key, last.get(key, 0), *sums[key]) for key in sorted(sums) if any(sums[key])]
    if rows:
        tx.insert_many_later(_COUNT, rows)


def drop(tx: Tx, order_id: OrderId) -> None:
    """Forget the lines of an order that is gone."""
    keep(tx, {order_id: ("", ())}, Calendar(UTC), known=[order_id])


def _read(tx: Tx, ids: Collection[OrderId]) -> dict[OrderId, list[_Key]]:
    found: dict[OrderId, list[_Key]] = {}
    for row in tx.all(_READ, (tuple(ids),)):
        found.setdefault(OrderId(row["order_id"]), []).append(tuple(row.values()))
    return {order_id: sorted(rows) for order_id, rows in found.items()}


def _columns(order_id: OrderId, currency: str, line: SaleLine, calendar: Calendar) -> _Key:
    return (
        order_id,
        line.line_id,
        line.refund_id,
        naive(line.at),
        calendar.date_of(line.at),
        currency[:10],
        line.product_id,
        line.variation_id,
        line.quantity,
        line.credits,
        line.amount,
    )


def _add_up(sums: _Sums, rows: Iterable[_Key], sign: int) -> None:
    for row in rows:
        refund_id, (quantity, credits, amount) = row[2], row[-3:]
        is_sale = refund_id == 0
        figures = (
            int(is_sale),
            max(0, quantity),
            max(0, -quantity),
            max(0, credits),
            max(0, -credits),
            amount if is_sale else Decimal(0),
            Decimal(0) if is_sale else -amount,
        )
        key = _key_of(row)
        sums[key] = tuple(map(add, sums.get(key, _NOTHING), (sign * one for one in figures)))


def _key_of(row: _Key) -> _Key:
    """Return which sums a line is in."""
    return (*row[4:8], shard_of(row[0]))


def correct(tx: Tx, zone: tzinfo) -> int:
    """
    Compare the sums with the lines, and add what is missing; return how many were wrong.

    Lines whose day is another one in *zone* get it first.
    """
    state.take_turn(tx, "sale_sums")
    ends = tx.one(_ENDS)
    if ends is None or ends["first"] is None:
        return tx.run(_CORRECT)
    shifts = offsets_between(zone, utc(ends["first"]), utc(ends["last"]))
    tx.run(_MOVE_DAYS.replace("{day}", _day_of(shifts)))
    return tx.run(_CORRECT)


def _day_of(shifts: Sequence[tuple[datetime, int]]) -> str:
    """Return SQL for the day of `at`, where the zone's clock is so far ahead of UTC until then."""
    *befores, (_, last) = shifts
    whens = [f"WHEN at < '{naive(until)}' THEN {seconds}" for until, seconds in befores]
    shift = f"CASE {' '.join(whens)} ELSE {last} END" if whens else str(last)
    return f"DATE(at + INTERVAL {shift} SECOND)"


def sum_by_product(tx: Tx, span: Span) -> list[ProductSales]:
    """Return what each product brought in and gave back in a span."""
    rows = tx.all(_BY_PRODUCT, (span.first, span.last))
    orders = tuple({row["order_id"] for row in rows})
    found = tx.all(_NAMES_OF, (orders,)) if orders else []
    names = {(row["product_id"], row["variation_id"]): row["name"] for row in found}
    return [_product(row, names.get((row["product_id"], row["variation_id"]), "")) for row in rows]


def _product(row: Row, name: str) -> ProductSales:
    return ProductSales(
        product_id=row["product_id"],
        variation_id=row["variation_id"],
        name=name,
        quantity=int(row["quantity"]),
        quantity_back=int(row["quantity_back"]),
        money=Takings(
            row["currency"],
            row["sold"],
            row["refunded"],
            Credits(int(row["credits"])),
            Credits(int(row["credits_back"])),
        ),
    )


def sum_by_part(tx: Tx, spans: Sequence[Span]) -> list[list[Takings]]:
    """Return what came in in each of some spans, one behind another, by currency."""
    part = " + ".join(["(day >= %s)"] * len(spans))
    sql = _BY_PART.replace("{part}", part)
    begins = [span.first for span in spans]
    found: list[list[Takings]] = [[] for _ in spans]
    for row in tx.all(sql, (*begins, begins[0], spans[-1].last)):
        credits, back = Credits(int(row["credits"])), Credits(int(row["credits_back"]))
        takings = Takings(row["currency"], row["sold"], row["refunded"], credits, back)
        found[int(row["part"]) - 1].append(takings)
    return found


def page(tx: Tx, until: datetime, limit: int, after: tuple[datetime, int, int, int]) -> list[Row]:
    """Return the next lines up to *until* as rows, by when and the ids of order, line, refund."""
    at, order_id, line_id, refund_id = after
    args = {
        "until": naive(until),
        "at": naive(at),
        "order_id": order_id,
        "line_id": line_id,
        "refund_id": refund_id,
        "limit": limit,
    }
    return tx.all(_PAGE, args)
