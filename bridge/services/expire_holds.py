"""Holds whose time is up, on accounts where nobody spends: booked by the clock all the same."""

import structlog

from bridge.domain.errors import BridgeError, DatabaseUnavailableError, UnknownUserError
from bridge.domain.ids import UserId
from bridge.services.group_commit import GroupCommit
from bridge.services.touch_accounts import Touch, touch
from bridge.store import accounts, holds
from bridge.store.db import Database, Tx

log = structlog.get_logger()

_BATCH = 500


class HoldsStuckError(BridgeError):
    """Some accounts' holds could not end; those of all others did."""

    code = "holds_stuck"


def holds_are_due(db: Database) -> bool:
    """Say whether there is anything to do."""
    with db.reading() as tx:
        return bool(holds.list_owners_due(tx, 1))


def expire_holds(db: Database, spending: GroupCommit) -> int:
    """
    Let expired holds end; return how many accounts had some.

    Raises:
        HoldsStuckError: An account's could not, for a reason that does not pass by itself.
    """
    with db.reading() as tx:
        owners = holds.list_owners_due(tx, _BATCH)
    outcomes = touch(spending, [Touch(actor=owner) for owner in owners])
    stuck = []
    for owner, outcome in outcomes.items():
        if isinstance(outcome, UnknownUserError) and owner.user_id is not None:
            _end_of_deleted_user(db, owner.user_id)
        elif isinstance(outcome, Exception) and not isinstance(outcome, DatabaseUnavailableError):
            log.error("holds_stuck", actor=owner, exc_info=outcome)
            stuck.append(f"user {owner.user_id}" if owner.user_id else "a guest")
    if stuck:
        raise HoldsStuckError(
            f"Expired holds of {', '.join(stuck[:5])} could not end; the log says why."
        )
    return len(outcomes)


def _end_of_deleted_user(db: Database, user_id: UserId) -> None:
    """Let all holds of a user end who is gone: there is nothing left to take or to give."""

    def end(tx: Tx) -> None:
        accounts.lock_rows(tx, [user_id])
        holds.end_all(tx, user_id)
        accounts.clear_holds(tx, user_id)

    db.transaction(end)
