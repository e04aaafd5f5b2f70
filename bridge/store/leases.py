"""
Leases: the right of one process to do a kind of work, as a row.

Time is the database's. Whoever holds a lease passes its fence to what it writes: the
transaction then also writes the lease row with the token, or is rolled back.
"""

from dataclasses import dataclass

from bridge.domain.errors import LeaseLostError
from bridge.domain.jobs import LeaseView
from bridge.store.columns import utc
from bridge.store.tx import Tx

_MAKE = """
    INSERT IGNORE INTO {p}aipkit_bridge_leases (name, owner, token, expires_at)
    VALUES (%s, '', 0, UTC_TIMESTAMP(6))
"""
# No lease is good for longer than it is given: one that seems so is of a clock that went back.
# SET goes from left to right: the token must be decided before the owner changes.
_TAKE = """
    UPDATE {p}aipkit_bridge_leases
       SET token = token + IF(owner = %(owner)s AND expires_at > UTC_TIMESTAMP(6), 0, 1),
           owner = %(owner)s,
           beat = beat + 1,
           expires_at = UTC_TIMESTAMP(6) + INTERVAL %(ttl_s)s SECOND
     WHERE name = %(name)s AND (owner = %(owner)s OR expires_at <= UTC_TIMESTAMP(6)
           OR expires_at > UTC_TIMESTAMP(6) + INTERVAL %(ttl_s)s SECOND)
"""
_TOKEN = "SELECT token FROM {p}aipkit_bridge_leases WHERE name = %s AND owner = %s"  # noqa: S105
_FENCE = """
    UPDATE {p}aipkit_bridge_leases SET beat = beat + 1
     WHERE name = %s AND token = %s AND expires_at > UTC_TIMESTAMP(6)
"""
_GIVE_UP = """
    UPDATE {p}aipkit_bridge_leases SET expires_at = UTC_TIMESTAMP(6), beat = beat + 1
     WHERE name = %s AND owner = %s
"""
_LIST = """
    SELECT name, owner, token, expires_at, expires_at > UTC_TIMESTAMP(6) AS held
      FROM {p}aipkit_bridge_leases ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Fence:
    """Proof of a lease, for transactions of its holder."""

    name: str
    token: int

    def check(self, tx: Tx) -> None:
        """
        Write the lease row in this transaction.

        Raises:
            LeaseLostError: Somebody else holds it, or it ran out; roll back.
        """
        if tx.run(_FENCE, (self.name, self.token)) != 1:
            raise LeaseLostError(f"The lease “{self.name}” was lost to another process.")


def take(tx: Tx, name: str, owner: str, ttl_s: int) -> Fence | None:
    """Take or renew a lease; None while another holds it, or where it was never made."""
    if tx.run(_TAKE, {"name": name, "owner": owner, "ttl_s": ttl_s}) != 1:
        return None
    row = tx.one(_TOKEN, (name, owner))
    return Fence(name, int(row["token"])) if row else None


def make(tx: Tx, name: str) -> bool:
    """Make the row of a lease that nobody holds; False if there was one."""
    return tx.run(_MAKE, (name,)) == 1


def give_up(tx: Tx, name: str, owner: str) -> None:
    """End a lease at once, so that another process need not wait for it to run out."""
    tx.run(_GIVE_UP, (name, owner))


def list_leases(tx: Tx) -> list[LeaseView]:
    """Return all leases."""
    return [
        LeaseView(row["name"], row["owner"], bool(row["held"]), utc(row["expires_at"]))
        for row in tx.all(_LIST)
    ]
