"""
What a `wp-config.php` defines, read without running it.

Only what is sure counts: a value that PHP takes from elsewhere, or that hangs on a condition,
comes as `Unknown` with the reason, and has to be asked for. As in PHP the first `define` of a
constant wins, and the last assignment of a variable; nothing counts behind `wp-settings.php`,
where WordPress begins.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bridge.domain.php_expressions import Unknown, Value, evaluate, read_condition
from bridge.domain.php_tokens import Kind, Token, tokenize

_INCLUDES = ("include", "include_once", "require", "require_once")
_LOOP_ENDS = ("endwhile", "endfor", "endforeach", "endswitch")
_BEGINS_WORDPRESS = "wp-settings.php"


@dataclass(frozen=True, slots=True)
class WpConfig:
    """The constants and variables that are set for WordPress's start."""

    constants: Mapping[str, Value | Unknown]
    variables: Mapping[str, Value | Unknown]
    absent: Unknown
    """What a name is that the file does not set: it may be set in one that it includes."""

    def constant(self, name: str) -> Value | Unknown:
        """Return a constant's value, or why nobody can know it from this file."""
        return self.constants.get(name, self.absent)

    def variable(self, name: str) -> Value | Unknown:
        """Return a variable's value likewise; *name* without `$`."""
        return self.variables.get(name, self.absent)


def read_wp_config(source: str, folder: str = "") -> WpConfig:
    """Read a file's text; *folder* is what `__DIR__` means there."""
    reader = _Reader(list(tokenize(source.removeprefix("\ufeff"))), folder)
    reader.read_statements(())
    known = reader.known
    absent = "is not in the file"
    if known.elsewhere:
        absent += f"; it may come from {', '.join(known.elsewhere)}"
    return WpConfig(
        MappingProxyType(known.constants), MappingProxyType(known.variables), Unknown(absent)
    )


@dataclass
class _Known:
    """What is set by now."""

    constants: dict[str, Value | Unknown] = field(default_factory=dict)
    variables: dict[str, Value | Unknown] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    """Constants that may be set or not."""
    elsewhere: list[str] = field(default_factory=list)
    """Other files that are included, and code that is made when it runs."""

    def copy(self) -> "_Known":
        return _Known(
            dict(self.constants), dict(self.variables), set(self.unsure), list(self.elsewhere)
        )

    def is_defined(self, name: str) -> bool | None:
        """Say whether a constant is set; None if nobody knows."""
        if name in self.constants:
            return None if name in self.unsure else True
        return None if self.elsewhere and name != "ABSPATH" else False

    def why_unsure(self) -> Unknown:
        if self.elsewhere:
            return Unknown(f"may come from {', '.join(self.elsewhere)}")
        return Unknown("hangs on a condition")

    def define(self, name: str, value: Value | Unknown, *, is_sure: bool) -> None:
        """Set a constant, unless it is set already: the first one wins."""
        if name not in self.constants:
            self.constants[name] = value if is_sure else self.why_unsure()
            if not is_sure:
                self.unsure.add(name)


