"""Which models were used lately, in the ledger, and which chatbots are set up for."""

from bridge.domain.ledger import ContextType, EntryType
from bridge.domain.pricing import Scope
from bridge.domain.quotas import Module
from bridge.domain.usage_entries import HOLD_ADJUSTED, HOLD_EXPIRED
from bridge.domain.used_models import Uses
from bridge.store import peer_plugin
from bridge.store.ledger import TABLE
from bridge.store.tx import Row, Tx

LATELY = 5_000
"""How many of the ledger's last rows are looked at: it may have millions."""

# Of what a hold ended with nobody knows any more what it was for.
_USED = """
    SELECT module, provider, model, operation, context_type, context_id, COUNT(*) AS number,
           ROUND(AVG(usage_input_units)) AS tokens_in,
           ROUND(AVG(usage_output_units)) AS tokens_out, ROUND(AVG(usage_total_units)) AS total
      FROM (SELECT module, provider, model, operation, context_type, context_id, entry_type,
                   usage_input_units, usage_output_units, usage_total_units
              FROM {ledger} ORDER BY id DESC LIMIT %(rows)s) lately
     WHERE entry_type = %(usage)s AND operation NOT IN %(odd)s AND provider <> '' AND model <> ''
     GROUP BY module, provider, model, operation, context_type, context_id
     ORDER BY number DESC LIMIT 500
""".replace("{ledger}", TABLE)
_SET_UP = """
    SELECT DISTINCT provider.meta_value AS provider, model.meta_value AS model
      FROM {p}posts post
      JOIN {p}postmeta provider ON provider.post_id = post.ID AND provider.meta_key = %(provider)s
      JOIN {p}postmeta model ON model.post_id = post.ID AND model.meta_key = %(model)s
     WHERE post.post_type = %(type)s AND post.post_status = 'publish'
       AND provider.meta_value <> '' AND model.meta_value <> '' LIMIT 500
"""
_SCOPES = {ContextType.CHATBOT: "chatbot", ContextType.AI_FORM: "ai_form"}


def read_used(tx: Tx) -> list[Uses]:
    """Return what was used lately, by what it was used in; the most used first."""
    args = {"rows": LATELY, "usage": EntryType.USAGE, "odd": (HOLD_EXPIRED, HOLD_ADJUSTED)}
    return [_uses(row) for row in tx.all(_USED, args)]


def read_set_up(tx: Tx) -> list[Uses]:
    """Return the models that published chatbots are set up for."""
    args = {
        "type": peer_plugin.CHATBOT_TYPE,
        "provider": peer_plugin.BOT_PROVIDER_KEY,
        "model": peer_plugin.BOT_MODEL_KEY,
    }
    return [
        Uses(Module.CHAT, row["provider"], row["model"], peer_plugin.CHAT_OPERATION)
        for row in tx.all(_SET_UP, args)
    ]


def _uses(row: Row) -> Uses:
    kind = _SCOPES.get(row["context_type"])
    return Uses(
        module=row["module"],
        provider=row["provider"],
        model=row["model"],
        operation=row["operation"],
        scope=Scope(kind, row["context_id"]) if kind and row["context_id"] else None,
        number=row["number"],
        input=int(row["tokens_in"]),
        output=int(row["tokens_out"]),
        total=int(row["total"]),
    )
