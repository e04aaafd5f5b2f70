"""What a use would cost: tried out with the rules as they are stored now."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.domain.errors import BridgeError, InvalidInputError
from bridge.domain.pricing import SCOPED, SCOPES, Price, PriceList, Scope, Usage, price_usage
from bridge.domain.sentences import Sentence
from bridge.web.screens.credits_forms import read_amount
from bridge.web.screens.prices_forms import chatbot_called

_NAMES = ("module", "scope_type", "scope_id", "provider", "model", "operation")
_NUMBERS = ("input_tokens", "output_tokens", "unit_count")
_MAX_TEXT = 191


@dataclass(frozen=True, slots=True)
class Trial:
    """A use as it was typed, and what it would cost or why that cannot be said."""

    typed: Mapping[str, str]
    price: Price | None = None
    refusal: str = ""


def try_out(args: Mapping[str, str], prices: PriceList, chatbots: Mapping[int, str]) -> Trial:
    """Return what the use in a form costs; nothing if none was sent. *chatbots*: their names."""
    typed = {name: args.get(name, "").strip()[:_MAX_TEXT] for name in (*_NAMES, *_NUMBERS)}
    if not typed["module"]:
        return Trial(typed)
    try:
        return Trial(typed, price_usage(typed["module"], _usage(typed, chatbots), prices))
    except BridgeError as error:
        return Trial(typed, refusal=error.sentence)


def _usage(typed: Mapping[str, str], chatbots: Mapping[int, str]) -> Usage:
    return Usage(
        provider=typed["provider"],
        model=typed["model"],
        operation=typed["operation"],
        data={name: _count(typed[name]) for name in _NUMBERS},
        scope=_scope(typed["scope_type"], typed["scope_id"], chatbots),
    )


def _scope(kind: str, typed: str, chatbots: Mapping[int, str]) -> Scope | None:
    number = read_amount(typed)
    if kind == SCOPES[0] and typed and number not in chatbots:
        number = chatbot_called(typed, chatbots)
    return Scope(kind, number) if kind in SCOPED and number is not None else None


def _count(typed: str) -> int:
    number = read_amount(typed or "0")
    if number is None:
        raise InvalidInputError(Sentence("Units, images and videos are whole numbers."))
    return number