class _Reader:
    """Goes through the statements once, in their order."""

    def __init__(self, tokens: list[Token], folder: str) -> None:
        self.known = _Known()
        self._tokens = tokens
        self._folder = folder
        self._place = 0
        self._is_sure = True  # what is read now is certain to run
        self._has_ended = False

    def read_statements(self, until: tuple[str, ...]) -> None:
        """Read up to one of the words or signs *until*, which is left to the caller."""
        while (token := self._peek()) is not None and not self._has_ended:
            if token.text.lower() in until and token.kind in (Kind.NAME, Kind.SYMBOL):
                return
            self._read_statement(token)

    def _read_statement(self, token: Token) -> None:
        word = token.text.lower().lstrip("\\")
        if token.kind is Kind.NAME and word in _WORDS:
            _WORDS[word](self)
        elif token.is_symbol("{"):
            self._read_block()
        elif token.is_symbol("}"):  # one too many
            self._place += 1
        else:
            self._read_expression_statement(self._take_to(";"))

    def _read_end(self) -> None:
        self._skip_to(";")
        self._has_ended = self._is_sure

    def _read_case(self) -> None:
        self._skip_to(":")

    def _read_block(self) -> None:
        self._place += 1
        self.read_statements(("}",))
        self._place += 1

    def _read_if(self) -> None:
        """Read `if … elseif … else`; of what a known condition rules out nothing counts."""
        was_sure = self._is_sure
        rest: bool | None = True  # whether the branches so far leave this one to run
        while True:
            self._place += 1
            holds = read_condition(self._take_parenthesis(), self.known.is_defined)
            runs = holds if rest else rest
            rest = _both(rest, _negated(holds))
            has_colon = self._read_branch(was_sure, runs=runs)
            token = self._peek()
            if token is not None and token.is_name("else"):
                follows = self._peek(1)
                self._place += 1
                if follows is not None and follows.is_name("if"):
                    continue
                self._read_branch(was_sure, runs=rest, in_else=True)
                has_colon = False
            elif token is not None and token.is_name("elseif"):
                continue
            if has_colon:
                self._skip_to(";")  # endif
            break
        self._is_sure = was_sure

    def _read_branch(self, was_sure: bool, *, runs: bool | None, in_else: bool = False) -> bool:
        """Read what stands behind a condition; say whether it is the form with a colon."""
        self._is_sure = was_sure and runs is True
        kept = self.known.copy()
        token = self._peek()
        has_colon = token is not None and token.is_symbol(":")
        if has_colon:
            self._place += 1
            self.read_statements(("endif",) if in_else else ("elseif", "else", "endif"))
            if in_else:
                self._skip_to(";")
        elif token is not None:
            self._read_statement(token)
        if runs is False:
            self.known = kept
        return has_colon

    def _read_loop(self) -> None:
        was_sure, self._is_sure = self._is_sure, False
        self._place += 1
        token = self._peek()
        if token is not None and token.is_symbol("("):
            self._take_parenthesis()
            token = self._peek()
        if token is not None and token.is_symbol(":"):
            self._place += 1
            self.read_statements(_LOOP_ENDS)
            self._skip_to(";")
        elif token is not None:
            self._read_statement(token)
        self._is_sure = was_sure

    def _skip_declaration(self) -> None:
        while (token := self._peek()) is not None and not token.is_symbol("{", ";"):
            self._place += 1
        if token is not None and token.is_symbol("{"):
            self._take_matching("{", "}")
        else:
            self._place += 1

    def _read_constants(self) -> None:
        """Read `const A = 'x', B = 'y'`."""
        self._place += 1
        for part in _split(self._take_to(";")):
            if len(part) > 2 and part[0].kind is Kind.NAME and part[1].is_symbol("="):
                self._define(part[0].text, self._value(part[2:]))

    def _read_expression_statement(self, tokens: list[Token]) -> None:
        if not tokens:
            return
        while tokens and tokens[0].is_symbol("@"):
            tokens = tokens[1:]
        name, tokens = _guarded(tokens)
        if name and (is_defined := self.known.is_defined(name)) is not False:
            if is_defined is None:
                self.known.define(name, None, is_sure=False)
            return
        self._note_elsewhere(tokens)
        if len(tokens) > 2 and tokens[0].is_name("define") and tokens[1].is_symbol("("):
            self._read_define(tokens[2:-1])
        elif len(tokens) > 2 and tokens[0].kind is Kind.VARIABLE:
            self._read_assignment(tokens[0].text, tokens[1], tokens[2:])

    def _read_define(self, tokens: list[Token]) -> None:
        name, *values = _split(tokens)
        if len(name) == 1 and name[0].kind is Kind.TEXT and values:
            self._define(name[0].text, self._value(values[0]))

    def _define(self, name: str, value: Value | Unknown) -> None:
        self.known.define(name, value, is_sure=self._is_sure)

    def _read_assignment(self, name: str, sign: Token, tokens: list[Token]) -> None:
        if sign.is_symbol("=") and self._is_sure:
            self.known.variables[name] = self._value(tokens)
        elif sign.is_symbol("=", ".=", "??="):
            self.known.variables[name] = self.known.why_unsure()

    def _note_elsewhere(self, tokens: list[Token]) -> None:
        for place, token in enumerate(tokens):
            if token.is_name("eval"):
                self.known.elsewhere.append("code that is put together when it runs (eval)")
            elif token.is_name(*_INCLUDES):
                self._note_include(self._value(tokens[place + 1 :]), tokens[place + 1 :])

    def _note_include(self, path: Value | Unknown, tokens: list[Token]) -> None:
        texts = [token.text for token in tokens if token.kind is Kind.TEXT]
        named = path if isinstance(path, str) else "".join(texts[-1:])
        if named.endswith(_BEGINS_WORDPRESS):
            self._has_ended = self._is_sure
        else:
            self._note_file(named.rsplit("/", 1)[-1] or "another file")

    def _note_file(self, name: str) -> None:
        if name not in self.known.elsewhere:
            self.known.elsewhere.append(name)

    def _value(self, tokens: list[Token]) -> Value | Unknown:
        return evaluate(tokens, self.known.constants, self.known.variables, self._folder)

    def _peek(self, ahead: int = 0) -> Token | None:
        place = self._place + ahead
        return self._tokens[place] if place < len(self._tokens) else None

    def _take_to(self, symbol: str) -> list[Token]:
        """Take the words up to a sign outside all brackets, and that sign."""
        begin, depth = self._place, 0
        while (token := self._peek()) is not None:
            if depth == 0 and token.is_symbol(symbol):
                break
            if depth == 0 and token.is_symbol("}"):  # a statement that lacks its end
                return self._tokens[begin : self._place]
            depth += token.is_symbol("(", "[", "{") - token.is_symbol(")", "]", "}")
            self._place += 1
        self._place += 1
        return self._tokens[begin : self._place - 1]

    def _skip_to(self, symbol: str) -> None:
        self._take_to(symbol)

    def _take_parenthesis(self) -> list[Token]:
        return self._take_matching("(", ")")

    def _take_matching(self, opening: str, closing: str) -> list[Token]:
        """Take a bracket with all that is in it; return what is in it."""
        begin, depth = self._place + 1, 0
        while (token := self._peek()) is not None:
            depth += token.is_symbol(opening) - token.is_symbol(closing)
            self._place += 1
            if depth == 0:
                break
        return self._tokens[begin : self._place - 1]


