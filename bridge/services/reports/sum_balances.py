"""What the site owes its customers: all balances together."""

from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits
from bridge.services.accounts.keep_summaries import read_sum
from bridge.services.cached_value import CachedValue
from bridge.store.db import Database
from bridge.store.tx import Tx

MAX_AGE_S = 15.0
"""As often as the worker adds them up."""


@dataclass(frozen=True, slots=True)
class Outstanding:
    """
    The sum of all stored balances.

    What the bridge books is in it some seconds later, what others write as of ``at`` at the
    latest. Both are None until the worker has looked at all accounts once.
    """

    credits: Credits | None
    at: datetime | None


class OutstandingReader(CachedValue[Outstanding]):
    """Lends the sum for some seconds."""

    def __init__(self, db: Database, *, max_age_s: float = MAX_AGE_S) -> None:
        """Read nothing yet."""
        super().__init__(db, sum_balances, max_age_s=max_age_s)


def sum_balances(tx: Tx) -> Outstanding:
    """Return the sum as kept. In a network of sites it is the network's: balances are shared."""
    return Outstanding(*(read_sum(tx) or (None, None)))
