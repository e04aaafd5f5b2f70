"""Orders by where they stand, and what people decide: try again, whose it is, leave it."""

from bridge.domain.errors import InvalidInputError, UnknownOrderError
from bridge.domain.ids import OrderId, UserId
from bridge.domain.order_views import OrderView
from bridge.domain.paging import Cursor, Page, page_of
from bridge.domain.sentences import Sentence
from bridge.domain.verdicts import OrderState
from bridge.store import dismissals, order_rows, orders, wp_users
from bridge.store.db import Database
from bridge.store.tx import Tx


def orders_in_state(
    db: Database, state: OrderState, *, before: Cursor[None] | None, limit: int
) -> Page[OrderView]:
    """Return orders in a state, newest first."""
    with db.reading() as tx:
        found = orders.list_by_state(tx, state, before=before, limit=limit + 1)
    return page_of(found, limit, lambda order: Cursor(None, order.order_id))


def look_at_order(db: Database, order_id: OrderId) -> None:
    """Have the worker look at an order now, whether or not the bridge knows it."""
    db.transaction(lambda tx: orders.hint(tx, order_id))


def retry_order(db: Database, order_id: OrderId) -> OrderView:
    """
    Have the worker look at the order now; return it as it stands.

    Raises:
        UnknownOrderError: The bridge keeps nothing about it.
    """
    view = get_order(db, order_id)
    look_at_order(db, order_id)
    return view


def assign_order(db: Database, order_id: OrderId, user_id: UserId, *, by: str) -> OrderView:
    """
    Say whose a guest's order is; the worker grants it at once (R10).

    An order that has a booking stays where it is: move credits by an adjustment.

    Args:
        db: Where.
        order_id: Which.
        user_id: The owner from now on.
        by: Who says so; goes into the ledger row's meta.

    Raises:
        UnknownOrderError: The bridge keeps nothing about it.
        InvalidInputError: The user does not exist, or the order has a booking or a customer.
    """

    def assign(tx: Tx) -> None:
        locked = order_rows.lock_order(tx, order_id)
        if locked is None:
            raise _unknown(order_id)
        if not wp_users.user_exists(tx, user_id):
            raise InvalidInputError(
                Sentence("user_id: there is no user {user_id}.", user_id=user_id)
            )
        if locked.record.account_id is not None:
            raise InvalidInputError(
                Sentence(
                    "order: its credits are with user {account_id} already; move them by an "
                    "adjustment.",
                    account_id=locked.record.account_id,
                )
            )
        orders.assign(tx, order_id, user_id, by=by)
        orders.hint(tx, order_id)

    db.transaction(assign)
    return get_order(db, order_id)


def dismiss_order(
    db: Database, order_id: OrderId, reason: str, *, by: str, shown_code: str | None = None
) -> OrderView:
    """
    Take an order off the lists, with a reason, until something else is wrong with it.

    Args:
        db: Where.
        order_id: Which.
        reason: Why it may be left.
        by: Who says so.
        shown_code: The reason code that was decided on; None: whatever it is by now.

    Raises:
        UnknownOrderError: The bridge keeps nothing about it.
        InvalidInputError: Something else than *shown_code* is wrong with it meanwhile.
    """

    def dismiss(tx: Tx) -> None:
        order_rows.lock_order(tx, order_id)
        view = orders.find_order(tx, order_id)
        if view is None:
            raise _unknown(order_id)
        if shown_code not in (None, view.reason_code):
            raise InvalidInputError(
                Sentence("order: it has changed meanwhile; look at its reason again.")
            )
        dismissals.dismiss(tx, order_id, reason, by=by)

    db.transaction(dismiss)
    return get_order(db, order_id)


def list_order_again(db: Database, order_id: OrderId) -> None:
    """Put a dismissed order on the lists again, if it still belongs there."""
    db.transaction(lambda tx: dismissals.list_again(tx, order_id))


def get_order(db: Database, order_id: OrderId) -> OrderView:
    """Return an order as the bridge knows it; raises UnknownOrderError."""
    with db.reading() as tx:
        view = orders.find_order(tx, order_id)
    if view is None:
        raise _unknown(order_id)
    return view


def _unknown(order_id: OrderId) -> UnknownOrderError:
    return UnknownOrderError(Sentence("The bridge knows no order {order_id}.", order_id=order_id))