def _guarded(tokens: list[Token]) -> tuple[str, list[Token]]:
    """Take `defined('X') || …` and `! defined('X') && …` apart; "" without such a guard."""
    signs, words = ("||", "or")
    rest = tokens
    if rest and rest[0].is_symbol("!"):
        signs, words, rest = "&&", "and", rest[1:]
    if len(rest) < 6 or not rest[0].is_name("defined") or rest[2].kind is not Kind.TEXT:
        return "", tokens
    if not (rest[4].is_symbol(signs) or rest[4].is_name(words)):
        return "", tokens
    return rest[2].text, rest[5:]


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _negated(holds: bool | None) -> bool | None:
    return None if holds is None else not holds


def _split(tokens: list[Token]) -> list[list[Token]]:
    """Split at the commas outside all brackets."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if depth == 0 and token.is_symbol(","):
            parts.append([])
            continue
        depth += token.is_symbol("(", "[", "{") - token.is_symbol(")", "]", "}")
        parts[-1].append(token)
    return parts


_WORDS: Mapping[str, Callable[[_Reader], None]] = {
    "if": _Reader._read_if,
    "const": _Reader._read_constants,
    **dict.fromkeys(("return", "exit", "die"), _Reader._read_end),
    **dict.fromkeys(("case", "default"), _Reader._read_case),
    **dict.fromkeys(
        ("for", "foreach", "while", "switch", "do", "try", "catch", "finally", "declare"),
        _Reader._read_loop,
    ),
    **dict.fromkeys(
        ("function", "class", "interface", "trait", "enum", "abstract", "final"),
        _Reader._skip_declaration,
    ),
}
"""How a statement is read that begins with one of these words."""
