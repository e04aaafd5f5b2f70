"""
Users' accounts: the one row that every change to what a user owns locks first and always writes.

A transaction locks the account rows by id, then reads its keys, then locks the balance in
usermeta (the peer writes it too, so the stored text is the truth and is read afresh), decides,
and writes. Galera certifies only rows that were written: hence ``seq``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bridge.domain.findings import FindingKind
from bridge.domain.ids import Credits, UserId
from bridge.domain.ledger import Funds, pay_debt
from bridge.domain.sentences import Sentence
from bridge.store import findings, ledger, summaries
from bridge.store.columns import naive, utc
from bridge.store.ledger import LedgerSum
from bridge.store.peer_plugin import BALANCE_KEY, effective_balance
from bridge.store.summaries import Activity
from bridge.store.tx import Query, Row, Tx
from bridge.store.values import NOW
from bridge.store.wp_users import LockedMeta, Metas, MetaWrite, lock_metas, write_metas

_MAKE = """
    INSERT IGNORE INTO {u}aipkit_bridge_accounts (user_id, created_at, changed_at) VALUES {rows}
"""
_MAKE_OF_USERS = """
    INSERT IGNORE INTO {u}aipkit_bridge_accounts (user_id, created_at, changed_at)
    SELECT ID, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM {u}users WHERE ID IN %s ORDER BY ID
"""
_LOCK = """
    SELECT account.user_id, account.held, account.open_holds, account.debt,
           state.unledgered, state.balance_seen, state.differs_since IS NULL AS is_settled,
           state.summed, state.entries,
           (SELECT COUNT(*) FROM {u}users WHERE ID = account.user_id) AS lives,
           CAST(UTC_TIMESTAMP(6) AS CHAR) AS now
      FROM {u}aipkit_bridge_accounts account FORCE INDEX (PRIMARY)
      LEFT JOIN {p}aipkit_bridge_ledger_state state ON state.user_id = account.user_id
     WHERE account.user_id IN %s ORDER BY account.user_id FOR UPDATE
"""
# All are locked and exist. What is held changes by a difference, the debt is a new figure.
_WRITE = """
    INSERT INTO {u}aipkit_bridge_accounts
           (user_id, held, open_holds, debt, created_at, changed_at) VALUES {rows}
    ON DUPLICATE KEY UPDATE
      seq = seq + 1, held = held + VALUES(held), open_holds = open_holds + VALUES(open_holds),
      debt = VALUES(debt), changed_at = UTC_TIMESTAMP(6)
"""
_CLEAR = """
    UPDATE {u}aipkit_bridge_accounts
       SET seq = seq + 1, held = 0, open_holds = 0, changed_at = UTC_TIMESTAMP(6)
     WHERE user_id = %s
"""
_TOUCH = "UPDATE {u}aipkit_bridge_accounts SET seq = seq + 1 WHERE user_id IN %s"
_NOTE_CHANGE = """
    INSERT INTO {u}aipkit_bridge_accounts (user_id, seq, created_at, changed_at)
    SELECT ID, 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM {u}users WHERE ID IN %s ORDER BY ID
    ON DUPLICATE KEY UPDATE seq = seq + 1
"""
_DEBTS = """
    SELECT user_id, debt FROM {u}aipkit_bridge_accounts WHERE user_id IN %s AND debt <> 0
"""
# A first difference has no settled value yet: the peer may be between its balance and its row.
_WRITE_STATE = """
    INSERT INTO {p}aipkit_bridge_ledger_state
           (user_id, unledgered, balance_seen, settled, differs_since, summed, entries)
    VALUES {rows}
    ON DUPLICATE KEY UPDATE
      differs_since = CASE
        WHEN settled IS NULL THEN differs_since
        WHEN VALUES(unledgered) = settled THEN NULL
        ELSE COALESCE(differs_since, UTC_TIMESTAMP(6)) END,
      unledgered = VALUES(unledgered),
      balance_seen = VALUES(balance_seen),
      summed = VALUES(summed), entries = VALUES(entries)
"""
_NO_BALANCE = LockedMeta([])
_IDLE = Activity()
_NEVER = "1970-01-01"
"""For columns without a default, of rows that exist: nothing is ever inserted."""


class AccountsMissingError(Exception):
    """Account rows or balance rows must be made first, in a transaction of their own."""

    def __init__(self, user_ids: Collection[UserId]) -> None:
        super().__init__(len(user_ids))
        self.user_ids = user_ids


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A locked account row, with what the bridge last knew of the balance; ``now`` is a clock."""

    user_id: UserId
    held: Credits  # by all open holds, those of other sites among them
    open_holds: int
    debt: Credits
    unledgered: int | None  # None: never looked at
    balance_seen: Credits
    is_settled: bool
    summed: LedgerSum | None  # as it was last; None: there may be other rows
    user_exists: bool
    now: datetime


AccountRows: TypeAlias = dict[UserId, AccountRow]


