"""
Sums of orders, kept in the transactions that change orders, so that nobody adds orders up.

One row is a sum over all orders, another over those that were first granted in one quarter of an
hour of the last days: every day of every zone is made of whole ones. Each stands in two shards,
by order, so that nodes of a cluster that book at once meet less often. Whoever changes an order
writes here last: the rows are held for the length of a COMMIT.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from operator import add, sub
from typing import Any, TypeAlias

from bridge.domain.ids import Credits, OrderId
from bridge.domain.order_views import OrderCounts
from bridge.store import state
from bridge.store.columns import BEGINNING
from bridge.store.tx import Tx

ALL = BEGINNING
"""The quarter that stands for all orders, granted or not."""

_SHARDS = 2
_KEPT_DAYS = 100
"""Quarters are kept for more than the longest span that is shown."""

_FIGURES = (
    "orders",
    "granted",
    "waiting",
    "unclaimed",
    "attention",
    "shortfall",
    "sold",  # credits that granted orders stand for
    "priced",  # those of them whose price is known
    "prices",  # how many orders have one
    "paid",
)
_NOTHING = (0,) * len(_FIGURES)
_Key: TypeAlias = tuple[Any, ...]
_Parts: TypeAlias = dict[_Key, tuple[Any, ...]]
"""What orders are in the sums: figures by quarter, currency and shard."""

# It changes at a midnight, so a quarter is kept whole or not at all.
_KEPT_SINCE = f"UTC_DATE() - INTERVAL {_KEPT_DAYS} DAY"
_ONE = f"""
    SELECT CASE WHEN granted_at >= {_KEPT_SINCE} THEN
             TIMESTAMP '1970-01-01 00:00:00' + INTERVAL
               TIMESTAMPDIFF(MINUTE, '1970-01-01', granted_at) DIV 15 * 15 MINUTE
           END AS slot_at,
           currency, MOD(order_id, {_SHARDS}) AS shard,
           1 AS orders, granted > 0 AS granted, state = 'waiting' AS waiting,
           state = 'unclaimed' AND dismissed_reason IS NULL AS unclaimed,
           state = 'attention' AND dismissed_reason IS NULL AS attention, shortfall,
           IF(granted_at IS NULL, 0, granted - reversed - shortfall) AS sold,
           IF(granted_at IS NULL OR sold_for IS NULL, 0, granted - reversed - shortfall) AS priced,
           granted_at IS NOT NULL AND sold_for IS NOT NULL AS prices,
           IF(granted_at IS NULL, 0, COALESCE(sold_for, 0)) AS paid
      FROM {{p}}aipkit_bridge_orders
"""  # noqa: S608  # constants of this file
_KEY = "slot_at, currency, shard"
_NAMES = ", ".join(_FIGURES)
_TABLE = "{p}aipkit_bridge_order_sums"
_ADD = f"""
    ON DUPLICATE KEY UPDATE
      {", ".join(f"{name} = {_TABLE}.{name} + VALUES({name})" for name in _FIGURES)}
"""
_HOLD = "SELECT order_id FROM {p}aipkit_bridge_orders WHERE order_id = %s FOR UPDATE"
_CHANGE = f"""
    INSERT INTO {_TABLE} ({_KEY}, {_NAMES}) VALUES {{rows}} {_ADD}
"""  # noqa: S608  # likewise
_SUMMED = ", ".join(f"SUM({name}) AS {name}" for name in _FIGURES)
_READ = f"""
    SELECT {_KEY}, {_SUMMED} FROM ({_ONE} WHERE order_id IN %s) one GROUP BY {_KEY}
"""  # noqa: S608  # likewise
_BY_SLOT = f"""
    SELECT {_KEY}, {_SUMMED} FROM ({_ONE}) one WHERE slot_at IS NOT NULL GROUP BY {_KEY}
"""  # noqa: S608  # likewise
_OF_ALL = f"""
    SELECT TIMESTAMP '1970-01-01 00:00:00' AS slot_at, currency, shard, {_SUMMED}
      FROM ({_ONE}) one GROUP BY currency, shard
