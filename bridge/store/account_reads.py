"""One user's account read without a lock, in one statement: each page of a visitor asks for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits, UserId
from bridge.domain.ledger import Funds
from bridge.store.db import Row, Tx, utc
from bridge.store.peer_plugin import BALANCE_KEY, effective_balance

# Not sorted by the database: with texts of any length among the columns it would do so on disk.
_READ = """
    SELECT COALESCE(NULLIF(person.display_name, ''), person.user_login) AS name,
           UTC_TIMESTAMP(6) AS now, account.debt, account.open_holds,
           meta.umeta_id, meta.meta_key, meta.meta_value
      FROM {u}users person
      LEFT JOIN {u}aipkit_bridge_accounts account ON account.user_id = person.ID
      LEFT JOIN {u}usermeta meta ON meta.user_id = person.ID AND meta.meta_key IN %(keys)s
     WHERE person.ID = %(user_id)s
"""


@dataclass(frozen=True, slots=True)
class UnlockedAccount:
    """A user, their account row (zeros where there is none), and the metas that were asked for."""

    user_id: UserId
    name: str
    read_at: datetime  # the database's clock
    debt: Credits
    open_holds: int
    metas: Mapping[str, str | None]  # of duplicates the lowest `umeta_id`, as WordPress reads

    def funds(self, metas: Mapping[str, str | None]) -> Funds:
        """Return what the user owns, their balance among *metas*."""
        return Funds(effective_balance(metas.get(BALANCE_KEY)), self.debt)


def find_account(tx: Tx, user_id: int, keys: Collection[str]) -> UnlockedAccount | None:
    """Return the account of a user; None if WordPress has no such user."""
    rows = tx.all(_READ, {"user_id": user_id, "keys": tuple(keys)})
    if not rows:
        return None
    first = rows[0]
    return UnlockedAccount(
        user_id=UserId(user_id),
        name=first["name"],
        read_at=utc(first["now"]),
        debt=Credits(first["debt"] or 0),
        open_holds=first["open_holds"] or 0,
        metas={row["meta_key"]: row["meta_value"] for row in sorted(rows, key=_umeta_id)},
    )


def _umeta_id(row: Row) -> int:
    """Return what to sort by, so that the lowest comes last and counts."""
    return -(row["umeta_id"] or 0)
