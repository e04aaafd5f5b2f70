"""The bridge's own order rows as a booking finds, holds and writes them, many at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import pymysql

from bridge.domain.grants import Adoption, BookedCredits
from bridge.domain.ids import Credits, LineId, OrderId, UserId
from bridge.domain.orders import Order
from bridge.domain.packages import JudgedLine
from bridge.domain.sale_lines import SaleLine
from bridge.domain.verdicts import OrderRecord, Verdict
from bridge.store import order_sums
from bridge.store.columns import naive, utc
from bridge.store.db_errors import is_duplicate_key
from bridge.store.tx import Row, Tx
from bridge.store.values import NOW

_MAKE = """
    INSERT IGNORE INTO {p}aipkit_bridge_orders (order_id, first_seen_at, backfilled)
    VALUES {rows}
"""
# The digest tells an order that has not changed; one that is let in must be judged all the same.
# SET goes from left to right.
_LET_IN = """
    UPDATE {p}aipkit_bridge_orders SET digest = IF(backfilled = 1, digest, NULL), backfilled = 1
     WHERE order_id IN %s
"""
_ROWS = """
    SELECT order_id, account_id, granted, reversed, shortfall, regrants, clawbacks,
           adopted_credits, adopted_net, adopted_status, adopted_digest, claimed_as, assigned_to,
           assigned_by, backfilled, applied_seq, UTC_TIMESTAMP(6) AS now
      FROM {p}aipkit_bridge_orders FORCE INDEX (PRIMARY)
     WHERE order_id IN %s ORDER BY order_id
"""
_LOCK = f"{_ROWS} FOR UPDATE"
_LINES = """
    SELECT order_id, line_id, unit_amount FROM {p}aipkit_bridge_order_lines WHERE order_id IN %s
"""
_FREEZE = """
    INSERT INTO {p}aipkit_bridge_order_lines
           (order_id, line_id, product_id, variation_id, name, quantity, unit_amount, paid,
            frozen_at) VALUES {rows}
    ON DUPLICATE KEY UPDATE name = VALUES(name), quantity = VALUES(quantity),
                            paid = VALUES(paid)
"""
_GONE_LINES = """
    UPDATE {p}aipkit_bridge_order_lines SET quantity = 0 WHERE order_id = %s AND line_id IN %s
"""
_ADD = """
    INSERT INTO {p}aipkit_bridge_orders
           (order_id, backfilled, first_seen_at, order_number, customer_id, status, currency,
            account_id, claimed_as, state, reason_code, reason, due, granted, reversed, shortfall,
            regrants, clawbacks, adopted_credits, adopted_net, adopted_status, adopted_digest,
            digest, applied_seq, ordered_at, finished_at, modified_at, sold_for, email, buyer,
            total, asks_product, granted_at, look_again_at) VALUES {rows}
"""
# All are locked and exist: none is ever inserted. SET goes from left to right: the dismissal must
# be compared with the reason before it changes.
_SAVE = f"""{_ADD}
    ON DUPLICATE KEY UPDATE
      backfilled = VALUES(backfilled),
      dismissed_reason = IF(VALUES(reason_code) = reason_code, dismissed_reason, NULL),
      order_number = VALUES(order_number), customer_id = VALUES(customer_id),
      status = VALUES(status), currency = VALUES(currency), account_id = VALUES(account_id),
      claimed_as = VALUES(claimed_as), state = VALUES(state),
      reason_code = VALUES(reason_code), reason = VALUES(reason), due = VALUES(due),
      granted = VALUES(granted), reversed = VALUES(reversed), shortfall = VALUES(shortfall),
      regrants = VALUES(regrants), clawbacks = VALUES(clawbacks),
      adopted_credits = VALUES(adopted_credits), adopted_net = VALUES(adopted_net),
      adopted_status = VALUES(adopted_status), adopted_digest = VALUES(adopted_digest),
      digest = VALUES(digest), applied_seq = VALUES(applied_seq),
      ordered_at = VALUES(ordered_at), finished_at = VALUES(finished_at),
      modified_at = VALUES(modified_at), sold_for = VALUES(sold_for), email = VALUES(email),
      buyer = VALUES(buyer), total = VALUES(total), asks_product = VALUES(asks_product),
      granted_at = COALESCE(granted_at, VALUES(granted_at)),
      look_again_at = IF(hinted_number >= VALUES(applied_seq), look_again_at,
        VALUES(look_again_at))
