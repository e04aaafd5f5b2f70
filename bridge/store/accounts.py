"""
Accounts: the one row that every change to what a user owns locks first and always writes.

A transaction locks the account row, then reads its keys, then locks the balance in usermeta (the
peer writes it too, so the stored text is the truth and is read afresh), decides, and writes.
Galera certifies only rows that were written: hence ``seq``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits, UserId
from bridge.domain.ledger import Funds, LedgerEntry
from bridge.store import findings, ledger
from bridge.store.db import Database, Tx, utc
from bridge.store.peer_plugin import BALANCE_KEY, effective_balance
from bridge.store.wp_users import LockedMeta, insert_meta, lock_meta, update_meta

_MAKE = """
    INSERT IGNORE INTO {u}aipkit_bridge_accounts (user_id, created_at, changed_at)
    VALUES (%s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))
"""
_LOCK = """
    SELECT seq, held, debt, UTC_TIMESTAMP(6) AS now
      FROM {u}aipkit_bridge_accounts WHERE user_id = %s FOR UPDATE
"""
_WRITE = """
    UPDATE {u}aipkit_bridge_accounts
       SET seq = seq + 1, debt = %(debt)s, changed_at = UTC_TIMESTAMP(6)
     WHERE user_id = %(user_id)s
"""
_READ = "SELECT held, debt FROM {u}aipkit_bridge_accounts WHERE user_id = %s"
_STATE = """
    SELECT unledgered, balance_seen, differs_since
      FROM {p}aipkit_bridge_ledger_state WHERE user_id = %s
"""
# A first difference has no settled value yet: the peer may be between its balance and its row.
_WRITE_STATE = """
    INSERT INTO {p}aipkit_bridge_ledger_state
           (user_id, unledgered, balance_seen, settled, differs_since)
    VALUES (%(user_id)s, %(unledgered)s, %(seen)s, IF(%(unledgered)s = 0, 0, NULL),
            IF(%(unledgered)s = 0, NULL, UTC_TIMESTAMP(6)))
    ON DUPLICATE KEY UPDATE
      differs_since = CASE
        WHEN settled IS NULL THEN differs_since
        WHEN %(unledgered)s = settled THEN NULL
        ELSE COALESCE(differs_since, UTC_TIMESTAMP(6)) END,
      unledgered = %(unledgered)s,
      balance_seen = %(seen)s
"""


class AccountMissingError(Exception):
    """The account row or the balance row must be made first, in a transaction of its own."""

    def __init__(self, user_id: UserId) -> None:
        super().__init__(user_id)
        self.user_id = user_id


@dataclass(frozen=True, slots=True)
class LockedAccount:
    """An account held until the transaction ends; ``now`` is the database's clock."""

    user_id: UserId
    funds: Funds
    held: Credits
    now: datetime
    unledgered: int
    meta: LockedMeta


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """An account as a reader sees it, without a lock."""

    funds: Funds
    held: Credits

    @property
    def available(self) -> Credits:
        """What can be spent: the balance less what is held, never below 0."""
        return Credits(max(0, self.funds.balance - self.held))


def lock_account(tx: Tx, user_id: UserId) -> LockedAccount:
    """
    Hold the account and its balance; find out what other writers did to it meanwhile.

    Raises:
        AccountMissingError: There is no account row or no balance row yet.
    """
    row = tx.one(_LOCK, (user_id,))
    meta = lock_meta(tx, user_id, BALANCE_KEY) if row else LockedMeta([])
    if row is None or not meta.rows:
        raise AccountMissingError(user_id)
    if meta.differ:
        _keep_duplicates(tx, user_id, meta)
    funds = Funds(effective_balance(meta.value), Credits(row["debt"]))
    unledgered = _unledgered(tx, user_id, funds)
    return LockedAccount(user_id, funds, Credits(row["held"]), utc(row["now"]), unledgered, meta)


def _unledgered(tx: Tx, user_id: UserId, funds: Funds) -> int:
    """
    Return what the ledger does not explain; summed only if another writer was here.

    While a difference is unsettled the sum is always taken: the peer writes the balance first
    and its ledger row later, so the row that explains the difference may have come meanwhile.
    """
    state = tx.one(_STATE, (user_id,))
    if (
        state is not None
        and state["balance_seen"] == funds.stored
        and state["differs_since"] is None
    ):
        return int(state["unledgered"])
    return funds.balance - ledger.ledger_sum(tx, user_id)


def write_account(tx: Tx, account: LockedAccount, funds: Funds) -> None:
    """Write the account row always, and the balance where it changed."""
    # Another writer may have credited an account in debt: the debt is paid from that as well.
    paid = min(funds.stored, funds.debt)
    funds = Funds(Credits(funds.stored - paid), Credits(funds.debt - paid))
    tx.run(_WRITE, {"user_id": account.user_id, "debt": funds.debt})
    if funds.stored != account.funds.stored or account.meta.differ:
        update_meta(tx, account.meta, str(funds.stored))
    tx.run(
        _WRITE_STATE,
        {"user_id": account.user_id, "unledgered": account.unledgered, "seen": funds.stored},
    )


def book(tx: Tx, account: LockedAccount, funds: Funds, entry: LedgerEntry) -> int:
    """Write the account and append the row that explains the change; return the row's id."""
    write_account(tx, account, funds)
    return ledger.append_entry(tx, entry)


def open_account(db: Database, user_id: UserId) -> None:
    """
    Make the account row and the balance row (`0`), each only if it is missing.

    A transaction of its own: `FOR UPDATE` on a missing row would lock only the gap, and two
    holders of one gap deadlock when both insert.
    """
    db.run(_MAKE, (user_id,))

    def make_balance(tx: Tx) -> None:
        tx.one(_LOCK, (user_id,))
        if not lock_meta(tx, user_id, BALANCE_KEY).rows:
            insert_meta(tx, user_id, BALANCE_KEY, "0")
            tx.run("UPDATE {u}aipkit_bridge_accounts SET seq = seq + 1 WHERE user_id = %s",
                   (user_id,))  # fmt: skip

    db.transaction(make_balance)


def read_account(tx: Tx, user_id: UserId, metas: Mapping[str, str | None]) -> AccountFigures:
    """Return what a user owns now, their balance among *metas*; zeros if they own nothing."""
    stored = effective_balance(metas.get(BALANCE_KEY))
    row = tx.one(_READ, (user_id,)) or {"held": 0, "debt": 0}
    return AccountFigures(Funds(stored, Credits(row["debt"])), Credits(row["held"]))


def _keep_duplicates(tx: Tx, user_id: UserId, meta: LockedMeta) -> None:
    kept = {str(row_id): value for row_id, value in meta.rows}
    findings.record(
        tx,
        kind="duplicate_balance_rows",
        user_id=user_id,
        summary=(
            f"User {user_id} had several balance rows with different values; the first, "
            f"{effective_balance(meta.value)}, was kept. Adjust the balance if that is wrong."
        ),
        evidence={"rows": kept},
    )
