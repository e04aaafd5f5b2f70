"""WordPress's `users` and `usermeta`: who exists, their roles, and single metas."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import UserId
from bridge.store.db import Tx, naive, utc
from bridge.store.php import unserialize

_EXISTS = "SELECT 1 FROM {u}users WHERE ID = %s"
_PROFILE = """
    SELECT ID, user_login, user_email, display_name, UTC_TIMESTAMP(6) AS now
      FROM {u}users WHERE ID = %s
"""
_BY_EMAIL = """
    SELECT ID, user_email FROM {u}users
     WHERE user_email = %s AND user_registered < %s ORDER BY ID LIMIT 10
"""
_METAS = """
    SELECT meta_key, meta_value FROM {u}usermeta
     WHERE user_id = %(user_id)s AND meta_key IN %(keys)s ORDER BY umeta_id DESC
"""
# By WordPress's own index on the user: by the key it would lock other users' rows as well.
_LOCK_META = """
    SELECT umeta_id, meta_value FROM {u}usermeta FORCE INDEX (user_id)
     WHERE user_id = %s AND meta_key = %s ORDER BY umeta_id FOR UPDATE
"""
_INSERT_META = "INSERT INTO {u}usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)"
_UPDATE_META = "UPDATE {u}usermeta SET meta_value = %s WHERE umeta_id IN %s"


@dataclass(frozen=True, slots=True)
class Profile:
    """Who a user is to people."""

    user_id: UserId
    login: str
    email: str
    name: str
    read_at: datetime  # the database's clock


def user_exists(tx: Tx, user_id: int) -> bool:
    """Say whether the user exists now."""
    return user_id > 0 and tx.one(_EXISTS, (user_id,)) is not None


def find_profile(tx: Tx, user_id: int) -> Profile | None:
    """Return the user's profile, or None."""
    row = tx.one(_PROFILE, (user_id,))
    if row is None:
        return None
    name = row["display_name"] or row["user_login"]
    return Profile(UserId(row["ID"]), row["user_login"], row["user_email"], name, utc(row["now"]))


def find_older_account(tx: Tx, email: str, before: datetime) -> UserId | None:
    """Return the one user with *email* who registered before *before*; None if not just one."""
    if not email:
        return None
    # The column compares without accents, too: an e-mail address must be the same to the letter.
    found = tx.all(_BY_EMAIL, (email, naive(before)))
    rows = [row for row in found if row["user_email"].casefold() == email.casefold()]
    return UserId(rows[0]["ID"]) if len(rows) == 1 else None


def read_metas(tx: Tx, user_id: int, keys: Collection[str]) -> Mapping[str, str | None]:
    """Return the named metas that exist; of duplicates the lowest `umeta_id`, as WordPress."""
    rows = tx.all(_METAS, {"user_id": user_id, "keys": tuple(keys)})
    return {row["meta_key"]: row["meta_value"] for row in rows}


def capabilities_key(tx: Tx) -> str:
    """Return the meta that holds a user's roles on this site."""
    return f"{tx.site_prefix}capabilities"


def roles_in(stored: str | None, known: Collection[str]) -> frozenset[str]:
    """Return the roles in a stored meta: known ones that are granted (`b:1`)."""
    return _granted_in(stored) & frozenset(known)


def has_capability(
    tx: Tx, user_id: int, wanted: Collection[str], roles: Mapping[str, frozenset[str]]
) -> bool:
    """Say whether the user has one of *wanted*, by a role of *roles* or granted singly."""
    key = capabilities_key(tx)
    granted = _granted_in(read_metas(tx, user_id, [key]).get(key))
    has = granted.union(*(roles.get(name, frozenset()) for name in granted))
    return not has.isdisjoint(wanted) and user_exists(tx, user_id)


def _granted_in(stored: str | None) -> frozenset[str]:
    value = unserialize(stored)
    if not isinstance(value, dict):
        return frozenset()
    return frozenset(str(name) for name, granted in value.items() if granted)


@dataclass(frozen=True, slots=True)
class LockedMeta:
    """All rows of one meta, locked; there is no unique key, so there may be several."""

    rows: Sequence[tuple[int, str | None]]  # (umeta_id, meta_value), lowest id first

    @property
    def value(self) -> str | None:
        """What WordPress reads: the row with the lowest id."""
        return self.rows[0][1] if self.rows else None

    @property
    def differ(self) -> bool:
        """Whether duplicates disagree."""
        return len({value for _, value in self.rows}) > 1


def lock_meta(tx: Tx, user_id: int, key: str) -> LockedMeta:
    """Read one meta's rows and hold them until the transaction ends."""
    return LockedMeta(
        [(row["umeta_id"], row["meta_value"]) for row in tx.all(_LOCK_META, (user_id, key))]
    )


def insert_meta(tx: Tx, user_id: int, key: str, value: str) -> None:
    """Add a meta row; the caller holds the account row, so that only one does."""
    tx.run(_INSERT_META, (user_id, key, value))


def update_meta(tx: Tx, locked: LockedMeta, value: str) -> None:
    """Write all rows of a locked meta, as WordPress does."""
    tx.run(_UPDATE_META, (value, tuple(row_id for row_id, _ in locked.rows)))
