"""Who used what in a span, out of the ledger's rows of use."""

from collections.abc import Collection
from datetime import datetime

from bridge.domain.ids import Credits
from bridge.domain.used_by import ModelUse, UserUse
from bridge.store.columns import naive
from bridge.store.ledger import BILLED, TABLE
from bridge.store.tx import Tx

_OF = f"""
      FROM {TABLE} WHERE entry_type = 'usage' AND created_at >= %s AND created_at < %s
"""  # of constants
_BY_USER = f"""
    SELECT user_id, COUNT(*) AS uses, SUM({BILLED}) AS credits, -SUM(credits_delta) AS spent {_OF}
     GROUP BY user_id ORDER BY credits DESC, user_id LIMIT %s
"""
_BY_MODEL = f"""
    SELECT user_id, module, provider, model, context_type, context_id, COUNT(*) AS uses,
           SUM(usage_total_units) AS units, SUM({BILLED}) AS credits {_OF}
       AND COALESCE(user_id, 0) IN %s
     GROUP BY user_id, module, provider, model, context_type, context_id
     ORDER BY credits DESC, user_id LIMIT %s
"""


def by_user(tx: Tx, since: datetime, until: datetime, limit: int) -> list[UserUse]:
    """Return who used most, first; guests together."""
    return [
        UserUse(
            row["user_id"] or 0,
            int(row["uses"]),
            Credits(int(row["credits"])),
            Credits(int(row["spent"])),
        )
        for row in tx.all(_BY_USER, (naive(since), naive(until), limit))
    ]


def by_model(
    tx: Tx, since: datetime, until: datetime, users: Collection[int], limit: int
) -> list[ModelUse]:
    """Return what some users used on which model, the most first; 0: guests."""
    if not users:
        return []
    return [
        ModelUse(
            user_id=row["user_id"] or 0,
            module=row["module"],
            bot_id=row["context_id"] if row["context_type"] == "chatbot" else None,
            provider=row["provider"] or "",
            model=row["model"] or "",
            uses=int(row["uses"]),
            units=int(row["units"]),
            credits=Credits(int(row["credits"])),
        )
        for row in tx.all(_BY_MODEL, (naive(since), naive(until), tuple(users), limit))
    ]
