"""The form of a price rule: what is shown, what was typed, what it means."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import whole_number
from bridge.domain.pricing import SCOPED, SCOPES, BillingMethod, PriceRule, RuleFault
from bridge.domain.quotas import Module

LENGTHS = {"provider": 50, "model": 191, "operation": 50}
_RATE = re.compile(r"[0-9]{1,14}(\.[0-9]{1,6})?", re.ASCII)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PriceForm:
    """The fields as texts; *shown* tells whether the rule is still what was shown."""

    scope_type: str = "module"
    scope_id: str = ""
    module: str = ""
    provider: str = ""
    model: str = ""
    operation: str = ""
    billing_method: str = BillingMethod.PER_1K_TOKENS
    input_rate: str = ""
    output_rate: str = ""
    unit_rate: str = ""
    enabled: str = "1"
    shown: str = ""

    def to_rule(self, rule_id: int, *, chatbots: Collection[int]) -> PriceRule:
        """
        Return the rule.

        Raises:
            InvalidInputError: What was typed makes none that the peer would keep, or that prices.
        """
        if self.module not in set(Module):
            raise InvalidInputError("Choose the feature.")
        rule = PriceRule(
            rule_id=rule_id,
            scope_type=self.scope_type,
            scope_id=self._scope_id(chatbots),
            module=self.module,
            provider=self._name("provider"),
            model=self._name("model"),
            operation=self._name("operation"),
            billing_method=self.billing_method,
            input_rate=_rate(self.input_rate, "Input"),
            output_rate=_rate(self.output_rate, "Output"),
            unit_rate=_rate(self.unit_rate, "Rate"),
            enabled=bool(self.enabled),
            updated_at=_NEVER,
        )
        if rule.fault is RuleFault.NO_RATE:
            raise InvalidInputError("Type a rate that goes with the method.")
        if rule.fault:
            raise InvalidInputError("The form is not complete; open the page again.")
        return rule

    def _scope_id(self, chatbots: Collection[int]) -> int:
        if self.scope_type not in SCOPED:
            return 0
        scope_id = whole_number(self.scope_id)
        if not scope_id:
            raise InvalidInputError("Type the id of the chatbot or AI form.")
        if self.scope_type == SCOPES[0] and scope_id not in chatbots:
            raise InvalidInputError(f"There is no published chatbot {scope_id}.")
        return scope_id

    def _name(self, name: str) -> str:
        text, length = getattr(self, name), LENGTHS[name]
        if not 0 < len(text) <= length or not text.isprintable() or "<" in text:
            raise InvalidInputError(
                f"{name.capitalize()}: a text of 1 to {length} characters, without <."
            )
        return str(text)


def _rate(typed: str, name: str) -> Decimal | None:
    if not typed:
        return None
    if not _RATE.fullmatch(typed):
        raise InvalidInputError(
            f"{name}: a number of 0 or more, like 0.25, with 6 digits behind the point at most."
        )
    return Decimal(typed)


def rate_text(rate: Decimal | None) -> str:
    """Return a rate as people type it: no zeros at its end."""
    return "" if rate is None else f"{rate.normalize():f}"


def form_of(rule: PriceRule, shown: str) -> PriceForm:
    """Return the form that shows a rule."""
    texts = {
        name: rate_text(value) if isinstance(value, Decimal) else str(value or "")
        for name, value in asdict(rule).items()
        if name not in ("rule_id", "updated_at")
    }
    return PriceForm(**texts, shown=shown)


def read_price_form(given: Mapping[str, str]) -> PriceForm:
    """Return the form as it came."""
    return PriceForm(
        **{field.name: given.get(field.name, "").strip() for field in fields(PriceForm)}
    )
