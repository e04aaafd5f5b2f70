"""What uses cost on the demo's site, and what they are like."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from bridge.domain.pricing import PriceRule, Usage
from bridge.domain.quotas import Context, Module
from demo.site import CHATBOTS, COACH

SUPPORT, SALES, WRITING = CHATBOTS[0][0], CHATBOTS[1][0], COACH[0]
_OPERATIONS = {Module.CHAT: "chat", Module.AI_FORMS: "form_submit"}


def _rule(
    module: Module,
    provider: str,
    model: str,
    *,
    per_1k: tuple[int, int] | None = None,
    each: int | None = None,
    enabled: bool = True,
) -> PriceRule:
    method = "per_1k_tokens" if per_1k else "per_image"
    given, made = per_1k or (None, None)
    return PriceRule(
        rule_id=0,
        scope_type="global",
        scope_id=0,
        module=module,
        provider=provider,
        model=model,
        operation=_OPERATIONS.get(module, "generate"),
        billing_method=method,
        input_rate=None if given is None else Decimal(given),
        output_rate=None if made is None else Decimal(made),
        unit_rate=None if each is None else Decimal(each),
        enabled=enabled,
        updated_at=datetime.now(UTC),
    )


RULES = (
    _rule(Module.CHAT, "openai", "gpt-4.1-mini", per_1k=(20, 80)),
    _rule(Module.CHAT, "anthropic", "claude-haiku", per_1k=(50, 250)),
    _rule(Module.CHAT, "google", "gemini-flash", per_1k=(15, 60)),
    _rule(Module.AI_FORMS, "openai", "gpt-4.1-mini", per_1k=(20, 80)),
    _rule(Module.IMAGE_GENERATOR, "openai", "gpt-image-1", each=400),
    _rule(Module.IMAGE_GENERATOR, "google", "imagen", each=250),
    _rule(Module.IMAGE_GENERATOR, "openai", "dall-e-2", each=120, enabled=False),
)


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of use, with how often it comes."""

    weight: int
    context: Context
    provider: str
    model: str
    given: tuple[int, int] = (0, 0)  # provider tokens, from and to
    made: tuple[int, int] = (0, 0)

    def one(self, random: Random) -> Usage:
        """Return a use of this sort."""
        if self.context.module is Module.IMAGE_GENERATOR:
            data = {"image_count": random.choice((1, 1, 1, 2))}
        else:
            data = {
                "input_tokens": random.randint(*self.given),
                "output_tokens": random.randint(*self.made),
            }
        return usage(self.context.module, self.provider, self.model, data)


def usage(module: Module, provider: str, model: str, data: Mapping[str, int]) -> Usage:
    """Return a use as a back end tells it."""
    operation = _OPERATIONS.get(module, "generate")
    return Usage(provider=provider, model=model, operation=operation, data=data)


_CHAT = {name: Context(Module.CHAT, bot) for name, bot in
         (("support", SUPPORT), ("sales", SALES), ("writing", WRITING))}  # fmt: skip
SORTS = (
    Sort(40, _CHAT["support"], "openai", "gpt-4.1-mini", (600, 4_000), (200, 1_400)),
    Sort(20, _CHAT["sales"], "google", "gemini-flash", (800, 3_000), (200, 900)),
    Sort(22, _CHAT["writing"], "anthropic", "claude-haiku", (900, 5_000), (400, 2_400)),
    Sort(8, Context(Module.AI_FORMS), "openai", "gpt-4.1-mini", (500, 2_000), (300, 1_500)),
    Sort(7, Context(Module.IMAGE_GENERATOR), "openai", "gpt-image-1"),
    Sort(3, Context(Module.IMAGE_GENERATOR), "google", "imagen"),
)
FREE = (SORTS[0], SORTS[1])
"""What those use who have bought nothing: it is within the free limits."""
