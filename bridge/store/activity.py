"""Usage rows of one account in one context: what the ledger has to say about recent activity."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.activity import ActivityItem, booked_use
from bridge.domain.ids import UserId
from bridge.domain.quotas import Context
from bridge.store.columns import BEGINNING, naive, utc, utc_or_none
from bridge.store.ledger import TABLE
from bridge.store.tx import Row, Tx

LOOKS_BACK = 10_000
"""Rows of an account that are looked through. No index has user and context, so a context that
was last used long ago would cost a walk over all that came after."""

# By the account's own index: by the context's the rows of all other users would be read.
_OF_ACCOUNT = f"{TABLE} FORCE INDEX (user_created_at)"
_SINCE = f"""
    SELECT created_at FROM {_OF_ACCOUNT}
     WHERE user_id = %s ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET {LOOKS_BACK}
"""  # noqa: S608  # constants
_WHERE = """
     WHERE user_id = %(user_id)s AND created_at > %(since)s AND entry_type = 'usage'
       AND module = %(module)s
       AND (%(bot_id)s IS NULL OR (context_type = 'chatbot' AND context_id = %(bot_id)s))
"""
_USES = f"""
    SELECT created_at, model, credits_delta, meta FROM {_OF_ACCOUNT} {_WHERE}
     ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s
"""  # noqa: S608  # constants
_EXTENT = f"""
    SELECT COUNT(*) AS uses, MIN(created_at) AS began_at FROM {_OF_ACCOUNT} {_WHERE}
"""  # noqa: S608  # constants


@dataclass(frozen=True, slots=True)
class BookedUse:
    """Which rows are looked through: those after ``since``; None: all there are."""

    user_id: UserId
    context: Context
    since: datetime | None

    @property
    def arguments(self) -> dict[str, object]:
        """The statements' arguments."""
        return {
            "user_id": self.user_id,
            "module": self.context.module,
            "bot_id": self.context.bot_id,
            "since": naive(self.since) or BEGINNING,
        }


def find_booked(tx: Tx, user_id: UserId, context: Context) -> BookedUse:
    """Return where to look."""
    row = tx.one(_SINCE, (user_id,))
    return BookedUse(user_id, context, utc_or_none(row["created_at"]) if row else None)


def list_booked(tx: Tx, booked: BookedUse, *, limit: int, offset: int) -> Sequence[ActivityItem]:
    """Return uses, newest first."""
    return [_use(row) for row in tx.all(_USES, {**booked.arguments, "limit": limit,
                                                "offset": offset})]  # fmt: skip


def extent(tx: Tx, booked: BookedUse) -> tuple[int, datetime | None]:
    """Return how many uses there are, and when the first was."""
    row = tx.one(_EXTENT, booked.arguments)
    assert row is not None
    return int(row["uses"]), utc_or_none(row["began_at"])


def _use(row: Row) -> ActivityItem:
    try:
        meta = json.loads(row["meta"] or "{}")
    except ValueError:
        meta = {}
    fields = meta if isinstance(meta, dict) else {}
    return booked_use(utc(row["created_at"]), row["model"] or "", row["credits_delta"], fields)
