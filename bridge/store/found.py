"""What a search finds beside accounts, each under an index: newcomers and ledger rows."""

from collections.abc import Sequence

import pymysql

from bridge.domain.ids import UserId
from bridge.domain.ledger import FoundEntry
from bridge.store import ledger
from bridge.store.columns import utc
from bridge.store.old_charsets import does_not_fit
from bridge.store.tx import Row, Tx

LOOKED_THROUGH = 50_000
"""
Of so many newest ledger rows a caller's reference is found: there is no index on it.

Looking through them takes some 50 ms, through 400,000 ten times as long. An index would find it
in 0.3 ms, but made rows of a table that every booking writes a quarter dearer, for what a person
asks now and then.
"""

_FIRST = 100
# The first that begin so, and of them those who are in no list: never a walk over all users.
_NEWCOMERS = """
    SELECT some.ID FROM (
      (SELECT ID FROM {u}users
        WHERE user_login LIKE %(begins)s ORDER BY user_login LIMIT %(first)s)
      UNION
      (SELECT ID FROM {u}users
        WHERE user_email LIKE %(begins)s ORDER BY user_email LIMIT %(first)s)
      UNION
      (SELECT ID FROM {u}users WHERE ID = %(id)s)
    ) some
      LEFT JOIN {p}aipkit_bridge_summaries listed ON listed.user_id = some.ID
     WHERE listed.user_id IS NULL ORDER BY some.ID LIMIT %(limit)s
"""
_ENTRY = f"""
    SELECT id, user_id, created_at, credits_delta, reference_id FROM {ledger.TABLE}
"""  # noqa: S608  # a constant of the ledger
_BY_ID = f"{_ENTRY} WHERE id = %s AND user_id > 0"
_BY_REFERENCE = f"""
    {_ENTRY} FORCE INDEX (PRIMARY)
     WHERE id > %s AND reference_id = %s AND reference_type = 'caller' AND user_id > 0
     ORDER BY id DESC LIMIT %s
"""


def list_newcomers(tx: Tx, text: str, user_id: int | None, limit: int) -> list[UserId]:
    """Return users whom no list has yet, by the beginning of login or e-mail, or by their id."""
    begins = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    args = {"begins": begins, "id": user_id or 0, "first": _FIRST, "limit": limit}
    try:
        return [UserId(row["ID"]) for row in tx.all(_NEWCOMERS, args)]
    except pymysql.MySQLError as error:
        if not does_not_fit(error):
            raise
        return []


def find_entry(tx: Tx, entry_id: int) -> Sequence[FoundEntry]:
    """Return the ledger row with an id, if a user has it."""
    return [_found(row) for row in tx.all(_BY_ID, (entry_id,))]


def list_referring(tx: Tx, reference: str, limit: int) -> tuple[Sequence[FoundEntry], bool]:
    """Return the newest uses that a back end called so, and whether older rows were left out."""
    after = max(0, ledger.last_id(tx) - LOOKED_THROUGH)
    rows = tx.all(_BY_REFERENCE, (after, reference, limit))
    return [_found(row) for row in rows], after > 0


def _found(row: Row) -> FoundEntry:
    return FoundEntry(
        entry_id=row["id"],
        user_id=UserId(row["user_id"]),
        at=utc(row["created_at"]),
        credits_delta=row["credits_delta"],
        reference=row["reference_id"] or "",
    )
