"""Who used what in a span, out of the ledger's rows of use."""

from collections.abc import Collection
from datetime import datetime

from bridge.domain.ids import Credits
from bridge.domain.used_by import ModelUse, UserUse
from bridge.store.columns import naive
from bridge.store.ledger import BILLED, TABLE
from bridge.store.tx import Row, Tx

OF_EACH = f"""
    SELECT COALESCE(user_id, 0) AS user_id, COUNT(*) AS uses, SUM({BILLED}) AS credits,
           -SUM(credits_delta) AS spent
      FROM {TABLE}
     WHERE entry_type = 'usage' AND created_at >= %(since)s AND created_at < %(until)s
     GROUP BY COALESCE(user_id, 0)
"""  # noqa: S608  # of constants
"""SQL: what each user used in a span; guests, together, are user 0."""

_BY_USER = f"{OF_EACH} ORDER BY credits DESC, user_id LIMIT %(limit)s"
# By the users' own keys: what all others used in the span costs nothing.
_BY_MODEL = f"""
    SELECT user_id, module, provider, model, context_type, context_id, COUNT(*) AS uses,
           SUM(usage_total_units) AS units, SUM({BILLED}) AS credits
      FROM {TABLE} FORCE INDEX (user_created_at)
     WHERE {{whose}} AND entry_type = 'usage' AND created_at >= %(since)s
       AND created_at < %(until)s
     GROUP BY user_id, module, provider, model, context_type, context_id
     ORDER BY credits DESC, user_id LIMIT %(limit)s
"""  # noqa: S608  # likewise
_OF_USERS = _BY_MODEL.replace("{whose}", "user_id IN %(users)s")
_OF_GUESTS = _BY_MODEL.replace("{whose}", "user_id IS NULL")


def by_user(tx: Tx, since: datetime, until: datetime, limit: int) -> list[UserUse]:
    """Return who used most, first; guests together."""
    args = {"since": naive(since), "until": naive(until), "limit": limit}
    return [use_of(row) for row in tx.all(_BY_USER, args)]


def use_of(row: Row) -> UserUse:
    """Return what a row says that a user used."""
    return UserUse(
        int(row["user_id"]),
        int(row["uses"]),
        Credits(int(row["credits"])),
        Credits(int(row["spent"])),
    )


def by_model(
    tx: Tx, since: datetime, until: datetime, users: Collection[int], limit: int
) -> list[ModelUse]:
    """Return what some users used on which model, the most first; 0: guests."""
    args = {"since": naive(since), "until": naive(until), "limit": limit}
    known = tuple(user_id for user_id in users if user_id)
    rows = tx.all(_OF_USERS, {**args, "users": known}) if known else []
    if len(known) < len(users):
        rows += tx.all(_OF_GUESTS, args)
    found = [
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
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.credits, one.user_id))[:limit]
