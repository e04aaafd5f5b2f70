"""What other writers did to balances: noticed at once, a finding only if it stays unexplained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bridge.domain.findings import FindingKind
from bridge.domain.ids import UserId
from bridge.domain.sentences import Sentence
from bridge.services.failures import Failures
from bridge.services.spending.open_accounts import open_accounts
from bridge.store import accounts, differences, findings, state, wp_users
from bridge.store.db import Database
from bridge.store.tx import Tx

_CHUNK = 5000
_BATCH = 200
_POSITION = "differences_position"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SettleResult:
    """How many balances other writers had changed, and how many findings were left."""

    changed: int = 0
    findings: int = 0


def settle_differences(db: Database) -> SettleResult:
    """
    Look at the next few thousand balances, and settle the differences older than ten minutes.

    The peer writes a balance first and its ledger row later: a difference that is explained
    by then leaves no trace, another one becomes a finding.

    Raises:
        SetAsideError: Some could not be looked at or settled; all others were.
    """
    failures = Failures("difference_settled")
    with db.reading() as tx:
        after = int(state.get_json(tx, _POSITION).get("after", 0))
        chunk = differences.scan(tx, after, _CHUNK)
    for user_id in chunk.changed:
        with failures.guard(f"user {user_id}"):
            notice(db, user_id)
    db.transaction(lambda tx: state.set_json(tx, _POSITION, {"after": chunk.last or 0}))
    found = settle_old(db, failures)
    failures.report()
    return SettleResult(len(chunk.changed), found)


def settle_old(db: Database, failures: Failures) -> int:
    """Settle all differences older than ten minutes; return how many findings were left."""
    found, after = 0, 0
    while True:
        with db.reading() as tx:
            old = differences.list_unsettled(tx, after, _BATCH)
        for user_id in old:
            with failures.guard(f"user {user_id}"):
                found += _settle(db, user_id)
        if len(old) < _BATCH:
            return found
        after = old[-1]


def notice(db: Database, user_id: UserId) -> None:
    """Sum the account's ledger, so that a change by another writer is noticed and watched."""

    def look(tx: Tx) -> None:
        accounts.lock_rows(tx, [user_id])
        differences.distrust(tx, user_id)
        account = accounts.lock_account(tx, user_id)
        accounts.write_account(tx, account, account.funds)

    _with_account(db, user_id, look)


def _settle(db: Database, user_id: UserId) -> bool:
    """Settle one account; return whether a finding was left."""

    def settle(tx: Tx) -> bool:
        accounts.lock_rows(tx, [user_id])
        differences.sum_afresh(tx, user_id)
        account = accounts.lock_account(tx, user_id)
        accounts.write_account(tx, account, account.funds)
        difference = differences.read_difference(tx, user_id)
        differences.settle(tx, user_id)
        if difference.amount:
            _record(tx, account, difference)
        return bool(difference.amount)

    return bool(_with_account(db, user_id, settle))


def _with_account(db: Database, user_id: UserId, work: Callable[[Tx], T]) -> T | None:
    """
    Run *work* and return its result, making the account's rows first if they are missing.

    A user whom WordPress has deleted is forgotten instead: None.
    """
    try:
        return db.transaction(work)
    except accounts.AccountsMissingError:
        with db.reading() as tx:
            exists = wp_users.user_exists(tx, user_id)
        if exists:
            open_accounts(db, [user_id])
            return db.transaction(work)
        db.transaction(lambda tx: differences.forget(tx, user_id))
        return None


def _record(tx: Tx, account: accounts.LockedAccount, difference: differences.Difference) -> None:
    seen = account.funds.balance
    expected = seen - difference.amount
    findings.record(
        tx,
        kind=FindingKind.FOREIGN_CHANGE,
        user_id=account.row.user_id,
        summary=(
            Sentence(
                "Another program changed the balance of user {user_id} without a ledger row, "
                "or its ledger: {expected:,} was expected, {seen:,} was found. Adjust the "
                "balance if that is wrong.",
                user_id=account.row.user_id,
                expected=expected,
                seen=seen,
            )
        ),
        evidence={"seen": seen, "expected": expected, "since": difference.since},
    )
