"""Holds whose time is up, on accounts where nobody spends: booked by the clock all the same."""

from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from bridge.domain.errors import BridgeError, DatabaseUnavailableError, UnknownUserError
from bridge.domain.ids import Actor, UserId
from bridge.domain.sentences import Sentence
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.outcomes import Outcome, error_of
from bridge.services.spending.touch_accounts import TouchAccount, touch
from bridge.store import accounts, holds
from bridge.store.db import Database
from bridge.store.tx import Tx

log = structlog.get_logger()

_BATCH = 500
_NONE = timedelta()


class HoldsStuckError(BridgeError):
    """Some accounts' holds could not end; those of all others did."""

    code = "holds_stuck"


@dataclass(slots=True)
class ExpiryResult:
    """What came of holds whose time was up."""

    accounts: int = 0  # whose holds ended
    stuck: list[str] = field(default_factory=list)  # for a reason that does not pass by itself


def holds_are_due(db: Database) -> bool:
    """Say whether there is anything to do."""
    with db.reading() as tx:
        return bool(holds.list_overdue(tx, _NONE, holds.FIRST, 1))


def expire_holds(db: Database, spending: GroupCommit) -> int:
    """
    Let expired holds end; return how many accounts had some.

    Raises:
        HoldsStuckError: An account's could not, for a reason that does not pass by itself.
    """
    ended = end_holds(db, spending)
    if ended.stuck:
        raise HoldsStuckError(
            Sentence(
                "Expired holds of {accounts} could not end; the log says why.",
                accounts=", ".join(ended.stuck[:5]),
            )
        )
    return ended.accounts


def end_holds(db: Database, spending: GroupCommit) -> ExpiryResult:
    """Let all expired holds end, those that were due longest first; who is stuck stops nobody."""
    ended = ExpiryResult()
    tried: set[Actor] = set()
    after = holds.FIRST
    while True:
        with db.reading() as tx:
            overdue = holds.list_overdue(tx, _NONE, after, _BATCH)
        owners = dict.fromkeys(one.owner for one in overdue if one.owner not in tried)
        tried.update(owners)
        for owner, outcome in touch(
            spending, [TouchAccount(actor=owner) for owner in owners]
        ).items():
            _count(db, owner, outcome, ended)
        if len(overdue) < _BATCH:
            return ended
        after = overdue[-1].position


def _count(db: Database, owner: Actor, outcome: Outcome, ended: ExpiryResult) -> None:
    error = error_of(outcome)
    if isinstance(error, UnknownUserError) and owner.user_id is not None:
        _end_of_deleted_user(db, owner.user_id)
    elif isinstance(error, DatabaseUnavailableError):
        return  # busy: whoever is at the account ends them
    elif error is not None:
        log.error("holds_stuck", actor=owner, exc_info=error)
        ended.stuck.append(f"user {owner.user_id}" if owner.user_id else "a guest")
        return
    ended.accounts += 1


def _end_of_deleted_user(db: Database, user_id: UserId) -> None:
    """Let all holds of a user end who is gone: there is nothing left to take or to give."""

    def end(tx: Tx) -> None:
        accounts.lock_rows(tx, [user_id])
        holds.end_all(tx, user_id)
        accounts.clear_holds(tx, user_id)

    db.transaction(end)
