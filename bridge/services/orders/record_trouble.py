"""Orders that something is wrong with: recorded for people, one by one, with what to do."""

import structlog

from bridge.domain.errors import BalanceTooLargeError, BridgeError, LedgerConflictError
from bridge.domain.findings import FindingKind
from bridge.domain.ids import OrderId
from bridge.domain.orders import Order
from bridge.domain.sentences import Sentence
from bridge.domain.verdicts import RETRY_AFTER, Reason, ReasonCode
from bridge.services.orders.judge import BookingContext
from bridge.store import findings, order_rows, orders
from bridge.store.tx import Tx
from bridge.woo.errors import ShopError

log = structlog.get_logger()

_VANISHED_RETRY_S = 24 * 3600
_RETRY_S = int(RETRY_AFTER.total_seconds())


class OrderDefectError(BridgeError):
    """The bridge met a defect of its own with one order."""

    def __init__(self, order_id: OrderId, error: Exception) -> None:
        super().__init__(
            Sentence(
                "The bridge met a defect with order {order_id} ({kind}); its log says more."
                " Please report it; the order is tried again by itself.",
                order_id=order_id,
                kind=type(error).__name__,
            )
        )


class OrderNotSentError(BridgeError):
    """The shop lists an order and cannot send it, neither in a list nor alone."""

    def __init__(self, error: ShopError) -> None:
        super().__init__(
            Sentence(
                "The shop cannot send this order (seen: {seen}); all others come. Open it in "
                "WooCommerce, look at the shop's PHP error log, or find the plugin that "
                "breaks it by switching plugins off.",
                seen=error.seen,
            )
        )


class ParentUnreadableError(BridgeError):
    """The order that another was split off could not be read."""

    def __init__(self, order: Order, error: BridgeError) -> None:
        super().__init__(
            Sentence(
                "Its parent order {parent_id} could not be read, so nobody can say whether "
                "the tokens belong to that one. {error}",
                parent_id=order.parent_id,
                error=error.sentence,
            )
        )


class RefundsUnreadableError(BridgeError):
    """An order's refunds could not be read."""

    def __init__(self, error: BridgeError) -> None:
        super().__init__(
            Sentence(
                "Its refunds could not be read: to grant without them could be too much. {error}",
                error=error.sentence,
            )
        )


def record_unreadable(
    context: BookingContext, order_id: int, error: BridgeError, fetch_number: int
) -> None:
    """Record an order that the shop cannot send, or sends unreadable; 0: nobody knows which."""
    log.warning("order_unreadable", order_id=order_id, reason=str(error))
    if order_id:
        record_order(context, OrderId(order_id), Reason.UNREADABLE, error, fetch_number)


def record_defect(
    context: BookingContext, order_id: int, error: Exception, fetch_number: int
) -> None:
    """Record an order that the bridge itself stumbles over; 0: nobody knows which."""
    log.error("order_defect", order_id=order_id, exc_info=error)
    if order_id:
        defect = OrderDefectError(OrderId(order_id), error)
        record_order(context, OrderId(order_id), Reason.DEFECT, defect, fetch_number)


def record_order(
    context: BookingContext,
    order_id: OrderId,
    code: ReasonCode,
    error: BridgeError,
    fetch_number: int,
) -> None:
    """Record that people must look at an order; what is booked for it stays."""
    context.db.transaction(lambda tx: order_rows.make_orders(tx, [order_id]))
    context.db.transaction(
        lambda tx: orders.record_attention(
            tx, order_id, code, str(error), fetch_number=fetch_number, retry_s=_RETRY_S
        )
    )


def record_fault(
    context: BookingContext, order: Order, error: BridgeError, fetch_number: int
) -> None:
    """Record an order with what stands in its way."""
    reason = Reason.UNREADABLE
    if isinstance(error, BalanceTooLargeError):
        reason = Reason.BALANCE_TOO_LARGE
    elif isinstance(error, LedgerConflictError):
        reason = Reason.LEDGER_CONFLICT
        _keep_conflict(context, order, error)
    record_order(context, order.order_id, reason, error, fetch_number)


def _keep_conflict(context: BookingContext, order: Order, error: LedgerConflictError) -> None:
    context.db.transaction(
        lambda tx: findings.record(
            tx,
            once=True,
            kind=FindingKind.LEDGER_CONFLICT,
            order_id=order.order_id,
            summary=str(error),
            evidence={},
        )
    )


def record_vanished(context: BookingContext, order_id: OrderId, fetch_number: int) -> None:
    """
    Keep the booking of an order that the shop deleted, and record that it is gone.

    One with nothing booked is forgotten; one of which all was taken back says so and asks nobody.
    """

    def note(tx: Tx) -> None:
        locked = order_rows.lock_order(tx, order_id)
        if locked is None or fetch_number < locked.applied_number:
            return
        booked = locked.record.booked
        if locked.record.account_id is None and not booked.granted:
            orders.forget_order(tx, order_id, fetch_number)
        elif booked.due_before <= 0:
            detail = Sentence("It was deleted in the shop, after its tokens had been taken back.")
            orders.let_rest(tx, order_id, Reason.VANISHED, detail, fetch_number=fetch_number)
        else:
            detail = Sentence(
                "It was deleted in the shop; its {due_before:,} tokens stay. Take them back "
                "by hand if you must, then dismiss this.",
                due_before=booked.due_before,
            )
            orders.record_attention(
                tx,
                order_id,
                Reason.VANISHED,
                detail,
                fetch_number=fetch_number,
                retry_s=_VANISHED_RETRY_S,
            )

    context.db.transaction(note)
