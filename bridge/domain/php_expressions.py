"""The value of a PHP expression, where that is sure without running anything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bridge.domain.php_tokens import Kind, Token


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only PHP knows; *why* completes the sentence “it …”."""

    why: str


Value: TypeAlias = str | int | bool | None
Values: TypeAlias = Mapping[str, Value | Unknown]

_NOT_SURE = Unknown("is worked out when PHP runs")
_WORDS: Mapping[str, Value] = {"true": True, "false": False, "null": None}


def evaluate(
    tokens: Sequence[Token], constants: Values, variables: Values, folder: str
) -> Value | Unknown:
    """Return the value of texts, numbers, names known by now, and what is joined of them."""
    reader = _Expression(tokens, constants, variables, folder)
    value = reader.joined()
    return value if reader.is_at_end() or isinstance(value, Unknown) else _NOT_SURE


def read_condition(
    tokens: Sequence[Token], is_defined: Callable[[str], bool | None]
) -> bool | None:
    """Return whether `defined('X')`, `true` or their negation hold; None if nobody knows."""
    if tokens and tokens[0].is_symbol("!"):
        holds = read_condition(tokens[1:], is_defined)
        return None if holds is None else not holds
    if len(tokens) == 1 and tokens[0].is_name("true", "false"):
        return tokens[0].is_name("true")
    if len(tokens) == 4 and tokens[0].is_name("defined") and tokens[2].kind is Kind.TEXT:
        return is_defined(tokens[2].text)
    if len(tokens) > 2 and tokens[0].is_symbol("(") and tokens[-1].is_symbol(")"):
        return read_condition(tokens[1:-1], is_defined)
    return None


class _Expression:
    """Reads from the left; what it does not know, and all behind it, is unknown."""

    def __init__(
        self, tokens: Sequence[Token], constants: Values, variables: Values, folder: str
    ) -> None:
        self._tokens = tokens
        self._constants = constants
        self._variables = variables
        self._folder = folder
        self._place = 0

    def is_at_end(self) -> bool:
        return self._place >= len(self._tokens)

    def joined(self) -> Value | Unknown:
        value = self._single()
        while not isinstance(value, Unknown) and self._takes("."):
            more = self._single()
            value = more if isinstance(more, Unknown) else _as_text(value) + _as_text(more)
        return value

    def _single(self) -> Value | Unknown:
        if self.is_at_end():
            return _NOT_SURE
        token = self._tokens[self._place]
        self._place += 1
        if token.kind is Kind.TEXT:
            return token.text
        if token.kind is Kind.NUMBER:
            return int(token.text) if token.text.isdecimal() else _NOT_SURE
        if token.kind is Kind.VARIABLE:
            return self._variable(token.text)
        if token.kind is Kind.NAME:
            return self._call(token) if self._takes("(") else self._constant(token)
        if token.is_symbol("("):
            value = self.joined()
            return value if isinstance(value, Unknown) or self._takes(")") else _NOT_SURE
        return _NOT_SURE

    def _takes(self, symbol: str) -> bool:
        is_next = not self.is_at_end() and self._tokens[self._place].is_symbol(symbol)
        self._place += is_next
        return is_next

    def _variable(self, name: str) -> Value | Unknown:
        if self._takes("["):
            key = self._tokens[self._place].text if not self.is_at_end() else ""
            return Unknown(f"comes from ${name}['{key}']")
        return self._variables.get(name, Unknown(f"comes from ${name}"))

    def _constant(self, token: Token) -> Value | Unknown:
        if token.is_name(*_WORDS):
            return _WORDS[token.text.lower()]
        if token.is_name("__dir__") and self._folder:
            return self._folder
        if token.is_name("__file__") and self._folder:
            return f"{self._folder}/wp-config.php"
        name = token.text.lstrip("\\")
        return self._constants.get(name, Unknown(f"comes from the constant {name}"))

    def _call(self, token: Token) -> Value | Unknown:
        name = token.text.lstrip("\\").lower()
        argument = self.joined()
        if name == "dirname" and isinstance(argument, str) and self._takes(")"):
            return argument.rpartition("/")[0] or "/"
        if "getenv" in name and isinstance(argument, str):
            return Unknown(f"comes from the environment variable {argument}")
        return Unknown(f"comes from {token.text}()")


def _as_text(value: Value) -> str:
    """Return what PHP makes of a value when it joins it to a text."""
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)
