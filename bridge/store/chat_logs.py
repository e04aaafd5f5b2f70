"""
The peer's logs: what was used before there was a ledger.

A row is a conversation; its messages are JSON, and those of the bot carry what they cost.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bridge.domain.activity import ActivityItem
from bridge.domain.ids import Credits, UserId
from bridge.domain.quotas import Context
from bridge.store.peer_plugin import LOGS_TABLE
from bridge.store.tx import Tx

LOOKS_BACK = 50
"""Conversations that are read: each is a text of some kilobytes, or of a megabyte."""

_LATEST = """
    SELECT log.messages
      FROM (SELECT id FROM {logs}
             WHERE user_id = %(user_id)s AND module = %(module)s AND bot_id <=> %(bot_id)s
               AND first_message_ts < %(before)s
             ORDER BY last_message_ts DESC, id DESC LIMIT {limit}) latest
      JOIN {logs} log ON log.id = latest.id
""".replace("{logs}", LOGS_TABLE).replace("{limit}", str(LOOKS_BACK))
_ROLES = frozenset({"bot", "assistant"})


def list_logged(
    tx: Tx, user_id: UserId, context: Context, before: datetime
) -> Sequence[ActivityItem]:
    """Return the uses before an instant in the latest conversations, newest first."""
    until = before.timestamp()
    args = {
        "user_id": user_id,
        "module": context.module,
        "bot_id": context.bot_id,
        "before": int(until),
    }
    rows = tx.all(_LATEST, args)
    uses = (use for row in rows for use in logged_uses(row["messages"]) if use.at < before)
    return sorted(uses, key=lambda use: use.at, reverse=True)


def logged_uses(messages: str) -> Iterator[ActivityItem]:
    """Yield the uses of one conversation; what cannot be read is no use."""
    try:
        stored = json.loads(messages)
    except ValueError:
        return
    found = stored.get("messages") if isinstance(stored, dict) else stored  # old ones: a bare list
    for message in found if isinstance(found, list) else []:
        if isinstance(message, dict) and message.get("role") in _ROLES:
            yield from _use(message)


def _use(message: dict[str, object]) -> Iterator[ActivityItem]:
    usage, at, model = (message.get(name) for name in ("usage", "timestamp", "model"))
    units = usage.get("total_tokens") if isinstance(usage, dict) else None
    if isinstance(units, int) and isinstance(at, int) and units > 0 and 0 < at < 2**32:
        name = model if isinstance(model, str) else ""
        yield ActivityItem(datetime.fromtimestamp(at, UTC), name, Credits(units))
