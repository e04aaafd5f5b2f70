"""Every text of a screen goes through gettext: none stands bare in a template."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from jinja2 import Environment, nodes

from tests.support.folders import ROOT

TEMPLATES = ROOT / "bridge/web/templates"
SCREENS = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*.html")
    if path.parent.name != "fragment"
)
GETTEXT = frozenset({"_", "gettext", "ngettext", "pgettext"})
SHOWN = frozenset({"alt", "aria-label", "data-label", "label", "placeholder", "title"})
OWN = frozenset({"AIP Bridge", "csrf"})
"""The same in every language."""
WORDS = re.compile(r"[A-Za-z][,.:]? +[A-Za-z]|^[A-Z][a-z]")
CLASSES = "body_class"
"""The block of names that nobody reads."""


class Bare(HTMLParser):
    """Finds what people read in HTML whose values are left out."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        self.found += [text or "" for name, text in attrs if name in SHOWN]

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass  # tags that nothing ends

    def handle_data(self, data: str) -> None:
        if not {"code", "style", "script"} & set(self.inside):
            self.found.append(data)


def bare_texts(tree: nodes.Template) -> Iterator[str]:
    parts = []
    unread = {
        id(output)
        for block in tree.find_all(nodes.Block)
        if block.name == CLASSES
        for output in block.find_all(nodes.Output)
    }
    for output in tree.find_all(nodes.Output):
        if id(output) in unread:
            continue
        for node in output.nodes:
            parts.append(node.data if isinstance(node, nodes.TemplateData) else "0")
        parts.append(" ")
    for text in Bare("".join(parts)).found:
        plain = text.strip(" \n·#+–×:,()0“”.")
        if re.search("[A-Za-z]", plain) and plain not in OWN:
            yield plain


def bare_words(node: nodes.Node) -> Iterator[str]:
    """Texts in expressions that no function of gettext takes."""
    if isinstance(node, nodes.Call) and _name(node.node) in GETTEXT:
        for keyword in node.kwargs:
            yield from bare_words(keyword.value)
        return
    if isinstance(node, nodes.Compare | nodes.Test):
        return
    if isinstance(node, nodes.FromImport | nodes.Extends | nodes.Include):
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and WORDS.search(node.value):
        yield node.value
    for child in node.iter_child_nodes():
        yield from bare_words(child)


def _name(node: nodes.Node) -> str:
    return node.name if isinstance(node, nodes.Name) else ""


@pytest.fixture(scope="module")
def environment() -> Environment:
    return Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


@pytest.mark.parametrize("name", SCREENS)
def test_no_text_stands_outside_gettext(name: str, environment: Environment) -> None:
    tree = environment.parse((TEMPLATES / name).read_text("utf-8"))

    assert [*bare_texts(tree), *bare_words(tree)] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<p aria-label="{{ x }} of it">–</p>', ["of it"]),
        ("<p>{{ 'Yes' if x else 'no' }}</p>", ["Yes"]),
        ("{{ tile('Two words') }}", ["Two words"]),
        ("<p>{% if x %}guest{% endif %}</p>", ["guest"]),
        ("<p>{{ _('Hello %(name)s', name=x or 'Some Body') }}</p>", ["Some Body"]),
        ("<p>{% trans %}Hello <b>you</b>{% endtrans %} · <code>word</code></p>", []),
        ("<p class='two words' id=\"{{ 'b' if x == 'Some Thing' }}\">{{ _('Hello') }}</p>", []),
    ],
)
def test_bare_texts_are_found(source: str, found: list[str], environment: Environment) -> None:
    tree = environment.parse(source)

    assert [*bare_texts(tree), *bare_words(tree)] == found
