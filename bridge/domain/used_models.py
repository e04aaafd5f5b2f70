"""What a site's features really used: for pick lists of prices, and to say what a use costs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bridge.domain.ids import Credits
from bridge.domain.pricing import (
    SCOPED,
    PriceList,
    PriceRule,
    PriceTooLargeError,
    Scope,
    Usage,
    price_usage,
)


@dataclass(frozen=True, slots=True)
class Uses:
    """Uses of one model for one purpose, and what one of them took on average."""

    module: str
    provider: str
    model: str
    operation: str
    scope: Scope | None = None
    number: int = 0  # 0: the site is set up for it, and nobody has used it lately
    input: int = 0
    output: int = 0
    total: int = 0

    @property
    def typical(self) -> Usage:
        """One use of average size."""
        return Usage(
            units=self.total,
            provider=self.provider,
            model=self.model,
            operation=self.operation,
            data={
                "input_tokens": self.input,
                "output_tokens": self.output,
                "total_tokens": self.total,
            },
            scope=self.scope,
        )

    @property
    def subject(self) -> tuple[str, ...]:
        """What rules are compared with, without regard to case."""
        names = (self.module, self.provider, self.model, self.operation)
        return tuple(name.casefold() for name in names)


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model for one purpose, wherever it was used."""

    uses: Uses  # of all scopes together
    is_priced: bool  # by a rule, in each scope that it was used in
    cost: Credits | None  # of a typical use


def known_models(used: Iterable[Uses], prices: PriceList) -> list[KnownModel]:
    """Return the models, those without a price first, then those that are used most."""
    by_subject: dict[tuple[str, ...], list[Uses]] = {}
    for uses in used:
        by_subject.setdefault(uses.subject, []).append(uses)
    models = [_known(same, prices) for same in by_subject.values()]
    return sorted(
        models, key=lambda known: (known.is_priced, -known.uses.number, known.uses.model)
    )


def _known(same: Sequence[Uses], prices: PriceList) -> KnownModel:
    together = together_of(same)
    most = max(same, key=lambda uses: uses.number)
    return KnownModel(
        uses=together,
        is_priced=all(prices.choose(uses.module, uses.typical) for uses in same),
        cost=cost_of(Uses(*_key(most), together.number, *_sizes(together)), prices),
    )


def _key(uses: Uses) -> tuple[str, str, str, str, Scope | None]:
    return uses.module, uses.provider, uses.model, uses.operation, uses.scope


def _sizes(uses: Uses) -> tuple[int, int, int]:
    return uses.input, uses.output, uses.total


def together_of(some: Sequence[Uses]) -> Uses:
    """Return uses of one subject as one, of no scope."""
    first, number = some[0], sum(uses.number for uses in some)
    weighted = [[size * uses.number for size in _sizes(uses)] for uses in some]
    sizes = [
        round(sum(column) / number) if number else 0 for column in zip(*weighted, strict=True)
    ]
    return Uses(*_key(first)[:-1], None, number, *sizes)


def cost_of(uses: Uses, prices: PriceList) -> Credits | None:
    """Return what a typical use costs; None where nobody has used it, or it is beyond all."""
    if not uses.number:
        return None
    try:
        return price_usage(uses.module, uses.typical, prices).credits
    except PriceTooLargeError:
        return None


def uses_for(rule: PriceRule, used: Iterable[Uses]) -> Uses | None:
    """Return what a rule is for of what was used; None if nothing was."""
    subject = tuple(
        name.casefold() for name in (rule.module, rule.provider, rule.model, rule.operation)
    )
    fitting = [
        uses
        for uses in used
        if uses.number
        and uses.subject == subject
        and (rule.scope_type not in SCOPED or uses.scope == rule.scope)
    ]
    if not fitting:
        return None
    together = together_of(fitting)
    return Uses(*_key(together)[:-1], rule.scope, together.number, *_sizes(together))


@dataclass(frozen=True, slots=True)
class Example:
    """A typical use of what a rule is for, and what it costs by that rule."""

    uses: Uses
    cost: Credits


def example_of(rule: PriceRule, used: Iterable[Uses]) -> Example | None:
    """Return an example of a rule's price; None for a rule that prices nothing, or no use."""
    uses = uses_for(rule, used)
    cost = cost_of(uses, PriceList([rule])) if uses and rule.enabled and not rule.fault else None
    return None if uses is None or cost is None else Example(uses, cost)
