"""
The words of PHP's source, as far as a configuration file has them. Nothing of it is ever run.

Comments, white space and what stands outside `<?php … ?>` are left out. A text comes decoded; one
that PHP puts together when it runs ("$here") is opaque.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a word is."""

    TEXT = auto()
    NUMBER = auto()
    NAME = auto()
    VARIABLE = auto()
    SYMBOL = auto()
    OPAQUE = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word; a variable comes without its `$`, a text without its quotes."""

    kind: Kind
    text: str

    def is_symbol(self, *symbols: str) -> bool:
        """Say whether it is one of these signs."""
        return self.kind is Kind.SYMBOL and self.text in symbols

    def is_name(self, *names: str) -> bool:
        """Say whether it is one of these words, in whatever case and namespace."""
        return self.kind is Kind.NAME and self.text.lower().lstrip("\\") in names


END_OF_STATEMENT = Token(Kind.SYMBOL, ";")

_OPEN = re.compile(r"<\?(?:php(?=\s|$)|=)?", re.IGNORECASE)
_SKIPPED = re.compile(
    r"\s+|/\*.*?(?:\*/|\Z)|(?://|#)(?:[^\r\n?]|\?(?!>))*", re.DOTALL
)  # a line comment ends with the line or with PHP's end
_CLOSE = re.compile(r"\?>\r?\n?")
_SINGLE = re.compile(r"b?'((?:[^'\\]|\\.)*)'", re.DOTALL | re.IGNORECASE)
_DOUBLE = re.compile(r'b?"((?:[^"\\]|\\.)*)"', re.DOTALL | re.IGNORECASE)
_BACKTICKS = re.compile(r"`(?:[^`\\]|\\.)*`", re.DOTALL)
_HEREDOC = re.compile(
    r"""<<<[ \t]*(?P<quote>['"]?)(?P<name>[A-Za-z_]\w*)(?P=quote)\r?\n"""
    r"""(?P<body>.*?)(?:(?<=\n)|\r?\n)(?P<indent>[ \t]*)(?P=name)\b""",
    re.DOTALL,
)
_VARIABLE = re.compile(r"\$([A-Za-z_\x80-\U0010ffff]\w*)")
_NAME = re.compile(r"\\?[A-Za-z_\x80-\U0010ffff]\w*(?:\\\w+)*")
_NUMBER = re.compile(r"\d[\w.]*")
_SYMBOL = re.compile(
    r"===|!==|\?\?=|<=>|\.\.\.|\?->|[=!<>+\-*/.%&|]=|=>|->|::|&&|\|\||\?\?|.", re.DOTALL
)
_INTERPOLATED = re.compile(r"(?<!\\)(?:\\\\)*(?:\$[A-Za-z_{]|\{\$)")
_ESCAPE = re.compile(r"\\(?:([nrtvef\\$\"])|([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u\{([0-9A-Fa-f]+)\})")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b", "f": "\f"}


def tokenize(source: str) -> Iterator[Token]:
    """Yield the words of a file of PHP, in their order."""
    place = 0
    while opened := _OPEN.search(source, place):
        place = yield from _tokenize_code(source, opened.end())
        yield END_OF_STATEMENT


def _tokenize_code(source: str, place: int) -> Generator[Token, None, int]:
    """Yield the words up to PHP's end; return where that is."""
    while place < len(source):
        if found := _SKIPPED.match(source, place):
            place = found.end()
        elif found := _CLOSE.match(source, place):
            return found.end()
        else:
            token, place = _read_token(source, place)
            if token.is_name("__halt_compiler"):
                return len(source)
            yield token
    return place


def _read_token(source: str, place: int) -> tuple[Token, int]:
    for pattern, make in _PATTERNS:
        if found := pattern.match(source, place):
            return make(found), found.end()
    found = _SYMBOL.match(source, place)
    assert found is not None
    return Token(Kind.SYMBOL, found[0]), found.end()


def _single(found: re.Match[str]) -> Token:
    return Token(Kind.TEXT, re.sub(r"\\([\\'])", r"\1", found[1]))


def _double(found: re.Match[str]) -> Token:
    if _INTERPOLATED.search(found[1]):
        return Token(Kind.OPAQUE, "")
    return Token(Kind.TEXT, _ESCAPE.sub(_unescape, found[1]))


def _unescape(found: re.Match[str]) -> str:
    letter, octal, two_hex, point = found.groups()
    if letter:
        return _LETTERS.get(letter, letter)
    number = int(octal, 8) % 256 if octal else int(two_hex or point, 16)
    return chr(number)


def _heredoc(found: re.Match[str]) -> Token:
    body = re.sub(rf"^{re.escape(found['indent'])}", "", found["body"], flags=re.MULTILINE)
    if found["quote"] == "'":
        return Token(Kind.TEXT, body)
    if _INTERPOLATED.search(body):
        return Token(Kind.OPAQUE, "")
    return Token(Kind.TEXT, _ESCAPE.sub(_unescape, body))


_PATTERNS = (
    (_SINGLE, _single),
    (_DOUBLE, _double),
    (_BACKTICKS, lambda _: Token(Kind.OPAQUE, "")),
    (_HEREDOC, _heredoc),
    (_VARIABLE, lambda found: Token(Kind.VARIABLE, found[1])),
    (_NAME, lambda found: Token(Kind.NAME, found[0])),
    (_NUMBER, lambda found: Token(Kind.NUMBER, found[0])),
)
