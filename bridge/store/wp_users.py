"""WordPress's `users` and `usermeta`: who exists, their roles, and single metas."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from bridge.domain.ids import OrderId, UserId
from bridge.store.columns import utc
from bridge.store.old_charsets import rows_with
from bridge.store.php import unserialize
from bridge.store.tx import Query, Row, RowsBusyError, Tx

_FIRST_KNOWN = datetime(1970, 1, 2)  # noqa: DTZ001  # a column's value
"""A date of zero, or of the day in which Unix time begins, says that nobody knows when."""

_EXISTING = "SELECT ID FROM {u}users WHERE ID IN %s"
_PROFILE = """
    SELECT ID, user_login, user_email, display_name, UTC_TIMESTAMP(6) AS now
      FROM {u}users WHERE ID = %s
"""
_NAMES = """
    SELECT ID, user_login, user_email, display_name FROM {u}users WHERE ID IN %s
"""
_BY_LOGIN_OR_EMAIL = """
    SELECT ID FROM {u}users WHERE user_login IN %(texts)s
     UNION SELECT ID FROM {u}users WHERE user_email IN %(texts)s
     LIMIT 2
"""
_BY_LOGINS = "SELECT ID, user_login FROM {u}users WHERE user_login IN %(texts)s"
_BY_EMAILS = "SELECT ID, user_email FROM {u}users WHERE user_email IN %(texts)s ORDER BY ID"
_NAMESAKES = """
    SELECT ID, user_login, user_email, display_name, user_registered
      FROM {u}users WHERE user_email IN %(texts)s ORDER BY ID
"""
_METAS_OF_USERS = """
    SELECT user_id, meta_key, meta_value FROM {u}usermeta {by_user}
     WHERE user_id IN %s AND meta_key IN %s ORDER BY umeta_id DESC
"""
_BY_EMAIL = """
    SELECT ID, user_email, user_registered FROM {u}users
     WHERE user_email IN %(texts)s AND user_registered >= '1970-01-02'
"""
_METAS = """
    SELECT meta_key, meta_value FROM {u}usermeta
     WHERE user_id = %(user_id)s AND meta_key IN %(keys)s ORDER BY umeta_id DESC
"""
# By WordPress's own index on the user: by the key it would lock other users' rows as well.
_LOCK_METAS = """
    SELECT umeta_id, user_id, meta_key, meta_value FROM {u}usermeta {by_user}
     WHERE user_id IN %s AND meta_key IN %s ORDER BY umeta_id FOR UPDATE
"""
_INSERT_METAS = "INSERT INTO {u}usermeta (user_id, meta_key, meta_value) VALUES {rows}"
# All are locked and exist: many rows are written by one statement, none is ever inserted.
_UPDATE_METAS = """
    INSERT INTO {u}usermeta (umeta_id, user_id, meta_key, meta_value) VALUES {rows}
    ON DUPLICATE KEY UPDATE meta_value = VALUES(meta_value)
"""


@dataclass(frozen=True, slots=True)
class UserNames:
    """What people call a user."""

    login: str
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Namesake:
    """A user with an e-mail address that was asked for."""

    user_id: UserId
    login: str
    name: str
    registered_at: datetime | None  # None: nobody knows when


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
    return user_id in existing_users(tx, [user_id])


def existing_users(tx: Tx, user_ids: Collection[int]) -> set[int]:
    """Return which of some users exist now."""
    ids = tuple(user_id for user_id in user_ids if user_id > 0)
    return {row["ID"] for row in tx.all(_EXISTING, (ids,))} if ids else set()


def find_profile(tx: Tx, user_id: int) -> Profile | None:
    """Return the user's profile, or None."""
    row = tx.one(_PROFILE, (user_id,))
    if row is None:
        return None
    name = row["display_name"] or row["user_login"]
    return Profile(UserId(row["ID"]), row["user_login"], row["user_email"], name, utc(row["now"]))


def find_older_accounts(
    tx: Tx, wanted: Mapping[OrderId, tuple[str, datetime]]
) -> dict[OrderId, UserId]:
    """
    Return the one user with each order's e-mail who registered before it; absent: not just one.

    A date of zero, or of the year in which Unix time begins, says that nobody knows when.
    """
    # The column compares without accents, too: an e-mail address must be the same to the letter.
    found: dict[str, list[Row]] = {}
    for row in rows_with(tx, _BY_EMAIL, [*{email for email, _ in wanted.values() if email}]):
        found.setdefault(row["user_email"].casefold(), []).append(row)
    owners = {}
    for order_id, (email, before) in wanted.items():
        rows = found.get(email.casefold(), []) if email else []
        older = [row["ID"] for row in rows if utc(row["user_registered"]) < before]
        if len(older) == 1:
            owners[order_id] = UserId(older[0])
    return owners


def find_called(tx: Tx, login_or_email: str) -> Sequence[UserId]:
    """Return the users with a login or e-mail address; two of them if there are more."""
    rows = rows_with(tx, _BY_LOGIN_OR_EMAIL, [login_or_email])
    return [UserId(row["ID"]) for row in rows]


