"""
The site's summary of accounts: what lists are sorted, filtered and searched by, under indexes.

What the bridge books is in it at once: the same transaction adds the difference. What others
write is found by a job, which reads an account without locking it and writes what it found only
if nothing was booked meanwhile: ``seq`` says so. Lists take who comes where from here, and the
figures that they show from the accounts themselves.
"""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bridge.domain.ids import Credits, UserId
from bridge.domain.quotas import Module
from bridge.store.columns import BEGINNING, END, naive, utc
from bridge.store.tx import Row, Tx

_ADD = """
    INSERT INTO {p}aipkit_bridge_summaries
           (user_id, seq, balance, used_chat, used_ai_forms, used_image_generator, turns_at,
            last_purchase_at, last_activity_at) VALUES {rows}
    ON DUPLICATE KEY UPDATE
      seq = seq + 1,
      balance = VALUES(balance),
      used_chat = GREATEST(0, used_chat + VALUES(used_chat)),
      used_ai_forms = GREATEST(0, used_ai_forms + VALUES(used_ai_forms)),
      used_image_generator = GREATEST(0, used_image_generator + VALUES(used_image_generator)),
      turns_at = LEAST(turns_at, VALUES(turns_at)),
      last_purchase_at = GREATEST(last_purchase_at, VALUES(last_purchase_at)),
      last_activity_at = GREATEST(last_activity_at, VALUES(last_activity_at))
"""
# In this order: `seq` last, since each assignment sees those before it.
_REPAIR = """
    INSERT INTO {p}aipkit_bridge_summaries
           (user_id, seq, balance, used_chat, used_ai_forms, used_image_generator, turns_at,
            last_purchase_at, last_activity_at, login, email, name, search_text) VALUES {rows}
    ON DUPLICATE KEY UPDATE
      balance = IF(seq = VALUES(seq), VALUES(balance), balance),
      used_chat = IF(seq = VALUES(seq), VALUES(used_chat), used_chat),
      used_ai_forms = IF(seq = VALUES(seq), VALUES(used_ai_forms), used_ai_forms),
      used_image_generator =
        IF(seq = VALUES(seq), VALUES(used_image_generator), used_image_generator),
      turns_at = IF(seq = VALUES(seq), VALUES(turns_at), turns_at),
      last_purchase_at = GREATEST(last_purchase_at, VALUES(last_purchase_at)),
      last_activity_at = GREATEST(last_activity_at, VALUES(last_activity_at)),
      login = VALUES(login), email = VALUES(email), name = VALUES(name),
      search_text = VALUES(search_text),
      seq = IF(seq = VALUES(seq), seq + 1, seq)
"""
_READ = """
    SELECT user_id, seq, balance, used_chat, used_ai_forms, used_image_generator, turns_at,
           last_purchase_at, last_activity_at, login, email, name
      FROM {p}aipkit_bridge_summaries WHERE user_id IN %s
"""
_FORGET = "DELETE FROM {p}aipkit_bridge_summaries WHERE user_id = %s AND seq = %s"
# Those without a name were made by a booking; others count what was used in a period gone by.
_DUE = """
    (SELECT user_id FROM {p}aipkit_bridge_summaries WHERE login = '' LIMIT %(limit)s)
    UNION
    (SELECT user_id FROM {p}aipkit_bridge_summaries WHERE turns_at <= UTC_TIMESTAMP()
      ORDER BY turns_at LIMIT %(limit)s)
"""
# Users, and summaries of users who were deleted.
_NEXT = """
    (SELECT ID AS user_id FROM {u}users WHERE ID > %(after)s ORDER BY ID LIMIT %(limit)s)
    UNION
    (SELECT user_id FROM {p}aipkit_bridge_summaries WHERE user_id > %(after)s
      ORDER BY user_id LIMIT %(limit)s)
    ORDER BY user_id LIMIT %(limit)s
"""
# Whoever is in debt has no stored balance.
_SUM = """
    SELECT COALESCE(SUM(GREATEST(0, balance)), 0) AS total FROM {p}aipkit_bridge_summaries
"""
_COUNT = """
    SELECT COUNT(*) AS number FROM (
      SELECT user_id FROM {p}aipkit_bridge_summaries LIMIT %s) some
"""
_ROLES = "SELECT user_id, role FROM {p}aipkit_bridge_roles WHERE user_id IN %s"
_ADD_ROLES = "INSERT IGNORE INTO {p}aipkit_bridge_roles (role, user_id) VALUES {rows}"
# Those without a login have not been looked at yet.
_ROLELESS = """
    SELECT 1 AS one FROM {p}aipkit_bridge_summaries s
     WHERE s.login <> '' AND NOT EXISTS (
           SELECT 1 FROM {p}aipkit_bridge_roles r WHERE r.user_id = s.user_id) LIMIT 1
"""
_DROP_ROLE = "DELETE FROM {p}aipkit_bridge_roles WHERE role = %s AND user_id = %s"


