"""The right of one process to do a kind of work: taken, renewed and given up."""

from bridge.store import leases
from bridge.store.db import Database
from bridge.store.leases import Fence


def take_lease(db: Database, name: str, owner: str, ttl_s: int) -> Fence | None:
    """
    Take or renew a lease; None while another holds it. *owner* is one per process start.

    The row of one that nobody ever held is made first, in a transaction of its own.
    """

    def take() -> Fence | None:
        return db.transaction(lambda tx: leases.take(tx, name, owner, ttl_s))

    fence = take()
    if fence is None and db.transaction(lambda tx: leases.make(tx, name)):
        fence = take()
    return fence


def give_up_lease(db: Database, name: str, owner: str) -> None:
    """End a lease at once, so that another process need not wait for it to run out."""
    db.transaction(lambda tx: leases.give_up(tx, name, owner))
