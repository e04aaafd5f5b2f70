"""Accounts read without a lock, in one statement: each page of a visitor asks for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b, sha256

from bridge.domain.ids import Credits, UserId
from bridge.domain.ledger import Funds
from bridge.store.columns import utc
from bridge.store.ledger import TABLE
from bridge.store.peer_plugin import (
    BALANCE_KEY,
    CHAT_COUNTER_PREFIXES,
    FIXED_CREDIT_KEYS,
    effective_balance,
)
from bridge.store.tx import Row, Tx
from bridge.store.wp_users import capabilities_key

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
_ACCOUNT = "account"
_CHAT_COUNTERS = " OR ".join(
    f"meta_key LIKE '{prefix.replace('_', '|_')}%%' ESCAPE '|'" for prefix in CHAT_COUNTER_PREFIXES
)
# Each value costs the driver its time, so a row is one text. The newest row of the ledger: the
# peer appends one some time after it wrote the balance.
_READ_FACTS = f"""
    SELECT person.ID AS user_id,
           CONCAT_WS(',', '{_ACCOUNT}', COALESCE(account.debt, 0),
                     COALESCE(account.open_holds, 0), COALESCE(account.seq, 0),
                     COALESCE((SELECT id FROM {TABLE} WHERE user_id = person.ID
                                ORDER BY created_at DESC, id DESC LIMIT 1), 0)) AS said
      FROM {{u}}users person
      LEFT JOIN {{u}}aipkit_bridge_accounts account ON account.user_id = person.ID
     WHERE person.ID IN %(user_ids)s
     UNION ALL
    SELECT user_id, CONCAT_WS(',', umeta_id, CHAR_LENGTH(meta_key),
                              CONCAT(meta_key, COALESCE(meta_value, '')))
      FROM {{u}}usermeta {{by_user}}
     WHERE user_id IN %(user_ids)s AND (meta_key IN %(keys)s OR {_CHAT_COUNTERS})
     UNION ALL
    SELECT 0, UTC_TIMESTAMP(6)
"""  # noqa: S608  # constants


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


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """
    The rows that everything an account shows is made of, save the site's settings and the time.

    The bridge counts ``seq`` with each change of an account, its holds and its orders. Others
    write metas and ledger rows and tell nobody, so these count themselves.
    """

    account: UnlockedAccount
    seq: int
    entry_id: int  # the newest row of the ledger; 0: none

    def version(self, settings_version: str) -> str:
        """
        Return a text that is another one as soon as anything is that the account shows.

        The WordPress plugin makes the same of the same rows (`inc/visitor-facts.php`).
        """
        metas = self.account.metas
        lines = [
            f"user={self.account.user_id}",
            f"settings={settings_version}",
            f"seq={self.seq}",
            f"entry={self.entry_id}",
            *(f"{key}={metas[key] or ''}" for key in sorted(metas, key=str.encode)),
        ]
        return sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class FactRows:
    """A user's facts as they came: mostly they are what they were, and nobody takes them apart."""

    user_id: UserId
    read_at: datetime  # the database's clock
    keys: Collection[str]  # of the metas that there is one of
    rows: Sequence[str]

    @property
    def digest(self) -> bytes:
        """Another one as soon as a row is."""
        return blake2b("\n".join(self.rows).encode(), digest_size=16).digest()

    def facts(self) -> AccountFacts:
        """Take them apart."""
        numbers, metas = "", []
        for row in self.rows:
            first, _, rest = row.partition(",")
            if first == _ACCOUNT:
                numbers = rest
                continue
            length, _, text = rest.partition(",")
            key, value = text[: int(length)], text[int(length) :]
            # The database compares names without regard to case; WordPress does not.
            if key in self.keys or key.startswith(CHAT_COUNTER_PREFIXES):
                metas.append((int(first), key, value))
        debt, open_holds, seq, entry_id = map(int, numbers.split(","))
        account = UnlockedAccount(
            user_id=self.user_id,
            name="",
            read_at=self.read_at,
            debt=Credits(debt),
            open_holds=open_holds,
            metas={key: value for _, key, value in sorted(metas, reverse=True)},
        )
        return AccountFacts(account, seq, entry_id)


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
        metas=_metas(rows),
    )


def read_facts(tx: Tx, user_ids: Collection[int]) -> dict[int, FactRows]:
    """Return the facts of users, of all metas that matter, in one statement; nobody is named."""
    keys = (*FIXED_CREDIT_KEYS, capabilities_key(tx))
    said: dict[int, list[str]] = {0: []}
    for row in tx.all(_READ_FACTS, {"user_ids": tuple(user_ids), "keys": keys}):
        said.setdefault(row["user_id"], []).append(row["said"])
    (now,) = said.pop(0)
    read_at = utc(datetime.fromisoformat(now))
    return {
        user_id: FactRows(UserId(user_id), read_at, keys, rows)
        for user_id, rows in said.items()
        if any(row.startswith(_ACCOUNT) for row in rows)  # else WordPress has no such user
    }


def _metas(rows: Collection[Row]) -> dict[str, str | None]:
    return {row["meta_key"]: row["meta_value"] for row in sorted(rows, key=_umeta_id)}


def _umeta_id(row: Row) -> int:
    """Return what to sort by, so that the lowest comes last and counts."""
    return -(row["umeta_id"] or 0)