def find_by_login(tx: Tx, logins: Collection[str]) -> dict[str, UserId]:
    """Return the users with these logins, by login without regard to case."""
    rows = rows_with(tx, _BY_LOGINS, [*logins])
    return {row["user_login"].casefold(): UserId(row["ID"]) for row in rows}


def find_by_email(tx: Tx, emails: Collection[str]) -> dict[str, list[UserId]]:
    """Return the users with these e-mail addresses, by address without regard to case."""
    found: dict[str, list[UserId]] = {}
    for row in rows_with(tx, _BY_EMAILS, [*emails]):
        found.setdefault(row["user_email"].casefold(), []).append(UserId(row["ID"]))
    return found


def find_namesakes(tx: Tx, emails: Collection[str]) -> dict[str, list[Namesake]]:
    """Return the users with these addresses, which are in lower case, the same to the letter."""
    found: dict[str, list[Namesake]] = {}
    for row in rows_with(tx, _NAMESAKES, [*emails]):
        names, since = _names(row), row["user_registered"]
        is_known = isinstance(since, datetime) and since >= _FIRST_KNOWN
        found.setdefault(row["user_email"].lower(), []).append(
            Namesake(UserId(row["ID"]), names.login, names.name, utc(since) if is_known else None)
        )
    return found


def read_metas(tx: Tx, user_id: int, keys: Collection[str]) -> Mapping[str, str | None]:
    """Return the named metas that exist; of duplicates the lowest `umeta_id`, as WordPress."""
    rows = tx.all(_METAS, {"user_id": user_id, "keys": tuple(keys)})
    return {row["meta_key"]: row["meta_value"] for row in rows}


def list_names(tx: Tx, user_ids: Collection[UserId]) -> dict[UserId, UserNames]:
    """Return what those users who exist are called."""
    rows = tx.all(_NAMES, (tuple(user_ids),))
    return {UserId(row["ID"]): _names(row) for row in rows}


def _names(row: Row) -> UserNames:
    name = row["display_name"] or row["user_login"]
    return UserNames(row["user_login"], row["user_email"], name)


def list_metas(
    tx: Tx, user_ids: Collection[UserId], keys: Collection[str]
) -> dict[UserId, dict[str, str | None]]:
    """Return the named metas of some users, as `read_metas`; absent: a user without any."""
    found: dict[UserId, dict[str, str | None]] = {}
    for row in tx.all(_METAS_OF_USERS, (tuple(user_ids), tuple(keys))):
        found.setdefault(UserId(row["user_id"]), {})[row["meta_key"]] = row["meta_value"]
    return found


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


@lru_cache(1024)
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


Metas = dict[str, LockedMeta]
"""One user's locked metas, by key; those without a row are absent."""


def lock_metas(tx: Tx, user_ids: Collection[UserId], keys: Collection[str]) -> dict[UserId, Metas]:
    """
    Read the named metas of some users and hold their rows until the transaction ends.

    Raises:
        RowsBusyError: Another program holds one of them.
    """
    return _locked_metas(tx.lock_now(_LOCK_METAS, (tuple(user_ids), tuple(keys))))


def locking_metas(
    user_ids: Collection[UserId], keys: Collection[str]
) -> Query[dict[UserId, Metas]]:
    """Ask as `lock_metas`; the driver's own error says that a row is locked."""
    sql = f"{_LOCK_METAS.rstrip()} NOWAIT"
    return Query(sql, (tuple(user_ids), tuple(keys)), _locked_metas)


def _locked_metas(locked: list[Row]) -> dict[UserId, Metas]:
    found: dict[UserId, dict[str, list[tuple[int, str | None]]]] = {}
    for row in locked:
        rows = found.setdefault(UserId(row["user_id"]), {}).setdefault(row["meta_key"], [])
        rows.append((row["umeta_id"], row["meta_value"]))
    return {
        user_id: {key: LockedMeta(rows) for key, rows in metas.items()}
        for user_id, metas in found.items()
    }


@dataclass(frozen=True, slots=True)
class MetaWrite:
    """A value for one meta of one user, whose rows were locked."""

    user_id: UserId
    key: str
    value: str
    locked: LockedMeta | None  # None: there is no row yet


def write_metas(tx: Tx, writes: Sequence[MetaWrite]) -> None:
    """
    Write metas: all rows of each, as WordPress does, or a new one.

    Whoever adds a row holds the account row, so that only one bridge does.

    Raises:
        RowsBusyError: WordPress has added the same row since it was looked for.
    """
    old = [
        (row_id, write.user_id, write.key, write.value)
        for write in writes
        if write.locked is not None
        for row_id, _ in write.locked.rows
    ]
    new = [(write.user_id, write.key, write.value) for write in writes if write.locked is None]
    if old:
        tx.insert_many_later(_UPDATE_METAS, old)
    if new:
        tx.insert_many_later(_INSERT_METAS, new)
        _refuse_duplicates(tx, new)


def _refuse_duplicates(tx: Tx, added: Sequence[tuple[UserId, str, str]]) -> None:
    """Look again at what was added: there is no unique key, and WordPress holds no account row."""
    locked = lock_metas(tx, {row[0] for row in added}, {row[1] for row in added})
    if any(len(locked[user_id][key].rows) > 1 for user_id, key, _ in added):
        raise RowsBusyError
