"""What all comparisons of the books share: their result, and how they go through a table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bridge.services.failures import Failures, SetAsideError
from bridge.store.db import Database
from bridge.store.tx import Tx

_CHUNK = 500

T = TypeVar("T")
Position = TypeVar("Position")
ProgressListener = Callable[[str, int], None]
"""Called with the name of what is compared and the number of those compared."""


@dataclass(frozen=True, slots=True)
class ReconcileRun:
    """One comparison of all books."""

    db: Database
    done: "Reconciliation"
    failures: Failures
    progress: ProgressListener


@dataclass(slots=True)
class Reconciliation:
    """What was compared, and what came of it."""

    balances: int = 0
    orders: int = 0
    accounts: int = 0  # of whom holds were counted, guests among them
    answers: int = 0  # given to callers, with bookings that must be there
    noticed: int = 0  # balances that the ledger does not explain: findings in ten minutes
    findings: int = 0  # new ones
    failed: int = 0  # could not be compared; the log says why
    sums: int = 0  # of orders, that were wrong and have been put right
    repaired: int = 0  # accounts: their holds were counted afresh, or ended that were overdue

    def report(self) -> None:
        """
        Say if not all could be compared.

        Raises:
            SetAsideError: Something could not.
        """
        if self.failed:
            raise SetAsideError(
                f"{self.failed} could not be compared; the log says why, under set_aside."
            )


def chunks(
    db: Database,
    lister: Callable[[Tx, Position, int], Sequence[T]],
    position_of: Callable[[T], Position],
    after: Position,
) -> Iterator[Sequence[T]]:
    """Read a table some rows at a time, each time from behind the last one's position."""
    while True:
        with db.reading() as tx:
            chunk = lister(tx, after, _CHUNK)
        if chunk:
            yield chunk
        if len(chunk) < _CHUNK:
            return
        after = position_of(chunk[-1])
