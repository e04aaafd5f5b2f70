"""Collects the texts of the bridge's pages, and renews their templates and translations."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

BRIDGE = Path(__file__).resolve().parent.parent / "bridge"
TRANSLATIONS = BRIDGE / "web/translations"
LOCALES = {"messages": ("ar", "de", "tr"), "screens": ("de", "tr")}
"""By what a catalog is of: visitors' pages; the screens of people who manage the shop."""
_PLACES = {
    "messages": [
        ("web/http/words.py", "python"),
        ("web/templates/fragment/*.html", "jinja2"),
    ],
    "screens": [
        ("cli/**.py", "ignore"),
        ("web/templates/fragment/*.html", "ignore"),
        ("**.py", "python"),
        ("web/templates/**.html", "jinja2"),
    ],
}
_KEYWORDS: Mapping[str, Any] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "mark": None,
    "Sentence": None,
    "CountedSentence": (1, 2),
}
_UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
"""A template that was made again from the same texts is the same file."""


def collect(domain: str) -> Catalog:
    """Return every text of a catalog, with the files it stands in."""
    template = _empty(domain)
    options = {"**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
    found = extract_from_dir(BRIDGE, _PLACES[domain], options, _KEYWORDS, ("Translators:",))
    for path, _, message, comments, context in sorted(found, key=lambda one: (one[0], one[1])):
        template.add(message, locations=[(path, 0)], auto_comments=comments, context=context)
    return template


def _empty(domain: str) -> Catalog:
    return Catalog(
        project="aipkit-bridge",
        version="0",
        domain=domain,
        header_comment=f"# The texts of the bridge's pages ({domain}); written by `make pot`.",
        msgid_bugs_address="aipkit-bridge",
        last_translator="aipkit-bridge",
        language_team="aipkit-bridge",
        creation_date=_UNDATED,
        revision_date=_UNDATED,
        fuzzy=False,
    )


def path_of(domain: str, locale: str, suffix: str = ".po") -> Path:
    """Return where a translation is stored."""
    return TRANSLATIONS / locale / "LC_MESSAGES" / f"{domain}{suffix}"


def template_path(domain: str) -> Path:
    """Return where a catalog's template is stored."""
    return TRANSLATIONS / f"{domain}.pot"


def read_locale(domain: str, locale: str) -> Catalog:
    """Return a translation as it is stored; what stands at its head stays."""
    path = path_of(domain, locale)
    if not path.exists():
        catalog = _empty(domain)
        catalog.locale = locale
        return catalog
    with path.open("rb") as stored:
        return read_po(stored, locale=locale, domain=domain)


def po_bytes(catalog: Catalog) -> bytes:
    """Return a catalog as it is stored: without numbers of lines, which change all the time."""
    stored = BytesIO()
    write_po(
        stored, catalog, width=0, include_lineno=False, ignore_obsolete=True, sort_by_file=True
    )
    return stored.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """Return a translation as it is read at work."""
    stored = BytesIO()
    write_mo(stored, catalog)
    return stored.getvalue()


def renew(domain: str) -> None:
    """Write the template, and lay it under the translations; new texts stand empty there."""
    template = collect(domain)
    template_path(domain).write_bytes(po_bytes(template))
    for locale in LOCALES[domain]:
        catalog = read_locale(domain, locale)
        catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
        path_of(domain, locale).write_bytes(po_bytes(catalog))
        path_of(domain, locale, ".mo").write_bytes(mo_bytes(catalog))
        missing = [one.id for one in catalog if one.id and not is_translated(one.string)]
        sys.stdout.write(
            f"{domain} {locale}: {len(catalog)} texts, {len(missing)} without translation\n"
        )


def is_translated(string: object) -> bool:
    """Say whether a text, or each of its forms by number, has a translation."""
    return all(string) if isinstance(string, tuple) else bool(string)


if __name__ == "__main__":
    for name in LOCALES:
        renew(name)