@dataclass(frozen=True, slots=True)
class LockedAccount:
    """An account held until the transaction ends, as other writers have left it."""

    row: AccountRow
    funds: Funds
    unledgered: int
    metas: Metas
    entries: int | None  # of the ledger; None: not asked, since nobody else has written

    @property
    def balance_rows(self) -> LockedMeta:
        """The rows of the balance; none for a user who never owned credits."""
        return self.metas.get(BALANCE_KEY, _NO_BALANCE)


@dataclass(frozen=True, slots=True)
class AccountWrite:
    """What becomes of a locked account; what is held changes by a difference."""

    account: LockedAccount
    funds: Funds
    held_change: Credits = Credits(0)
    open_holds_change: int = 0
    metas: tuple[MetaWrite, ...] = ()  # other metas than the balance
    entries: int = 0  # rows of the ledger that are written besides
    activity: Activity = _IDLE


def lock_rows(tx: Tx, user_ids: Collection[UserId], *, nowait: bool = False) -> AccountRows:
    """
    Hold account rows by id; those that are not made yet are absent.

    Raises:
        RowsBusyError: With *nowait*, if another transaction holds one of them.
    """
    query = locking(user_ids)
    return query.read(tx.lock_now(query.sql, query.args)) if nowait else tx.ask(query)


def locking(user_ids: Collection[UserId], *, nowait: bool = False) -> Query[AccountRows]:
    """Ask as `lock_rows`; with *nowait* the driver's own error says that a row is locked."""
    sql = f"{_LOCK.rstrip()} NOWAIT" if nowait else _LOCK
    return Query(sql, (tuple(sorted(user_ids)),), _rows)


def _rows(rows: list[Row]) -> AccountRows:
    if not rows:
        return {}
    now = utc(datetime.fromisoformat(rows[0]["now"]))  # one statement has one clock
    return {UserId(row["user_id"]): _row(row, now) for row in rows}


def _row(row: Row, now: datetime) -> AccountRow:
    return AccountRow(
        user_id=UserId(row["user_id"]),
        held=Credits(row["held"]),
        open_holds=row["open_holds"],
        debt=Credits(row["debt"]),
        unledgered=row["unledgered"],
        balance_seen=Credits(row["balance_seen"] or 0),
        is_settled=bool(row["is_settled"]),
        summed=None if row["entries"] is None else LedgerSum(row["summed"], row["entries"]),
        user_exists=row["lives"] > 0,
        now=now,
    )


def lock_balances(
    tx: Tx,
    rows: Collection[AccountRow],
    keys: Collection[str] = (),
    locked: Mapping[UserId, Metas] | None = None,
) -> dict[UserId, LockedAccount]:
    """
    Hold the balances of locked accounts, and other metas; find out what others did to them.

    Args:
        tx: The transaction that locked the rows.
        rows: Of the accounts.
        keys: Of the other metas.
        locked: The metas, if they are held already.

    Raises:
        RowsBusyError: Another program holds one of them.
    """
    if not rows:
        return {}
    ids = [row.user_id for row in rows]
    metas = lock_metas(tx, ids, (BALANCE_KEY, *keys)) if locked is None else locked
    funds = {row.user_id: _funds(tx, row, metas.get(row.user_id, {})) for row in rows}
    unsure = [row for row in rows if _others_may_have_written(row, funds[row.user_id])]
    known = {row.user_id: row.summed for row in unsure if row.summed is not None}
    sums = ledger.ledger_sums(tx, [row.user_id for row in unsure], known)
    return {
        row.user_id: _locked(
            row, funds[row.user_id], metas.get(row.user_id, {}), sums.get(row.user_id)
        )
        for row in rows
    }


def _locked(
    row: AccountRow, funds: Funds, metas: Metas, summed: LedgerSum | None
) -> LockedAccount:
    if summed is None:
        return LockedAccount(row, funds, row.unledgered or 0, metas, None)
    return LockedAccount(row, funds, funds.balance - summed.total, metas, summed.entries)


def _funds(tx: Tx, row: AccountRow, metas: Metas) -> Funds:
    balance = metas.get(BALANCE_KEY, _NO_BALANCE)
    if len(balance.rows) > 1 and balance.differ:
        _keep_duplicates(tx, row.user_id, balance)
    return Funds(effective_balance(balance.value), row.debt)


def _others_may_have_written(row: AccountRow, funds: Funds) -> bool:
    """
    Say whether the ledger must be summed: because another writer was here, or may still be.

    While a difference is unsettled the sum is always taken: the peer writes the balance first
    and its ledger row later, so the row that explains the difference may have come meanwhile.
    """
    known = row.unledgered is not None and row.is_settled
    return not known or row.balance_seen != funds.stored


def lock_account(tx: Tx, user_id: UserId) -> LockedAccount:
    """
    Hold one account that is to be credited, debited or looked at.

    Raises:
        AccountsMissingError: There is no account row or no balance row yet.
    """
    accounts = lock_balances(tx, lock_rows(tx, [user_id]).values())
    account = accounts.get(user_id)
    if account is None or not account.balance_rows.rows:
        raise AccountsMissingError([user_id])
    return account


