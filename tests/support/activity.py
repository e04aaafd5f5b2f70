"""Uses that a site has on record, as the peer writes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.support.site import SiteDatabase

BOT = 22


@dataclass(frozen=True)
class Activity:
    """Writes uses of some seconds before ``now``."""

    site: SiteDatabase
    now: datetime

    def book(
        self,
        user_id: int,
        credits: int,
        *,
        age: int = 60,
        bot: int = BOT,
        module: str = "chat",
        delta: int | None = None,
        meta: Mapping[str, object] | None = None,
    ) -> None:
        """Book a use in the ledger; without *delta* and *meta* the balance pays."""
        place = ("chatbot", bot) if module == "chat" else ("module", 1)
        self.site.run(
            "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, context_type,"
            " context_id, model, operation, credits_delta, entry_type, meta, created_at)"
            " VALUES (%s, 'user', %s, %s, %s, 'gpt-5', 'chat', %s, 'usage', %s, %s)",
            (
                user_id,
                module,
                *place,
                -credits if delta is None else delta,
                json.dumps({"billed_credits": credits, "quota_units": 0, **(meta or {})}),
                (self.now - timedelta(seconds=age)).replace(tzinfo=None),
            ),
        )

    def log(
        self, user_id: int, *uses: tuple[int, int], bot: int | None = BOT, module: str = "chat"
    ) -> None:
        """Log a conversation: (seconds ago, units) of each answer."""
        moments = [int(self.now.timestamp()) - age for age, _ in uses]
        messages = [
            {"role": "bot", "timestamp": at, "model": "gpt-4", "usage": {"total_tokens": units}}
            for at, (_, units) in zip(moments, uses, strict=True)
        ]
        self.site.run(
            "INSERT INTO wp_aipkit_chat_logs (bot_id, user_id, conversation_uuid, module,"
            " messages, first_message_ts, last_message_ts)"
            " VALUES (%s, %s, UUID(), %s, %s, %s, %s)",
            (
                bot,
                user_id,
                module,
                json.dumps({"messages": messages}),
                min(moments),
                max(moments),
            ),
        )