"""
_SHORT = 191
"""Characters of an e-mail address or a name that are kept."""

_MAX_TOTAL = Decimal(10) ** 18
"""What the column of totals holds; no shop sells for more."""


@dataclass(frozen=True, slots=True)
class LockedOrder:
    """An order row held until the transaction ends, with its frozen amounts."""

    order_id: OrderId
    record: OrderRecord
    regrants: int
    clawbacks: int
    applied_number: int  # the fetch last applied; an older one knows less
    now: datetime
    frozen: Mapping[LineId, Credits] = field(default_factory=dict)
    is_new: bool = False  # there is no row yet: what is saved makes it


@dataclass(frozen=True, slots=True)
class OrderWrite:
    """What becomes of a locked order."""

    order: Order
    locked: LockedOrder  # with the regrants and clawbacks as they are now
    lines: Collection[JudgedLine]
    verdict: Verdict
    booked: BookedCredits
    sales: Sequence[SaleLine]
    sold_for: Decimal | None
    digest: bytes


class OrdersMadeError(Exception):
    """Orders that were new have rows now: lock these, and judge anew."""


def make_orders(tx: Tx, ids: Collection[OrderId]) -> None:
    """Make the rows that are missing."""
    order_sums.count_blank(tx, _make(tx, ids, is_let_in=False))


def let_in(tx: Tx, ids: Collection[OrderId]) -> None:
    """Let orders in that were completed before `grants.since`; known ones are judged anew."""
    made = _make(tx, ids, is_let_in=True)
    if sum(made.values()) < len(ids):
        tx.run(_LET_IN, (tuple(ids),))
    order_sums.count_blank(tx, made)


def _make(tx: Tx, ids: Collection[OrderId], *, is_let_in: bool) -> dict[int, int]:
    """Return how many rows were made, by shard of the sums, in which they are counted last."""
    return {
        shard: tx.insert_many(_MAKE, [(order_id, NOW, int(is_let_in)) for order_id in part])
        for shard, part in order_sums.by_shard(ids).items()
    }


def peek_let_in(tx: Tx, ids: Collection[OrderId]) -> dict[OrderId, LockedOrder]:
    """Return what `lock_let_in` would, and hold nothing."""
    return _let_in(tx, _ROWS, ids)


def lock_let_in(tx: Tx, ids: Collection[OrderId]) -> dict[OrderId, LockedOrder]:
    """As `lock_orders`, of orders that are let in: those that nobody knows yet are blank."""
    return _let_in(tx, _LOCK, ids)


def _let_in(tx: Tx, sql: str, ids: Collection[OrderId]) -> dict[OrderId, LockedOrder]:
    now = tx.now()
    blank = {i: LockedOrder(i, OrderRecord(), 0, 0, 0, now, is_new=True) for i in ids}
    return {
        order_id: replace(one, record=replace(one.record, backfilled=True))
        for order_id, one in (blank | _read(tx, sql, ids)).items()
    }


def lock_order(tx: Tx, order_id: OrderId) -> LockedOrder | None:
    """Hold an order's row; None if it was never made (or forgotten meanwhile)."""
    return lock_orders(tx, [order_id]).get(order_id)


def lock_orders(tx: Tx, ids: Collection[OrderId]) -> dict[OrderId, LockedOrder]:
    """Hold the rows of orders, by id; those that are not there are absent."""
    return _read(tx, _LOCK, ids)


def _read(tx: Tx, sql: str, ids: Collection[OrderId]) -> dict[OrderId, LockedOrder]:
    found = {row["order_id"]: _locked(row) for row in tx.all(sql, (tuple(ids),))}
    frozen: dict[OrderId, dict[LineId, Credits]] = {}
    if found:
        for row in tx.all(_LINES, (tuple(found),)):
            lines = frozen.setdefault(row["order_id"], {})
            lines[LineId(row["line_id"])] = Credits(row["unit_amount"])
    return found | {i: replace(found[i], frozen=lines) for i, lines in frozen.items()}


