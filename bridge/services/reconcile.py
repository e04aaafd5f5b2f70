"""
Comparing the books: balances with the ledger, orders with their rows, accounts with their holds.

Everything is read without locks, some accounts at a time; only what seems wrong is locked for a
second look, since somebody may have been booking between two statements of the first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeVar

from bridge.domain.ids import Actor, OrderId, UserId
from bridge.services.keep_summaries import keep_summaries
from bridge.services.load_accounts import lock_rows
from bridge.services.settle_differences import notice, settle_old
from bridge.store import books, findings, orders, state
from bridge.store.books import HoldBooks, OrderBooks
from bridge.store.db import Database, Tx
from bridge.store.wp_options import Site

EVERY = timedelta(days=1)
_CHUNK = 500
_SUMMARIES_FOR_S = 3600.0

T = TypeVar("T")
Position = TypeVar("Position", int, str)
Heard = Callable[[str, int], None]
"""Called with what is compared, and how many are done."""


@dataclass(slots=True)
class Reconciled:
    """What was compared, and what came of it."""

    balances: int = 0
    orders: int = 0
    accounts: int = 0  # of whom holds were counted, guests among them
    noticed: int = 0  # balances that the ledger does not explain: findings in ten minutes
    findings: int = 0  # new ones
    repaired: int = 0


def reconcile_is_due(db: Database) -> bool:
    """Say whether the last time was a day ago."""
    with db.reading() as tx:
        last = last_reconciled(tx)
        return last is None or tx.now() >= last[0] + EVERY


def last_reconciled(tx: Tx) -> tuple[datetime, Reconciled] | None:
    """Return when the books were compared last, and with what result."""
    kept = state.get_json(tx, state.RECONCILED)
    return (datetime.fromisoformat(kept.pop("at")), Reconciled(**kept)) if kept else None


def reconcile(
    db: Database, *, repair: bool = False, heard: Heard = lambda _, __: None
) -> Reconciled:
    """
    Compare all books once. With *repair* wrong counts of holds are corrected, not reported.

    What the ledger does not explain of a balance is no finding at once: the peer's row may come
    after its balance. It is watched from now on; what is still there ten minutes later becomes a
    finding, by the worker or by the next run.
    """
    done = Reconciled()
    while (settled := settle_old(db)).moved:
        done.findings += settled.found
    _compare_balances(db, done, heard)
    _compare_orders(db, done, heard)
    _compare_holds(db, done, heard, repair=repair)
    _keep(db, done)
    return done


def repair_summaries_of_all(db: Database, site: Site) -> int:
    """Go once through the summary of all accounts; return how many were wrong."""
    # The first call ends the pass that the worker is at.
    return sum(keep_summaries(db, site, run_for_s=_SUMMARIES_FOR_S) for _ in range(2))


def _compare_balances(db: Database, done: Reconciled, heard: Heard) -> None:
    for chunk in _chunks(db, books.list_balances, lambda one: one.user_id, 0):
        for balance in chunk:
            if balance.owned != balance.explained:
                notice(db, balance.user_id)
                done.noticed += 1
        done.balances += len(chunk)
        heard("balances", done.balances)


def _compare_orders(db: Database, done: Reconciled, heard: Heard) -> None:
    for chunk in _chunks(db, books.list_orders, lambda one: one.order_id, 0):
        for order in chunk:
            if not order.agree:
                done.findings += _look_at_order(db, order.order_id)
        done.orders += len(chunk)
        heard("orders", done.orders)


def _compare_holds(db: Database, done: Reconciled, heard: Heard, *, repair: bool) -> None:
    users = _chunks(db, books.list_holds, lambda one: int(one.owner), 0)
    guests = _chunks(db, books.list_guests_holds, lambda one: str(one.owner), "")
    for chunk in chain(users, guests):
        for account in chunk:
            if not account.agree:
                _look_at_holds(db, account.owner, done, repair=repair)
        done.accounts += len(chunk)
        heard("accounts", done.accounts)


def _chunks(
    db: Database,
    lister: Callable[[Tx, Position, int], Sequence[T]],
    position_of: Callable[[T], Position],
    after: Position,
) -> Iterator[Sequence[T]]:
    while True:
        with db.reading() as tx:
            chunk = lister(tx, after, _CHUNK)
        if chunk:
            yield chunk
        if len(chunk) < _CHUNK:
            return
        after = position_of(chunk[-1])


def _look_at_order(db: Database, order_id: OrderId) -> bool:
    """Look again under the order's lock; return whether a finding was left."""

    def look(tx: Tx) -> bool:
        orders.lock_order(tx, order_id)
        order = books.read_order(tx, order_id)
        return order is not None and not order.agree and _record_order(tx, order)

    return db.transaction(look)


def _record_order(tx: Tx, order: OrderBooks) -> bool:
    return findings.record(
        tx,
        once=True,
        kind="order_ledger_mismatch",
        order_id=order.order_id,
        user_id=order.user_id,
        summary=(
            f"{order.booked:,} credits are booked for order {order.order_id}, but its ledger rows "
            f"add up to {order.in_ledger:,}: rows were changed or deleted. Compare both with the "
            f"balance of user {order.user_id}, and correct that by hand if it is wrong."
        ),
        evidence=asdict(order),
    )


def _look_at_holds(db: Database, owner: UserId | str, done: Reconciled, *, repair: bool) -> None:
    """Look again under the account's lock; correct its counts or leave a finding."""
    is_guest = isinstance(owner, str)
    actor = Actor(session_id=str(owner)) if is_guest else Actor(user_id=UserId(int(owner)))

    def look(tx: Tx) -> tuple[int, int]:
        lock_rows(tx, [actor])
        found = books.read_holds(tx, owner)
        if found is None or found.agree:
            return 0, 0
        if repair:
            books.recount(tx, found)
            return 0, 1
        return int(_record_holds(tx, found)), 0

    left, repaired = db.transaction(look)
    done.findings += left
    done.repaired += repaired


def _record_holds(tx: Tx, found: HoldBooks) -> bool:
    is_guest = isinstance(found.owner, str)
    return findings.record(
        tx,
        once=True,
        kind="holds_mismatch",
        user_id=None if is_guest else int(found.owner),
        summary=(
            f"The account of {'guest' if is_guest else 'user'} {found.owner} counts other holds "
            "than are open. Run aipkit-bridge reconcile --repair: it counts them afresh."
        ),
        evidence=asdict(found),
    )


def _keep(db: Database, done: Reconciled) -> None:
    def keep(tx: Tx) -> None:
        state.set_json(tx, state.RECONCILED, {"at": tx.now().isoformat(), **asdict(done)})

    db.transaction(keep)
