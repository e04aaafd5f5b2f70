"""The bridge's own order rows: what was booked for an order, and why not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.events import EventType
from bridge.domain.ids import MAX_ID, OrderId, UserId
from bridge.domain.order_views import OrderView
from bridge.domain.paging import Cursor
from bridge.domain.second_looks import SECOND_LOOK_AFTER, SECOND_LOOK_FOR
from bridge.domain.verdicts import (
    RECHECK_AFTER,
    RECHECK_FOR,
    OrderState,
    ReasonCode,
)
from bridge.store import order_sums, sale_lines
from bridge.store.columns import utc
from bridge.store.tx import Row, Tx

_DIGESTS = """
    SELECT order_id, digest, state, look_again_at <= UTC_TIMESTAMP(6) AS look_due
      FROM {p}aipkit_bridge_orders WHERE order_id IN %s
"""
_LIST_ATTENTION = """
    UPDATE {p}aipkit_bridge_orders
       SET dismissed_reason = IF(reason_code = %(code)s, dismissed_reason, NULL),
           state = 'attention', reason_code = %(code)s, reason = %(reason)s, asks_product = 0,
           look_again_at = UTC_TIMESTAMP(6) + INTERVAL %(seconds)s SECOND,
           applied_seq = GREATEST(applied_seq, %(fetch_number)s)
     WHERE order_id = %(order_id)s AND applied_seq <= %(fetch_number)s
"""
_LET_REST = """
    UPDATE {p}aipkit_bridge_orders
       SET state = 'seen', reason_code = %(code)s, reason = %(reason)s, look_again_at = NULL,
           asks_product = 0, dismissed_reason = NULL,
           applied_seq = GREATEST(applied_seq, %(fetch_number)s)
     WHERE order_id = %(order_id)s
"""
_HAS_PACKAGES = """
    SELECT 1 FROM {p}aipkit_bridge_order_lines WHERE order_id = %s AND quantity > 0 LIMIT 1
"""
_FORGET = """
    DELETE FROM {p}aipkit_bridge_orders
     WHERE order_id = %s AND granted = 0 AND account_id IS NULL AND applied_seq <= %s
"""
_PUT_OFF = """
    UPDATE {p}aipkit_bridge_orders
       SET look_again_at = CASE
             WHEN state = 'granted'
                  AND finished_at > UTC_TIMESTAMP(6) - INTERVAL %(for_s)s SECOND
             THEN UTC_TIMESTAMP(6) + INTERVAL %(after_s)s SECOND
             WHEN state = 'seen' AND status NOT IN %(final)s
                  AND ordered_at > UTC_TIMESTAMP(6) - INTERVAL %(second_for_s)s SECOND
             THEN UTC_TIMESTAMP(6) + INTERVAL %(second_after_s)s SECOND
             END
     WHERE order_id IN %(ids)s AND look_again_at <= UTC_TIMESTAMP(6)
       AND hinted_number < %(fetch_number)s
"""
_HINT = """
    INSERT INTO {p}aipkit_bridge_orders (order_id, first_seen_at, look_again_at, hinted_number)
    SELECT %s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL %s SECOND, COALESCE(MAX(value), 0)
      FROM {p}aipkit_bridge_sequences WHERE name = 'fetch'
    ON DUPLICATE KEY UPDATE look_again_at = VALUES(look_again_at), digest = NULL,
                            hinted_number = VALUES(hinted_number)
"""
_LOOK_AT_ALL = "UPDATE {p}aipkit_bridge_orders SET look_again_at = UTC_TIMESTAMP(6)"
_DUE = """
    SELECT order_id FROM {p}aipkit_bridge_orders
     WHERE look_again_at <= UTC_TIMESTAMP(6) ORDER BY look_again_at, order_id LIMIT %s
"""
VIEW = """
    SELECT order_id, order_number, customer_id, account_id, status, state, reason_code, reason,
           due, granted, reversed, shortfall, COALESCE(finished_at, first_seen_at) AS at
      FROM {p}aipkit_bridge_orders
"""
_ONE = f"{VIEW} WHERE order_id = %s"
_BY_STATE = f"""
    {VIEW}
     WHERE state = %(state)s AND dismissed_reason IS NULL AND order_id < %(before)s
     ORDER BY order_id DESC LIMIT %(limit)s
"""
_BACKFILLED = """
    SELECT order_id FROM {p}aipkit_bridge_orders WHERE order_id IN %s AND backfilled > 0
"""
_UNTOLD = f"""
    {VIEW}
     WHERE state IN %(states)s AND dismissed_reason IS NULL AND backfilled = 0
       AND NOT EXISTS (
         SELECT 1 FROM {{p}}aipkit_bridge_events event
          WHERE event.event_key = CONCAT(%(type)s, ':', order_id, ':', reason_code))
     ORDER BY order_id LIMIT %(limit)s
"""  # noqa: S608  # of constants
_BOOKED = f"""
    {VIEW}
     WHERE granted > 0 AND order_id < %(before)s ORDER BY order_id DESC LIMIT %(limit)s
"""
_ASSIGN = """
    UPDATE {p}aipkit_bridge_orders
       SET assigned_to = %(user_id)s, assigned_by = %(by)s
     WHERE order_id = %(order_id)s
