"""What usage costs: the site's price rules, else one credit a unit (R18)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import ceil

from bridge.domain.errors import BridgeError
from bridge.domain.ids import MAX_BALANCE, Credits
from bridge.domain.sentences import Sentence

INPUT_KEYS = ("input_tokens", "prompt_tokens", "input_units")
OUTPUT_KEYS = ("output_tokens", "completion_tokens", "output_units")
TOTAL_KEYS = ("total_tokens", "total_units", "billable_units")
COUNT_KEYS = ("unit_count", "image_count", "video_count", "items")
KNOWN_KEYS = frozenset((*INPUT_KEYS, *OUTPUT_KEYS, *TOTAL_KEYS, *COUNT_KEYS))


class UsageUnreadableError(BridgeError):
    """Neither `units` nor any known key of `usage.data` says what was used."""

    code = "usage_unreadable"


class PriceTooLargeError(BridgeError):
    """The price is beyond what WordPress and SQL hold."""

    code = "price_too_large"


class BillingMethod(StrEnum):
    """How a rule prices; the peer's words."""

    PER_1K_TOKENS = "per_1k_tokens"
    FLAT = "flat"
    PER_IMAGE = "per_image"
    PER_VIDEO = "per_video"


class RuleFault(StrEnum):
    """Why a rule can price nothing; it is left out before the choice."""

    UNKNOWN_SCOPE = "unknown_scope"
    UNKNOWN_METHOD = "unknown_method"
    NO_RATE = "no_rate"
    RATE_BELOW_0 = "rate_below_0"


MAX_RULES = 20_000
"""How many of a site's rules are read."""

SCOPES = ("chatbot", "ai_form", "module", "global")
"""Scopes of rules, narrowest first."""
SCOPED = SCOPES[:2]
"""Those that name one chatbot or form."""


@dataclass(frozen=True, slots=True)
class PriceRule:
    """A row of the site's price table."""

    rule_id: int
    scope_type: str
    scope_id: int
    module: str
    provider: str
    model: str
    operation: str
    billing_method: str
    input_rate: Decimal | None
    output_rate: Decimal | None
    unit_rate: Decimal | None
    enabled: bool
    updated_at: datetime

    @property
    def scope(self) -> "Scope | None":
        """What it is for; None: whatever was used."""
        return Scope(self.scope_type, self.scope_id) if self.scope_type in SCOPED else None

    @property
    def fault(self) -> "RuleFault | None":
        """Why it can price nothing, if so."""
        if self.scope_type not in SCOPES:
            return RuleFault.UNKNOWN_SCOPE
        if self.billing_method not in set(BillingMethod):
            return RuleFault.UNKNOWN_METHOD
        by_tokens = self.billing_method == BillingMethod.PER_1K_TOKENS
        rates = (self.input_rate, self.output_rate) if by_tokens else (self.unit_rate,)
        given = [rate for rate in rates if rate is not None]
        if not given:
            return RuleFault.NO_RATE
        return RuleFault.RATE_BELOW_0 if min(given) < 0 else None