def _locked(row: Row) -> LockedOrder:
    return LockedOrder(
        OrderId(row["order_id"]),
        _record(row),
        row["regrants"],
        row["clawbacks"],
        row["applied_seq"],
        utc(row["now"]),
    )


def _record(row: Row) -> OrderRecord:
    adoption = None
    if row["adopted_credits"] is not None:
        adoption = Adoption(
            Credits(row["adopted_credits"]),
            Credits(row["adopted_net"]),
            row["adopted_status"],
            row["adopted_digest"],
        )
    return OrderRecord(
        account_id=_user(row["account_id"]),
        booked=BookedCredits(row["granted"], row["reversed"], row["shortfall"]),
        adoption=adoption,
        claimed_as=row["claimed_as"],
        assigned_to=_user(row["assigned_to"]),
        assigned_by=row["assigned_by"],
        backfilled=bool(row["backfilled"]),
    )


def _user(value: int | None) -> UserId | None:
    return None if value is None else UserId(value)


def save_orders(tx: Tx, writes: Sequence[OrderWrite], fetch_number: int) -> None:
    """
    Write locked orders: their rows always, as the locks that others wait for.

    The amounts of package lines are kept for good, beside today's name, quantity and price.

    Raises:
        OrdersMadeError: Somebody else has made rows of new orders meanwhile.
    """
    lines = [row for write in writes for row in _lines(write)]
    if lines:
        tx.insert_many(_FREEZE, lines)
    for write in writes:
        packages = {j.line.line_id for j in write.lines if j.unit_amount is not None}
        if gone := write.locked.frozen.keys() - packages:
            tx.run(_GONE_LINES, (write.order.order_id, tuple(gone)))
    new = [_columns(write, fetch_number) for write in writes if write.locked.is_new]
    known = [_columns(write, fetch_number) for write in writes if not write.locked.is_new]
    if new:
        _add(tx, new)
    if known:
        tx.insert_many(_SAVE, known)


def _add(tx: Tx, rows: Sequence[tuple[object, ...]]) -> None:
    try:
        tx.insert_many(_ADD, rows)
    except pymysql.IntegrityError as error:
        if not is_duplicate_key(error):
            raise
        raise OrdersMadeError from error


def _lines(write: OrderWrite) -> list[tuple[object, ...]]:
    return [
        (
            write.order.order_id,
            j.line.line_id,
            j.line.product_id,
            j.line.variation_id,
            j.line.name[:500],
            j.line.quantity or 0,
            j.unit_amount,
            j.line.paid,
            NOW,
        )
        for j in write.lines
        if j.unit_amount is not None
    ]


def _columns(write: OrderWrite, fetch_number: int) -> tuple[object, ...]:
    order, locked, verdict, booked = write.order, write.locked, write.verdict, write.booked
    adoption = locked.record.adoption or verdict.adopt
    return (
        order.order_id,
        int(locked.record.backfilled),
        NOW,
        order.number[:100],
        order.customer_id,
        order.status[:40],
        order.currency[:10],
        verdict.account_id,
        verdict.claimed_as,
        verdict.state,
        verdict.reason,
        verdict.detail[:500],
        verdict.due if verdict.due is not None else booked.due_before,
        booked.granted,
        booked.reversed,
        booked.shortfall,
        locked.regrants,
        locked.clawbacks,
        adoption.credits if adoption else None,
        adoption.net if adoption else None,
        adoption.status if adoption else None,
        adoption.contents_digest if adoption else None,
        write.digest,
        fetch_number,
        naive(order.created_at),
        naive(order.finished_at),
        naive(order.modified_at),
        write.sold_for,
        order.email.lower()[:_SHORT],
        order.buyer[:_SHORT],
        order.total if abs(order.total) < _MAX_TOTAL else None,
        verdict.product_id,
        _granted_at(write, adoption),
        naive(verdict.look_again_at),
    )


def _granted_at(write: OrderWrite, adoption: Adoption | None) -> object:
    """Return when it was first granted, unless that is known already."""
    if not write.booked.granted:
        return None
    return naive(write.order.finished_at) if adoption else NOW