"""
_INSERTED = 1
"""What the database says of an INSERT … ON DUPLICATE KEY UPDATE that made a row: 2 of a change."""


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """What is needed to skip an order that did not change."""

    digest: bytes | None
    state: OrderState
    look_due: bool


def record_attention(
    tx: Tx, order_id: OrderId, code: ReasonCode, reason: str, *, fetch_number: int, retry_s: int
) -> None:
    """Record an order that could not be judged, for people; what is booked stays as it is."""
    args = {
        "order_id": order_id,
        "code": code,
        "reason": reason[:500],
        "fetch_number": fetch_number,
        "seconds": retry_s,
    }
    with order_sums.counting(tx, order_id):
        tx.run(_LIST_ATTENTION, args)


def let_rest(
    tx: Tx, order_id: OrderId, code: ReasonCode, reason: str, *, fetch_number: int
) -> None:
    """Say what became of an order with which nobody has anything to do any more."""
    args = {"order_id": order_id, "code": code, "reason": reason, "fetch_number": fetch_number}
    with order_sums.counting(tx, order_id):
        tx.run(_LET_REST, args)


def has_packages(tx: Tx, order_id: OrderId) -> bool:
    """Say whether the bridge has seen package lines in the order."""
    return tx.one(_HAS_PACKAGES, (order_id,)) is not None


def forget_order(tx: Tx, order_id: OrderId, fetch_number: int) -> None:
    """Delete the row of an order that vanished before anything was booked for it."""
    with order_sums.counting(tx, order_id):
        is_gone = tx.run(_FORGET, (order_id, fetch_number))
    if is_gone:
        sale_lines.drop(tx, order_id)


def read_seen(tx: Tx, ids: Collection[OrderId]) -> Mapping[OrderId, KnownOrder]:
    """Return what is kept about the orders, for skipping those that did not change."""
    if not ids:
        return {}
    return {
        OrderId(row["order_id"]): KnownOrder(
            row["digest"], OrderState(row["state"]), bool(row["look_due"])
        )
        for row in tx.all(_DIGESTS, (tuple(ids),))
    }


def put_off(
    tx: Tx, ids: Collection[OrderId], fetch_number: int, *, final: Collection[str]
) -> None:
    """
    Look again later at orders that were due and had not changed; at old ones never.

    At granted ones in an hour; sooner at those that may still be completed, because they have
    none of the *final* statuses.
    """
    if ids:
        recheck = {
            "after_s": RECHECK_AFTER.total_seconds(),
            "for_s": RECHECK_FOR.total_seconds(),
            "second_after_s": SECOND_LOOK_AFTER.total_seconds(),
            "second_for_s": SECOND_LOOK_FOR.total_seconds(),
        }
        args = {"ids": tuple(ids), "fetch_number": fetch_number, "final": tuple(final)}
        tx.run(_PUT_OFF, {**args, **recheck})


def hint(tx: Tx, order_id: OrderId, *, in_s: int = 0) -> None:
    """
    Ask for a look at an order now or *in_s* seconds from now, changed or not.

    A fetch that was under way already does not count: the hint may know more than it.
    """
    if tx.run(_HINT, (order_id, in_s)) == _INSERTED:
        order_sums.count_blank(tx, {order_sums.shard_of(order_id): 1})


def look_at_all(tx: Tx) -> None:
    """Have every known order looked at again: the rules have changed."""
    tx.run(_LOOK_AT_ALL)


def list_due(tx: Tx, limit: int) -> Sequence[OrderId]:
    """Return orders that are to be looked at now."""
    return [OrderId(row["order_id"]) for row in tx.all(_DUE, (limit,))]


def find_order(tx: Tx, order_id: OrderId) -> OrderView | None:
    """Return one order, or None."""
    row = tx.one(_ONE, (order_id,))
    return view_of(row) if row else None


def assign(tx: Tx, order_id: OrderId, user_id: UserId, *, by: str) -> None:
    """Note whose a guest's order is; the caller has locked it, and has it looked at."""
    tx.run(_ASSIGN, {"user_id": user_id, "by": by[:100], "order_id": order_id})


def list_by_state(
    tx: Tx, state: OrderState, *, before: Cursor[None] | None = None, limit: int = 25
) -> Sequence[OrderView]:
    """Return orders in a state, newest first; dismissed ones are left out, save granted ones."""
    args = {"state": state, "before": before.number if before else MAX_ID + 1, "limit": limit}
    sql = _BOOKED if state is OrderState.GRANTED else _BY_STATE
    return [view_of(row) for row in tx.all(sql, args)]


def find_backfilled(tx: Tx, ids: Collection[OrderId]) -> frozenset[OrderId]:
    """Return which of the orders are past ones that a backfill has let in."""
    rows = tx.all(_BACKFILLED, (tuple(ids),)) if ids else []
    return frozenset(OrderId(row["order_id"]) for row in rows)


def list_untold(tx: Tx, limit: int) -> Sequence[OrderView]:
    """
    Return orders that wait for a person, and guests', of which no event tells yet.

    Past orders are left out: whoever lets them in is told of them all, by its report.
    """
    states = (OrderState.ATTENTION, OrderState.UNCLAIMED)
    args = {"states": states, "type": EventType.ATTENTION, "limit": limit}
    return [view_of(row) for row in tx.all(_UNTOLD, args)]


def view_of(row: Row) -> OrderView:
    """Return the order that a row of `VIEW` is."""
    return OrderView(
        order_id=row["order_id"],
        order_number=row["order_number"] or str(row["order_id"]),
        user_id=row["account_id"] or row["customer_id"] or None,
        status=row["status"],
        state=OrderState(row["state"]),
        reason_code=row["reason_code"],
        reason=row["reason"],
        due=row["due"],
        booked=row["granted"] - row["reversed"],
        shortfall=row["shortfall"],
        at=utc(row["at"]),
    )
