"""What other writers did to balances: noticed at once, a finding only if it stays unexplained."""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.domain.ids import UserId
from bridge.services.aside import Aside
from bridge.store import accounts, differences, findings, state, wp_users
from bridge.store.db import Database, Tx

_CHUNK = 5000
_BATCH = 200
_POSITION = "differences_position"


@dataclass(frozen=True, slots=True)
class Settled:
    """How many balances were looked at, had moved, and stay unexplained."""

    moved: int = 0
    found: int = 0


def settle_differences(db: Database) -> Settled:
    """
    Look at the next few thousand balances, and settle the differences older than ten minutes.

    The peer writes a balance first and its ledger row later: a difference that is explained
    by then leaves no trace, another one becomes a finding.

    Raises:
        SetAsideError: Some could not be looked at or settled; all others were.
    """
    aside = Aside("difference_settled")
    with db.reading() as tx:
        after = int(state.get_json(tx, _POSITION).get("after", 0))
        chunk = differences.scan(tx, after, _CHUNK)
    for user_id in chunk.changed:
        with aside.on(f"user {user_id}"):
            notice(db, user_id)
    db.transaction(lambda tx: state.set_json(tx, _POSITION, {"after": chunk.last or 0}))
    found = settle_old(db, aside)
    aside.report()
    return Settled(len(chunk.changed), found)


def settle_old(db: Database, aside: Aside) -> int:
    """Settle all differences older than ten minutes; return how many findings were left."""
    found, after = 0, 0
    while True:
        with db.reading() as tx:
            old = differences.list_unsettled(tx, after, _BATCH)
        for user_id in old:
            with aside.on(f"user {user_id}"):
                found += _settle(db, user_id)
        if len(old) < _BATCH:
            return found
        after = old[-1]


def notice(db: Database, user_id: UserId) -> None:
    """Sum the account's ledger once, which notices what another writer did to either."""

    def look(tx: Tx) -> None:
        accounts.lock_rows(tx, [user_id])
        differences.distrust(tx, user_id)
        account = accounts.lock_account(tx, user_id)
        accounts.write_account(tx, account, account.funds)

    _with_account(db, user_id, look)


def _settle(db: Database, user_id: UserId) -> bool:
    """Settle one account; return whether a finding was left."""
    found: list[differences.Difference] = []

    def settle(tx: Tx) -> None:
        found.clear()
        account = accounts.lock_account(tx, user_id)
        accounts.write_account(tx, account, account.funds)
        difference = differences.read_difference(tx, user_id)
        differences.settle(tx, user_id)
        if difference.amount:
            _record(tx, account, difference)
            found.append(difference)

    _with_account(db, user_id, settle)
    return bool(found)


def _with_account(db: Database, user_id: UserId, work: Callable[[Tx], None]) -> None:
    """Run *work*, making the account's rows first if they are missing and the user is not."""
    try:
        db.transaction(work)
    except accounts.AccountMissingError:
        with db.reading() as tx:
            exists = wp_users.user_exists(tx, user_id)
        if exists:
            accounts.open_account(db, user_id)
            db.transaction(work)
        else:
            db.transaction(lambda tx: differences.forget(tx, user_id))


def _record(tx: Tx, account: accounts.LockedAccount, difference: differences.Difference) -> None:
    seen = account.funds.balance
    expected = seen - difference.amount
    findings.record(
        tx,
        kind="foreign_change",
        user_id=account.user_id,
        summary=(
            f"Another program changed the balance of user {account.user_id} without a ledger "
            f"row, or its ledger: {expected:,} was expected, {seen:,} was found. Adjust the "
            "balance if that is wrong."
        ),
        evidence={"seen": seen, "expected": expected, "since": difference.since},
    )
