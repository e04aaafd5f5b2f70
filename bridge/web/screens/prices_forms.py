"""The form of a price rule: what is shown, what was typed, what it means."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import whole_number
from bridge.domain.pricing import SCOPED, SCOPES, BillingMethod, PriceRule, RuleFault
from bridge.domain.quotas import Module
from bridge.domain.sentences import Sentence
from bridge.web.http.parsing import Form, Typed
from bridge.web.http.reader import reader_language
from bridge.web.screens.frame import EditForm

SUBJECT = ("module", "provider", "model", "operation")
"""What a rule is for, as the address of the form of one to be may say."""
LENGTHS = {"provider": 50, "model": 191, "operation": 50}
_LABELS = {
    "provider": Sentence("Provider"),
    "model": Sentence("Model"),
    "operation": Sentence("Operation"),
}
_RATE = re.compile(r"[0-9]{1,14}(\.[0-9]{1,6})?", re.ASCII)
_NEVER = datetime.min.replace(tzinfo=UTC)


class PriceForm(EditForm):
    """The fields as texts."""

    scope_type: Typed
    scope_id: Typed
    module: Typed
    provider: Typed
    model: Typed
    operation: Typed
    billing_method: Typed
    input_rate: Typed
    output_rate: Typed
    unit_rate: Typed
    enabled: Typed

    def to_rule(self, rule_id: int, *, chatbots: Mapping[int, str]) -> PriceRule:
        """
        Return the rule.

        Raises:
            InvalidInputError: What was typed makes none that the peer would keep, or that prices.
        """
        if self.module not in set(Module):
            raise InvalidInputError(Sentence("Choose the feature."))
        rule = PriceRule(
            rule_id=rule_id,
            scope_type=self.scope_type,
            scope_id=self._scope_id(chatbots),
            module=self.module,
            provider=self._name("provider"),
            model=self._name("model"),
            operation=self._name("operation"),
            billing_method=self.billing_method,
            input_rate=_rate(self.input_rate, Sentence("Input")),
            output_rate=_rate(self.output_rate, Sentence("Output")),
            unit_rate=_rate(self.unit_rate, Sentence("Rate")),
            enabled=bool(self.enabled),
            updated_at=_NEVER,
        )
        if rule.fault is RuleFault.NO_RATE:
            raise InvalidInputError(Sentence("Type a rate that goes with the method."))
        if rule.fault:
            raise InvalidInputError(Sentence("The form is not complete; open the page again."))
        return rule

    def _scope_id(self, chatbots: Mapping[int, str]) -> int:
        if self.scope_type not in SCOPED:
            return 0
        is_chatbot = self.scope_type == SCOPES[0]
        scope_id = whole_number(self.scope_id)
        if is_chatbot and scope_id not in chatbots and self.scope_id:
            return chatbot_called(self.scope_id, chatbots)
        if not scope_id:
            raise InvalidInputError(Sentence("Type the id of the chatbot or AI form."))
        return scope_id

    def _name(self, name: str) -> str:
        text, length = getattr(self, name), LENGTHS[name]
        if not 0 < len(text) <= length or not text.isprintable() or "<" in text:
            raise InvalidInputError(
                Sentence(
                    "{field}: a text of 1 to {most} characters, without <.",
                    field=_LABELS[name],
                    most=length,
                )
            )
        return str(text)


def chatbot_called(name: str, chatbots: Mapping[int, str]) -> int:
    """
    Return the chatbot of a name.

    Raises:
        InvalidInputError: None is called that, or more than one.
    """
    found = [bot for bot, title in chatbots.items() if title.casefold() == name.casefold()]
    if not found:
        raise InvalidInputError(Sentence("There is no published chatbot {name}.", name=name[:100]))
    if len(found) > 1:
        ids = ", ".join(str(bot) for bot in sorted(found))
        raise InvalidInputError(
            Sentence(
                "Several chatbots are called {name}: type one of {ids}.", name=name[:100], ids=ids
            )
        )
    return found[0]


def name_of_chatbot(bot_id: int, chatbots: Mapping[int, str]) -> str:
    """Return how a form names a chatbot: by its name, or where others have the same, its id."""
    name = chatbots.get(bot_id, "").strip()
    same = [title for title in chatbots.values() if title.strip().casefold() == name.casefold()]
    return name if name and len(same) == 1 and not name.isdecimal() else str(bot_id)


NEW_RULE = PriceForm(
    **{
        **dict.fromkeys(PriceForm.model_fields, ""),
        "scope_type": "module",
        "billing_method": BillingMethod.PER_1K_TOKENS,
        "enabled": "1",
    }
)
"""What the form of a rule to be shows."""


def _rate(typed: str, name: Sentence) -> Decimal | None:
    if not typed:
        return None
    point = reader_language().point
    whole, found, rest = typed.partition(point)
    pointed = f"{whole}.{rest}" if found else whole
    if not _RATE.fullmatch(pointed) or (point != "." and "." in typed):
        raise InvalidInputError(
            Sentence(
                "{name}: a number of 0 or more, like {example}, with 6 digits behind the point "
                "at most.",
                name=name,
                example=f"0{point}25",
            )
        )
    return Decimal(pointed)


def rate_text(rate: Decimal | None) -> str:
    """Return a rate as people type it: in the reader's language, with no zeros at its end."""
    return "" if rate is None else f"{rate.normalize():f}".replace(".", reader_language().point)


def form_of(rule: PriceRule, shown: str, chatbots: Mapping[int, str]) -> PriceForm:
    """Return the form that shows a rule."""
    texts = {
        name: rate_text(value) if isinstance(value, Decimal) else str(value or "")
        for name, value in asdict(rule).items()
        if name not in ("rule_id", "updated_at")
    }
    if rule.scope_type == SCOPES[0] and rule.scope_id:
        texts["scope_id"] = name_of_chatbot(rule.scope_id, chatbots)
    return PriceForm(**texts, shown=shown)


class SwitchForm(EditForm):
    """Whether a rule prices from now on: `1` or empty."""

    enabled: str


class DeleteForm(EditForm):
    """``sure`` is the box that must be ticked."""

    sure: str


class ListPlaceForm(Form):
    """Which part of the list a form came from."""

    search: str
    page: str
