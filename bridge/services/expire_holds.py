"""Holds whose time is up, on accounts where nobody spends: booked by the clock all the same."""

from bridge.domain.errors import UnknownUserError
from bridge.domain.ids import UserId
from bridge.services.group_commit import GroupCommit
from bridge.services.touch_accounts import Touch, touch
from bridge.store import accounts, holds
from bridge.store.db import Database, Tx

_BATCH = 500


def holds_are_due(db: Database) -> bool:
    """Say whether there is anything to do."""
    with db.reading() as tx:
        return bool(holds.list_owners_due(tx, 1))


def expire_holds(db: Database, spending: GroupCommit) -> int:
    """Let expired holds end; return how many accounts had some."""
    with db.reading() as tx:
        owners = holds.list_owners_due(tx, _BATCH)
    outcomes = touch(spending, [Touch(owner) for owner in owners])
    for owner, outcome in outcomes.items():
        if isinstance(outcome, UnknownUserError) and owner.user_id is not None:
            _end_of_deleted_user(db, owner.user_id)
    return len(outcomes)


def _end_of_deleted_user(db: Database, user_id: UserId) -> None:
    """Let all holds of a user end who is gone: there is nothing left to take or to give."""

    def end(tx: Tx) -> None:
        accounts.lock_rows(tx, [user_id])
        holds.end_all(tx, user_id)
        accounts.clear_holds(tx, user_id)

    db.transaction(end)
