"""Bringing accounts up to date that nobody spends on: holds that expired, periods that turned."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.domain.accounts import Account
from bridge.domain.answers import UpToDate
from bridge.domain.ids import Actor
from bridge.services.spending.book import Operation
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.outcomes import Failure, PendingAnswer, Receipt, at_once

_CHUNK = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchAccount(Operation[UpToDate]):
    """Write an account as it stands now: loading it has let its expired holds end."""

    def decide(self, account: Account) -> PendingAnswer[UpToDate]:
        """Turn the periods that are due."""
        for context in self.contexts:
            account.turn_period(context)
        return at_once(UpToDate())


def touch(
    spending: GroupCommit, touches: Sequence[TouchAccount]
) -> dict[Actor, Receipt[UpToDate] | Failure]:
    """
    Bring accounts up to date, few at a time, so that nobody who spends waits for long.

    Accounts that are busy are left for the next time: whoever is at them does the same.
    """
    outcomes: dict[Actor, Receipt[UpToDate] | Failure] = {}
    for start in range(0, len(touches), _CHUNK):
        part = touches[start : start + _CHUNK]
        results = spending.submit_all(part, retry_busy=False)
        outcomes |= {one.actor: result for one, result in zip(part, results, strict=True)}
    return outcomes