"""  # noqa: S608  # likewise
_COUNTS = f"""
    SELECT COALESCE(SUM(orders), 0) AS seen,
           {", ".join(f"COALESCE(SUM({name}), 0) AS {name}" for name in _FIGURES[1:6])}
      FROM {_TABLE} WHERE slot_at = %s
"""  # noqa: S608  # likewise
# One statement sees one moment, in which the rows of transactions under way are as old as their
# sums. So the difference is what was counted wrongly, and to add it is right at any later moment.
_CORRECT = f"""
    INSERT INTO {_TABLE} ({_KEY}, {_NAMES})
    SELECT * FROM (
      SELECT {_KEY}, {_SUMMED} FROM (
        {_BY_SLOT} UNION ALL {_OF_ALL} UNION ALL
        SELECT {_KEY}, {", ".join(f"-{name}" for name in _FIGURES)} FROM {_TABLE}
         WHERE slot_at >= {_KEPT_SINCE} OR slot_at = '1970-01-01'
      ) both_sides GROUP BY {_KEY}
    ) difference WHERE {" OR ".join(f"{name} <> 0" for name in _FIGURES)}
    {_ADD}
"""  # noqa: S608  # likewise
_PRUNE = f"""
    DELETE FROM {_TABLE} WHERE slot_at > '1970-01-01' AND slot_at < {_KEPT_SINCE}
"""  # noqa: S608  # likewise


@contextmanager
def counting(tx: Tx, order_id: OrderId) -> Iterator[None]:
    """Count what the block changes of an order's row; the transaction does nothing after it."""
    tx.one(_HOLD, (order_id,))
    before = read(tx, [order_id])
    yield
    count(tx, [order_id], before)


def read(tx: Tx, ids: Collection[OrderId]) -> _Parts:
    """Return what some orders are in the sums together, by their rows."""
    parts: dict[_Key, tuple[Any, ...]] = {}
    for row in tx.all(_READ, (tuple(ids),)) if ids else ():
        figures = tuple(row[name] for name in _FIGURES)
        for slot in {ALL, row["slot_at"] or ALL}:
            key = (slot, row["currency"], row["shard"])
            parts[key] = tuple(map(add, parts.get(key, _NOTHING), figures))
    return parts


def count(tx: Tx, ids: Collection[OrderId], before: _Parts) -> None:
    """Count what has changed of orders' rows since *before*, when they were locked."""
    after = read(tx, ids)
    _add(
        tx,
        {
            key: tuple(map(sub, after.get(key, _NOTHING), before.get(key, _NOTHING)))
            for key in {*before, *after}
        },
    )


def by_shard(ids: Collection[OrderId]) -> dict[int, list[OrderId]]:
    """Return orders by the shard that counts them, in the order of their ids."""
    shards: dict[int, list[OrderId]] = {}
    for order_id in sorted(ids):
        shards.setdefault(shard_of(order_id), []).append(order_id)
    return shards


def shard_of(order_id: OrderId) -> int:
    """Return the shard that counts an order."""
    return order_id % _SHARDS


def count_blank(tx: Tx, made: Mapping[int, int]) -> None:
    """Count orders whose rows were made just now, with nothing in them: how many by shard."""
    _add(tx, {(ALL, "", shard): (number, *_NOTHING[1:]) for shard, number in made.items()})


def _add(tx: Tx, changes: _Parts) -> None:
    """Write differences, in an order that is the same for all."""
    rows = [(*key, *changes[key]) for key in sorted(changes) if any(changes[key])]
    if rows:
        tx.insert_many_later(_CHANGE, rows)


def count_orders(tx: Tx) -> OrderCounts:
    """Return how many orders stand where."""
    row = tx.one(_COUNTS, (ALL,))
    assert row is not None
    return OrderCounts(**{name: Credits(int(value)) for name, value in row.items()})


def correct(tx: Tx) -> int:
    """
    Compare all sums with the orders, and add what is missing; return how many were wrong.

    Quarters that are over for long are deleted. Nobody is held up. After an update they are wrong
    by what a process of the version before booked beside this one.
    """
    state.take_turn(tx, "order_sums")
    tx.run(_PRUNE)
    return tx.run(_CORRECT)