@dataclass(frozen=True, slots=True)
class Activity:
    """What a booking changes of a summary, beside the balance."""

    used: Mapping[Module, Credits] = field(default_factory=dict)  # by how much, in this period
    turns_at: datetime | None = None  # when the first of those counters starts anew
    is_use: bool = False
    is_purchase: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """One account in the list, as stored or as it should be; an instant of None: never."""

    user_id: UserId
    balance: Credits
    used: Mapping[Module, Credits]
    turns_at: datetime | None
    last_purchase_at: datetime | None
    last_activity_at: datetime | None
    login: str
    email: str
    name: str

    @property
    def is_listed(self) -> bool:
        """Whether the user owns or has used anything."""
        times = (self.last_purchase_at, self.last_activity_at)
        return bool(self.balance or any(self.used.values())) or times != (None, None)


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """A summary as it stands, and the ``seq`` that tells whether it still does."""

    summary: Summary
    seq: int


def add(tx: Tx, booked: Sequence[tuple[UserId, Credits, Activity]], now: datetime) -> None:
    """Add what was booked of locked accounts: user, balance, activity."""
    at = naive(now.replace(microsecond=0))
    by_id = sorted(booked, key=lambda one: one[0])
    tx.insert_many_later(_ADD, [_added(*one, at) for one in by_id])


def _added(
    user_id: UserId, balance: Credits, activity: Activity, at: datetime | None
) -> tuple[object, ...]:
    return (
        user_id,
        1,  # a row that a repair makes has 0
        balance,
        *(activity.used.get(module, 0) for module in Module),
        naive(activity.turns_at) or END,
        at if activity.is_purchase else BEGINNING,
        at if activity.is_use else BEGINNING,
    )


def read(tx: Tx, user_ids: Collection[UserId]) -> dict[UserId, StoredSummary]:
    """Return the summaries that there are."""
    rows = tx.all(_READ, (tuple(user_ids),))
    return {UserId(row["user_id"]): StoredSummary(_summary(row), row["seq"]) for row in rows}


def _summary(row: Row) -> Summary:
    return Summary(
        user_id=UserId(row["user_id"]),
        balance=row["balance"],
        used={module: row[f"used_{module}"] for module in Module},
        turns_at=None if row["turns_at"] == END else utc(row["turns_at"]),
        last_purchase_at=past(row["last_purchase_at"]),
        last_activity_at=past(row["last_activity_at"]),
        login=row["login"],
        email=row["email"],
        name=row["name"],
    )


def past(column: datetime) -> datetime | None:
    """Return when a thing last happened; None: never."""
    return None if column == BEGINNING else utc(column)


def sum_balances(tx: Tx) -> Credits:
    """Return the sum of all stored balances."""
    row = tx.one(_SUM)
    assert row is not None
    return Credits(int(row["total"]))


def count(tx: Tx, limit: int) -> int:
    """Return how many there are, at most *limit*."""
    row = tx.one(_COUNT, (limit,))
    return int(row["number"]) if row else 0


def list_due(tx: Tx, limit: int) -> list[UserId]:
    """Return accounts whose summary is known to be out of date."""
    return [UserId(row["user_id"]) for row in tx.all(_DUE, {"limit": limit})]


def list_next(tx: Tx, after: int, limit: int) -> list[UserId]:
    """Return the next users by id, and those who were deleted since they were listed."""
    return [UserId(r["user_id"]) for r in tx.all(_NEXT, {"after": after, "limit": limit})]


def repair(tx: Tx, found: Sequence[tuple[Summary, int]]) -> None:
    """Write summaries as they should be, each unless its ``seq`` has moved on."""
    if found:
        by_id = sorted(found, key=lambda one: one[0].user_id)
        tx.insert_many(_REPAIR, [_repaired(*one) for one in by_id])


def _repaired(summary: Summary, seq: int) -> tuple[object, ...]:
    names = (summary.login, summary.email, summary.name)
    return (
        summary.user_id,
        seq,
        summary.balance,
        *(summary.used[module] for module in Module),
        naive(summary.turns_at) or END,
        naive(summary.last_purchase_at) or BEGINNING,
        naive(summary.last_activity_at) or BEGINNING,
        *names,
        fold("\n".join((str(summary.user_id), *names)))[:1000],
    )


def fold(text: str) -> str:
    """Return a text as searches compare it: without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def forget(tx: Tx, stored: Collection[StoredSummary]) -> None:
    """Take accounts off the list, each unless something was booked since it was read."""
    for one in stored:
        tx.run(_FORGET, (one.summary.user_id, one.seq))


def read_roles(tx: Tx, user_ids: Collection[UserId]) -> dict[UserId, set[str]]:
    """Return the roles that are kept of some users."""
    found: dict[UserId, set[str]] = {}
    for row in tx.all(_ROLES, (tuple(user_ids),)):
        found.setdefault(UserId(row["user_id"]), set()).add(row["role"])
    return found


def has_account_without_role(tx: Tx) -> bool:
    """Say whether anybody who owns or has used credits has no role on this site."""
    return tx.one(_ROLELESS) is not None


def change_roles(
    tx: Tx, added: Collection[tuple[str, UserId]], dropped: Collection[tuple[str, UserId]]
) -> None:
    """Keep roles, each with its user, and forget others."""
    if added:
        tx.insert_many(_ADD_ROLES, sorted(added))
    for pair in sorted(dropped):
        tx.run(_DROP_ROLE, pair)
