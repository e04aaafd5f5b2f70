"""The credits that all customers together still own: what the shop owes."""

from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits
from bridge.services.kept import Kept
from bridge.store.db import Database, Tx
from bridge.store.peer_plugin import BALANCE_KEY
from bridge.store.wp_users import sum_metas

MAX_AGE_S = 60.0
"""Every balance row is read for it: about ten seconds at 1,000,000 customers on a small server."""


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The sum of all stored balances, as it was at ``at`` (the database's clock)."""

    credits: Credits
    at: datetime


class OutstandingReader(Kept[Outstanding]):
    """Adds the balances up, and lends the sum for a minute."""

    def __init__(self, db: Database, *, max_age_s: float = MAX_AGE_S) -> None:
        """Read nothing yet."""
        super().__init__(db, sum_balances, max_age_s=max_age_s)


def sum_balances(tx: Tx) -> Outstanding:
    """Return the sum now. In a network of sites it is the network's: balances are shared."""
    return Outstanding(Credits(sum_metas(tx, BALANCE_KEY)), tx.now())
