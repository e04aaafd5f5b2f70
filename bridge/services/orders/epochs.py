"""The instants that the first `migrate` fixed for good."""

from dataclasses import dataclass
from datetime import datetime

from bridge.store import state
from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class Epochs:
    """Since when orders are granted unless told otherwise, and where history ends."""

    first_migrate: datetime
    ledger: datetime  # see `domain.verdicts.Surroundings`


def read_epochs(db: Database) -> Epochs:
    """
    Return them.

    Raises:
        NotMigratedError: The database was never migrated.
    """
    with db.reading() as tx:
        first_migrate = state.get_instant(tx, state.FIRST_MIGRATE)
        return Epochs(first_migrate, state.get_instant(tx, state.LEDGER_EPOCH))
