"""The ledger rows of usage, in the shapes that the peer plugin writes and shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.domain.decisions import Split
from bridge.domain.ids import Actor, Credits
from bridge.domain.ledger import ContextType, EntryType, LedgerEntry, ReferenceType
from bridge.domain.pricing import Price, Usage
from bridge.domain.quotas import Context, Module

HOLD_EXPIRED = "hold_expired"
HOLD_ADJUSTED = "hold_adjusted"

# What the peer writes where nobody says it: the operation, and the id of a module's own rows.
_OPERATIONS = {
    Module.CHAT: "chat",
    Module.AI_FORMS: "form_submit",
    Module.IMAGE_GENERATOR: "generate",
}
_MODULE_IDS = {Module.AI_FORMS: 1, Module.IMAGE_GENERATOR: 0}


@dataclass(frozen=True, slots=True)
class Charge:
    """A use to be booked, with its price; of a negative price, what goes back."""

    actor: Actor
    context: Context
    usage: Usage
    price: Price
    reference: str = ""
    metadata: Mapping[str, object] | None = None
    hold: str = ""  # the id of the hold that it settles

    @property
    def is_use(self) -> bool:
        """Whether there is anything to put on record (R20)."""
        return (self.usage.units or 0) > 0 or self.price.credits != 0


def usage_entry(
    charge: Charge,
    parts: Split,
    before: Credits,
    after: Credits,
    *,
    operation: str = "",
    key: str = "",
) -> LedgerEntry:
    """
    Return the row of a charge.

    Args:
        charge: What was booked.
        parts: How it was paid.
        before: The balance before; 0 for guests.
        after: The balance after.
        operation: What it is, if it is no plain use.
        key: The row's own idempotency key, `aipkit_bridge_…`, or none.
    """
    usage, context, measured = charge.usage, charge.context, charge.price.measured
    context_type, context_id = _context_of(context, usage)
    form = str(context_id) if context_type is ContextType.AI_FORM else ""
    reference_type = ReferenceType.AI_FORM if form else ReferenceType.NONE
    return LedgerEntry(
        user_id=charge.actor.user_id,
        session_id=charge.actor.session_id,
        entry_type=EntryType.USAGE,
        operation=operation or usage.operation or _OPERATIONS[context.module],
        module=context.module,
        context_type=context_type,
        context_id=context_id,
        provider=usage.provider,
        model=usage.model,
        usage_input_units=measured.input,
        usage_output_units=measured.output,
        usage_total_units=measured.total,
        credits_delta=Credits(-parts.from_balance),
        reference_type=ReferenceType.CALLER if charge.reference else reference_type,
        reference_id=charge.reference or form,
        idempotency_key=key or None,
        meta=_meta(charge, parts, before, after),
    )


def _context_of(context: Context, usage: Usage) -> tuple[ContextType, int]:
    if context.bot_id is not None:
        return ContextType.CHATBOT, context.bot_id
    scope = usage.scope
    if context.module is Module.AI_FORMS and scope is not None and scope.kind == "ai_form":
        return ContextType.AI_FORM, scope.scope_id
    return ContextType.MODULE, _MODULE_IDS[context.module]


def _meta(charge: Charge, parts: Split, before: Credits, after: Credits) -> dict[str, object]:
    rule = charge.price.rule
    rest = parts.from_quota + parts.uncovered
    meta: dict[str, object] = {
        "legacy_total_units": charge.usage.units or 0,
        "billed_credits": charge.price.credits,
        "pricing_module": charge.context.module,
        "billing_method": rule.billing_method if rule else "legacy_fallback",
        "used_legacy_fallback": rule is None,
        "balance_before": before,
        "balance_after": after,
        "balance_units": parts.from_balance,
        "quota_units": rest,
        "quota_recorded": parts.counted != 0,
        "raw_usage_data": charge.usage.data or {},
    }
    optional = {
        "resolved_rule_id": rule.rule_id if rule else None,
        "uncovered": parts.uncovered,
        "hold_id": charge.hold,
        "metadata": charge.metadata,
    }
    return meta | {name: value for name, value in optional.items() if value}
