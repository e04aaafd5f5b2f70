"""What people are told of a ledger row."""

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.domain.counter_entries import RESET
from bridge.domain.ledger import LedgerRow, entry_name
from bridge.domain.sentences import Sentence
from bridge.web.http.formatting import mark

UNITS = mark("Units")
_METHODS = {
    "per_1k_tokens": mark("by 1,000 units"),
    "flat": mark("flat"),
    "per_image": mark("by image"),
    "per_video": mark("by video"),
    "legacy_fallback": mark("no rule: 1 unit is 1 token"),
}


def said(row: LedgerRow) -> Sentence:
    """Return in a sentence what a change by hand, or its undoing, has done."""
    if row.operation == RESET:
        return Sentence("The usage was reset.")
    count = abs(row.credits_delta)
    if not count:
        return Sentence("The usage counts again.")
    if row.meta.get("undoes"):
        if row.credits_delta > 0:
            return Sentence("{count:,} tokens given back.", count=count)
        return Sentence("{count:,} tokens taken back.", count=count)
    if row.credits_delta > 0:
        return Sentence("{count:,} tokens given.", count=count)
    return Sentence("{count:,} tokens taken.", count=count)


def details(row: LedgerRow) -> Iterator[tuple[str, object]]:
    """Yield what else is known of a row: a word for it, and its value."""
    meta = row.meta
    facts: Mapping[str, object] = {
        mark("Row"): entry_name(row.entry_id),
        UNITS: row.priced_units,
        mark("Price"): price_of_use(meta),
        mark("Provider"): row.provider,
        mark("Model"): row.model,
        mark("Reference"): row.reference_id if row.reference_type == "caller" else "",
        mark("Conversation"): _conversation(meta),
        mark("Hold"): meta.get("hold_id"),
        mark("Paid by the balance"): _number(meta, "balance_units"),
        mark("Paid by the free limit"): _number(meta, "quota_units"),
        mark("Paid by nobody"): _number(meta, "uncovered"),
        mark("Takes back"): meta.get("undoes"),
    }
    return ((word, value) for word, value in facts.items() if value)


def price_of_use(meta: Mapping[str, Any]) -> str:
    """Return how a use was priced; empty where nothing says so."""
    method = meta.get("billing_method")
    if not isinstance(method, str) or not method:
        return ""
    rule = meta.get("resolved_rule_id")
    said_method = _METHODS.get(method, method)
    if not rule:
        return said_method
    return Sentence("{method}, rule {rule}", method=Sentence(said_method), rule=rule)


def _conversation(meta: Mapping[str, Any]) -> str:
    more = meta.get("metadata")
    given = more if isinstance(more, dict) else {}
    names = ("conversation_uuid", "conversation_id", "conversation")
    found = (meta.get(name) or given.get(name) for name in names)
    return next((str(one)[:191] for one in found if one), "")


def _number(meta: Mapping[str, Any], name: str) -> int:
    value = meta.get(name)
    return value if isinstance(value, int) else 0