@dataclass(frozen=True, slots=True)
class Scope:
    """The chatbot or AI form that was used."""

    kind: str  # chatbot | ai_form
    scope_id: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What was metered. Only numbers > 0 under known keys of ``data`` count."""

    units: int | None = None
    provider: str = ""
    model: str = ""
    operation: str = ""
    data: Mapping[str, int] | None = None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Quantities:
    """Usage in numbers: provider tokens and counted things; all >= 0."""

    input: int
    output: int
    total: int
    count: int

    def beyond(self, other: "Quantities") -> "Quantities":
        """Return what this has more than *other*, which was put on record before."""
        return Quantities(
            max(0, self.input - other.input),
            max(0, self.output - other.output),
            max(0, self.total - other.total),
            max(0, self.count - other.count),
        )


@dataclass(frozen=True, slots=True)
class Price:
    """A price in whole credits, with the rule that made it; None: one credit a unit."""

    credits: Credits
    measured: Quantities
    rule: PriceRule | None


def measure(usage: Usage) -> Quantities:
    """
    Return usage in numbers.

    Raises:
        UsageUnreadableError: There are neither `units` nor a known key.
    """
    data = usage.data or {}
    known = KNOWN_KEYS & data.keys()
    if usage.units is None and not known:
        raise UsageUnreadableError(
            "usage: send units, or usage.data with one of: " + ", ".join(sorted(KNOWN_KEYS)) + "."
        )
    given_in, given_out = _first(data, INPUT_KEYS), _first(data, OUTPUT_KEYS)
    total = _first(data, TOTAL_KEYS) or given_in + given_out or usage.units or 0
    return Quantities(given_in, given_out, total, _first(data, COUNT_KEYS))


def _first(data: Mapping[str, int], keys: Sequence[str]) -> int:
    return next((data[key] for key in keys if data.get(key, 0) > 0), 0)


class PriceList:
    """A site's rules, laid out for finding those of a usage quickly."""

    def __init__(self, rules: Iterable[PriceRule] = ()) -> None:
        """Keep all rules; those that are disabled, broken or of no known scope never price."""
        self.rules = tuple(rules)
        self._by_subject: dict[tuple[str, ...], list[PriceRule]] = {}
        for rule in self.rules:
            if rule.enabled and rule.fault is None:
                subject = _subject(rule.module, rule.provider, rule.model, rule.operation)
                self._by_subject.setdefault(subject, []).append(rule)

    def __eq__(self, other: object) -> bool:
        """Say whether they have the same rules, in the same order."""
        return isinstance(other, PriceList) and self.rules == other.rules

    def __hash__(self) -> int:
        return hash(self.rules)

    def choose(self, module: str, usage: Usage) -> PriceRule | None:
        """Return the rule that prices: the narrowest scope, of equals the last; or None."""
        subject = _subject(module, usage.provider, usage.model, usage.operation)
        rules = self._by_subject.get(subject, ())
        fitting = [rule for rule in rules if _in_scope(rule, usage)]
        return min(fitting, key=_precedence, default=None)

    def instead_of(self, rule: PriceRule) -> PriceRule | None:
        """Return the rule that prices what *rule* is for; None: no rule does, or it does."""
        usage = Usage(
            provider=rule.provider,
            model=rule.model,
            operation=rule.operation,
            scope=rule.scope,
        )
        chosen = self.choose(rule.module, usage)
        return None if chosen is None or chosen.rule_id == rule.rule_id else chosen

    def shadowed(self) -> dict[int, PriceRule]:
        """Return the rules that are never chosen, by id, with the one that is chosen instead."""
        found: dict[int, PriceRule] = {}
        for rules in self._by_subject.values():
            winners: dict[Scope | None, PriceRule] = {}
            for rule in sorted(rules, key=_precedence):
                winner = winners.setdefault(rule.scope, rule)
                if winner is not rule:
                    found[rule.rule_id] = winner
        return found


def price_usage(module: str, usage: Usage, prices: PriceList) -> Price:
    """
    Price usage in whole credits, rounded up.

    Raises:
        UsageUnreadableError: See `measure`.
        PriceTooLargeError: It is more than any balance can be.
    """
    measured = measure(usage)
    rule = prices.choose(module, usage)
    amount = measured.total if rule is None else ceil(_amount(rule, measured))
    if amount > MAX_BALANCE:
        raise PriceTooLargeError(
            Sentence("usage: it would cost more credits than any balance can hold.")
        )
    return Price(Credits(amount), measured, rule)


def _precedence(rule: PriceRule) -> tuple[int, float, int]:
    """Order rules: the narrowest first, of equals the one changed last."""
    place = SCOPES.index(rule.scope_type)
    changed = 0.0 if rule.scope_type in SCOPED else rule.updated_at.timestamp()
    return place, -changed, -rule.rule_id


def _subject(*names: str) -> tuple[str, ...]:
    return tuple(name.casefold() for name in names)


def _in_scope(rule: PriceRule, usage: Usage) -> bool:
    return rule.scope is None or rule.scope == usage.scope


def _amount(rule: PriceRule, measured: Quantities) -> Fraction:
    if rule.billing_method == BillingMethod.PER_1K_TOKENS:
        tokens_in, tokens_out = measured.input, measured.output
        if not tokens_in and not tokens_out:
            tokens_in = measured.total
        weighted = tokens_in * _rate(rule.input_rate) + tokens_out * _rate(rule.output_rate)
        return weighted / 1000
    if rule.billing_method == BillingMethod.FLAT:
        return _rate(rule.unit_rate)
    return (measured.count or 1) * _rate(rule.unit_rate)


def _rate(rate: Decimal | None) -> Fraction:
    return Fraction(rate) if rate is not None else Fraction(0)
