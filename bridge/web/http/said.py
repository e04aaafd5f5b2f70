"""Sentences that were kept in English, in tables and answers, understood again."""

import re
from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from babel.messages.mofile import read_mo

from bridge.domain.sentences import Sentence

_MUCH, _LITTLE = 9, 5
_PLACE = re.compile(r"\{(\w+)(:,)?\}")


class Recogniser:
    """Finds the template, of a catalog's, that a text was made of."""

    def __init__(self, catalogs: Path, domain: str, locale: Locale) -> None:
        """Read the catalog of *locale*; without one nothing is found."""
        templates = sorted(_templates(catalogs, domain, locale), key=_plain_length, reverse=True)
        self._known = [(one, _plain_length(one), _pattern(one)) for one in templates]

    def find(self, text: str, least: int = _MUCH) -> Sentence | None:
        """
        Return *text* with the arguments that are in it; None for what no template makes.

        Templates of fewer than *least* letters fit too much to tell anything.
        """
        for template, length, pattern in self._known:
            if length < least:
                return None
            match = pattern.fullmatch(text)
            if match:
                return Sentence(template, **self._arguments(template, match))
        return None

    def _arguments(self, template: str, match: re.Match[str]) -> dict[str, object]:
        figures = {place[1] for place in _PLACE.finditer(template) if place[2]}
        return {
            name: int(value.replace(",", "")) if name in figures else self._argument(value)
            for name, value in match.groupdict().items()
        }

    def _argument(self, value: str) -> str:
        """Return an argument; what is a sentence itself, or part of one, is said as well."""
        known = self.find(value, _LITTLE)
        return known or (Sentence(value) if value.endswith(".") else value)


def _templates(catalogs: Path, domain: str, locale: Locale) -> Iterator[str]:
    for name in (str(locale), locale.language):
        path = catalogs / name / "LC_MESSAGES" / f"{domain}.mo"
        if path.exists():
            with path.open("rb") as file:
                messages = list(read_mo(file))
            yield from (one.id for one in messages if isinstance(one.id, str) and "{" in one.id)
            return


def _plain_length(template: str) -> int:
    """Of two templates that fit, the one that leaves less open is the right one."""
    return len(_PLACE.sub("", template))


def _pattern(template: str) -> re.Pattern[str]:
    parts, names, end = [], set[str](), 0
    for place in _PLACE.finditer(template):
        parts.append(re.escape(template[end : place.start()]))
        form = "-?[0-9,]+" if place[2] else ".*?"
        parts.append(f"(?P={place[1]})" if place[1] in names else f"(?P<{place[1]}>{form})")
        names.add(place[1])
        end = place.end()
    return re.compile("".join((*parts, re.escape(template[end:]))), re.DOTALL)
