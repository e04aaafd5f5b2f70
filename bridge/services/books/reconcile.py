"""
Comparing the books: balances with the ledger, orders with their rows, answers with what they tell
of, accounts with their holds.

Everything is read without locks, some accounts at a time; only what seems wrong is locked for a
second look, since somebody may have been booking between two statements of the first.
"""

from dataclasses import asdict
from datetime import datetime, timedelta

from bridge.domain.errors import InvalidInputError
from bridge.domain.findings import FindingKind
from bridge.domain.ids import OrderId
from bridge.domain.sentences import Sentence
from bridge.domain.site import Site
from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.services.books.compare_answers import compare_answers
from bridge.services.books.compare_holds import compare_holds
from bridge.services.books.comparing import ProgressListener, ReconcileRun, Reconciliation, chunks
from bridge.services.books.correct_sums import correct_sums, correct_user_sums
from bridge.services.books.settle_differences import notice, settle_old
from bridge.services.failures import Failures
from bridge.services.spending.group_commit import GroupCommit
from bridge.store import books, findings, order_rows, state
from bridge.store.books import OrderBooks
from bridge.store.db import Database
from bridge.store.tx import Tx

EVERY = timedelta(days=1)
_SUMMARIES_FOR_S = 3600.0


def reconcile_is_due(db: Database) -> bool:
    """Say whether the last time was a day ago."""
    with db.reading() as tx:
        last = last_reconciled(tx)
        return last is None or tx.now() >= last[0] + EVERY


def last_reconciled(tx: Tx) -> tuple[datetime, Reconciliation] | None:
    """Return when the books were compared last, and with what result."""
    kept = state.get_json(tx, state.RECONCILED)
    return (datetime.fromisoformat(kept.pop("at")), Reconciliation(**kept)) if kept else None


def reconcile(
    db: Database,
    *,
    spending: GroupCommit | None = None,
    progress: ProgressListener = lambda _, __: None,
) -> Reconciliation:
    """
    Compare all books once; what cannot be compared is counted and logged, and stops nothing.

    With *spending* what is wrong with holds is repaired, not reported: those that are overdue
    end as they would have, and wrong counts are corrected.

    What the ledger does not explain of a balance is no finding at once: the peer's row may come
    after its balance. It is watched from now on; what is still there ten minutes later becomes a
    finding, by the worker or by the next run. Sums of orders and of use are put right at once.
    """
    run = ReconcileRun(db, Reconciliation(), Failures("compared"), progress)
    done = run.done
    done.findings += settle_old(db, run.failures)
    _compare_balances(run)
    _compare_orders(run)
    compare_answers(run)
    compare_holds(run, spending=spending)
    with run.failures.guard("sums of orders and of use"):
        done.sums = correct_sums(db) + correct_user_sums(db)
    done.failed = len(run.failures.items)
    _keep(db, done)
    return done


def repair_summaries_of_all(db: Database, site: Site) -> int:
    """Go once through the summary of all accounts; return how many were wrong."""
    # The first call ends the pass that the worker is at.
    return sum(keep_summaries(db, site, run_for_s=_SUMMARIES_FOR_S) for _ in range(2))


def resolve_finding(db: Database, finding_id: int, *, by: str, reason: str) -> None:
    """
    Close a finding. The first to do so is kept.

    Raises:
        InvalidInputError: There is no such finding.
    """
    if not db.transaction(lambda tx: findings.resolve(tx, finding_id, by=by, reason=reason)):
        raise InvalidInputError(
            Sentence("finding: there is no finding {finding_id}.", finding_id=finding_id)
        )


def _compare_balances(run: ReconcileRun) -> None:
    for chunk in chunks(run.db, books.list_balances, lambda one: one.user_id, 0):
        for balance in chunk:
            if balance.owned != balance.explained:
                with run.failures.guard(f"user {balance.user_id}"):
                    notice(run.db, balance.user_id)
                    run.done.noticed += 1
        run.done.balances += len(chunk)
        run.progress("balances", run.done.balances)


def _compare_orders(run: ReconcileRun) -> None:
    for chunk in chunks(run.db, books.list_orders, lambda one: one.order_id, 0):
        for order in chunk:
            if not order.agree:
                with run.failures.guard(f"order {order.order_id}"):
                    run.done.findings += _look_at_order(run.db, order.order_id)
        run.done.orders += len(chunk)
        run.progress("orders", run.done.orders)


def _look_at_order(db: Database, order_id: OrderId) -> bool:
    """Look again under the order's lock; return whether a finding was left."""

    def look(tx: Tx) -> bool:
        order_rows.lock_order(tx, order_id)
        order = books.read_order(tx, order_id)
        return order is not None and not order.agree and _record_order(tx, order)

    return db.transaction(look)


def _record_order(tx: Tx, order: OrderBooks) -> bool:
    return findings.record(
        tx,
        once=True,
        kind=FindingKind.ORDER_LEDGER_MISMATCH,
        order_id=order.order_id,
        user_id=order.user_id,
        summary=_summary(order),
        evidence=asdict(order),
    )


def _summary(order: OrderBooks) -> Sentence:
    told = {
        "booked": order.booked,
        "order_id": order.order_id,
        "in_ledger": order.in_ledger,
        "user_id": order.user_id,
    }
    if order.missing:
        return Sentence(
            "{booked:,} tokens are booked for order {order_id}, but its ledger rows add up to "
            "{in_ledger:,} and {missing} are missing: rows were lost, changed or deleted. Compare "
            "both with the balance of user {user_id}, and correct that by hand if it is wrong.",
            missing=len(order.missing),
            **told,
        )
    return Sentence(
        "{booked:,} tokens are booked for order {order_id}, but its ledger rows add up to "
        "{in_ledger:,}: rows were lost, changed or deleted. Compare both with the balance of "
        "user {user_id}, and correct that by hand if it is wrong.",
        **told,
    )


def _keep(db: Database, done: Reconciliation) -> None:
    def keep(tx: Tx) -> None:
        state.set_json(tx, state.RECONCILED, {"at": tx.now().isoformat(), **asdict(done)})

    db.transaction(keep)
