"""Our styles for a page of WordPress's: each rule holds for the part of it that is ours."""

import re
from collections.abc import Iterator
from functools import lru_cache

ROOT = "#aipkit-bridge"
"""The element around our part; an id, so that no rule of WordPress's weighs more than ours."""
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PAGE = re.compile(r"(:root|html|body)(?![\w-])")
_MAIN = re.compile(r"(?<![\w.#-])main(?![\w-])")
_COMMA = re.compile(r",(?![^(]*\))")
_DARK = "prefers-color-scheme: dark"


@lru_cache(32)
def scoped_style(css: str) -> str:
    """
    Return a style sheet of our screens for inside WordPress.

    Its admin is light, whatever the reader's system says, so what is for dark ones is left out.
    """
    return "".join(_scoped(_COMMENT.sub("", css)))


def _scoped(css: str) -> Iterator[str]:
    for head, block in _rules(css):
        if head.startswith("@media") or head.startswith("@supports"):
            if _DARK not in head:
                yield f"{head}{{{''.join(_scoped(block))}}}\n"
        elif head.startswith("@"):
            yield f"{head}{{{block}}}\n"
        else:
            selectors = ",".join(_of_ours(one.strip()) for one in _COMMA.split(head))
            yield f"{selectors}{{{block.strip()}}}\n"


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Return what stands before and within each pair of outer braces."""
    depth, start, head = 0, 0, ""
    for at, sign in enumerate(css):
        if sign == "{":
            if depth == 0:
                head, start = css[start:at].strip(), at + 1
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                yield head, css[start:at]
                start = at + 1


def _of_ours(selector: str) -> str:
    selector = _MAIN.sub(".aipkit-main", selector)
    if _PAGE.match(selector):
        return _PAGE.sub(ROOT, selector, count=1)
    return f"{ROOT} {selector}"