def write_accounts(tx: Tx, writes: Sequence[AccountWrite]) -> None:
    """Write the account rows always, and of balances and other metas what has changed."""
    settled = [(write, pay_debt(write.funds)) for write in writes]
    tx.insert_many_later(
        _WRITE,
        [
            (w.account.row.user_id, w.held_change, w.open_holds_change, funds.debt, _NEVER, _NEVER)
            for w, funds in settled
        ],
    )
    metas = [meta for write in writes for meta in write.metas]
    metas += [
        _balance(w.account, funds)
        for w, funds in settled
        if _changes_balance_row(w.account, funds)
    ]
    write_metas(tx, metas)
    states = [_state(w, funds) for w, funds in settled if _changes_state_row(w.account, funds)]
    if states:
        tx.insert_many_later(_WRITE_STATE, states)
    listed = [
        (w.account.row.user_id, funds.balance, w.activity)
        for w, funds in settled
        if w.activity != _IDLE or funds != w.account.funds or _changes_state_row(w.account, funds)
    ]
    if listed:
        summaries.add(tx, listed, writes[0].account.row.now)


def _changes_balance_row(account: LockedAccount, funds: Funds) -> bool:
    return funds.stored != account.funds.stored or account.balance_rows.differ


def _balance(account: LockedAccount, funds: Funds) -> MetaWrite:
    locked = account.balance_rows if account.balance_rows.rows else None
    return MetaWrite(account.row.user_id, BALANCE_KEY, str(funds.stored), locked)


def _changes_state_row(account: LockedAccount, funds: Funds) -> bool:
    row = account.row
    as_known = (row.unledgered, row.balance_seen) == (account.unledgered, funds.stored)
    return not (as_known and row.is_settled)


def _state(write: AccountWrite, funds: Funds) -> tuple[object, ...]:
    account = write.account
    explained = account.unledgered == 0
    entries = None if account.entries is None else account.entries + write.entries
    return (
        account.row.user_id,
        account.unledgered,
        funds.stored,
        0 if explained else None,
        None if explained else naive(account.row.now),
        None if entries is None else funds.balance - account.unledgered,
        entries,
    )


def write_account(tx: Tx, account: LockedAccount, funds: Funds) -> None:
    """Write one account."""
    write_accounts(tx, [AccountWrite(account, funds)])


def touch(tx: Tx, user_ids: Collection[UserId]) -> None:
    """Write locked account rows without a change, so that the transaction's COMMIT flushes."""
    tx.run(_TOUCH, (tuple(user_ids),))


def note_changes(tx: Tx, user_ids: Collection[UserId]) -> None:
    """
    Count a change of something else that accounts' owners are shown, such as an order's status.

    Who keeps what an account shows looks at ``seq`` (`account_reads.AccountFacts`).
    """
    if user_ids:
        tx.run(_NOTE_CHANGE, (tuple(user_ids),))


def make_rows(tx: Tx, user_ids: Collection[UserId]) -> None:
    """Make the account rows that are missing, of users who exist."""
    tx.run(_MAKE_OF_USERS, (tuple(user_ids),))


def make_rows_of_all(tx: Tx, user_ids: Collection[UserId]) -> None:
    """Make the account rows that are missing, whether or not WordPress has the users."""
    tx.insert_many(_MAKE, [(user_id, NOW, NOW) for user_id in sorted(user_ids)])


def make_balances(tx: Tx, user_ids: Sequence[UserId]) -> None:
    """Make the balance rows (`0`) that are missing, of those who have an account row."""
    rows = lock_rows(tx, user_ids)
    have = lock_metas(tx, list(rows), [BALANCE_KEY]) if rows else {}
    missing = [user_id for user_id in rows if user_id not in have]
    if missing:
        write_metas(tx, [MetaWrite(user_id, BALANCE_KEY, "0", None) for user_id in missing])
        touch(tx, missing)


def clear_holds(tx: Tx, user_id: UserId) -> None:
    """Let nothing be held of a locked account."""
    tx.run(_CLEAR, (user_id,))


def list_debts(tx: Tx, user_ids: Collection[UserId]) -> dict[UserId, Credits]:
    """Return the debts of those who have one."""
    rows = tx.all(_DEBTS, (tuple(user_ids),))
    return {UserId(row["user_id"]): Credits(row["debt"]) for row in rows}


def _keep_duplicates(tx: Tx, user_id: UserId, meta: LockedMeta) -> None:
    kept = {str(row_id): value for row_id, value in meta.rows}
    findings.record(
        tx,
        kind=FindingKind.DUPLICATE_BALANCE_ROWS,
        user_id=user_id,
        summary=(
            Sentence(
                "User {user_id} had several balance rows with different values; the first, "
                "{value}, was kept. Adjust the balance if that is wrong.",
                user_id=user_id,
                value=effective_balance(meta.value),
            )
        ),
        evidence={"rows": kept},
    )
