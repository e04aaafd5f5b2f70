"""Collects the WordPress plugin's texts, and renews its template and translations."""

import json
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PLUGIN = Path(__file__).resolve().parent.parent / "wp_plugin_stub" / "aipkit-bridge"
DOMAIN = "aipkit-bridge"
LOCALES = ("de_DE", "tr_TR")
MAIN = "aipkit-bridge.php"
BLOCK = "blocks/token-usage/block.json"
BLOCK_SCRIPT = "aipkit-bridge-block"
"""The name under which inc/block.php registers the block's script."""
FUNCTIONS = {
    "PHP": ("__", "esc_html__", "esc_attr__", "esc_html_e", "esc_attr_e", "_x:1,2c"),
    "JavaScript": ("__",),
}
SUFFIXES = {"PHP": ".php", "JavaScript": ".js"}
UNDATED = datetime(2026, 1, 1, tzinfo=UTC)
"""A template that was made again from the same texts is the same file."""


def collect() -> Catalog:
    """Return every text of the plugin, with the files it stands in."""
    template = Catalog(
        project=_header_field("Plugin Name"),
        version=_header_field("Version"),
        header_comment="# The texts of the WordPress plugin; written by `make pot`.",
        msgid_bugs_address=DOMAIN,
        last_translator=DOMAIN,
        language_team=DOMAIN,
        creation_date=UNDATED,
        revision_date=UNDATED,
        fuzzy=False,
    )
    for message in (*_of_header(), *_of_block(), *_of_code("PHP"), *_of_code("JavaScript")):
        template.add(
            message.id,
            locations=message.locations,
            flags=message.flags,
            auto_comments=message.auto_comments,
            context=message.context,
        )
    return template


def _of_header() -> Iterator[Message]:
    """What WordPress shows in the list of plugins."""
    for field in ("Plugin Name", "Description"):
        comments = [f"{field} of the plugin"]
        yield Message(_header_field(field), locations=[(MAIN, 0)], auto_comments=comments)


def _header_field(name: str) -> str:
    found = re.search(rf"^ \* {name}: +(.+)$", (PLUGIN / MAIN).read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{MAIN} has no {name}.")
    return found[1]


def _of_block() -> Iterator[Message]:
    """What the editor shows of the block; the contexts are WordPress's own."""
    block = json.loads((PLUGIN / BLOCK).read_text("utf-8"))
    texts = [("block title", block["title"]), ("block description", block["description"])]
    texts += [("block keyword", keyword) for keyword in block["keywords"]]
    for context, text in texts:
        yield Message(text, context=context, locations=[(BLOCK, 0)])


def _of_code(language: str) -> Iterator[Message]:
    paths = sorted(PLUGIN.rglob(f"*{SUFFIXES[language]}"))
    yield from _read(_xgettext(language, [path.relative_to(PLUGIN) for path in paths]))


def _xgettext(language: str, paths: Sequence[Path]) -> bytes:
    keywords = [f"--keyword={function}" for function in FUNCTIONS[language]]
    program = shutil.which("xgettext")
    if program is None:
        raise FileNotFoundError("xgettext is missing: apt-get install gettext")
    found = subprocess.run(  # noqa: S603  # our own arguments
        [
            program, f"--language={language}", "--keyword", *keywords, "--from-code=UTF-8",
            "--add-comments=translators", "--add-location=file", "--output=-", *map(str, paths),
        ],
        cwd=PLUGIN, check=True, capture_output=True,
    )  # fmt: skip
    return found.stdout.replace(b"charset=CHARSET", b"charset=UTF-8")  # of texts in ASCII alone


def _read(po: bytes) -> Iterator[Message]:
    for message in read_po(BytesIO(po)):
        if message.id:
            message.locations = [(path, 0) for path, _ in message.locations]
            yield message


def po_text(catalog: Catalog) -> bytes:
    """Return a catalog as it is stored: texts in order of their files, without line numbers."""
    for message in catalog:
        message.flags.discard("python-format")  # Babel's guess
    stored = BytesIO()
    write_po(stored, catalog, width=0, include_lineno=False, ignore_obsolete=True)
    return stored.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """
    Return a translation as WordPress reads it.

    WordPress takes the place of the table of hashes for the end of the one before it. Babel
    writes no such table and leaves its place at 0.
    """
    stored = BytesIO()
    write_mo(stored, catalog)
    content = bytearray(stored.getvalue())
    count, _, translations = struct.unpack_from("=3I", content, 8)
    struct.pack_into("=I", content, 24, translations + 8 * count)
    return bytes(content)


def script_json(catalog: Catalog) -> str:
    """Return what the block's script needs of a translation, as WordPress hands it over."""
    script = BLOCK.replace("block.json", "index.js")
    texts = {
        message.id: [message.string]
        for message in catalog
        if message.id and any(path == script for path, _ in message.locations)
    }
    head = {
        "domain": "messages",
        "lang": str(catalog.locale),
        "plural-forms": catalog.plural_forms,
    }
    data = {"domain": "messages", "locale_data": {"messages": {"": head, **texts}}}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def path_of(name: str) -> Path:
    """Return a file among the translations, by what follows the domain in its name."""
    return PLUGIN / "languages" / f"{DOMAIN}{name}"


def read_locale(locale: str) -> Catalog:
    """Return a translation as it is stored."""
    with path_of(f"-{locale}.po").open("rb") as stored:
        return read_po(stored, locale=locale)


def renew() -> None:
    """Write the template, and lay it under the translations; new texts stand empty there."""
    template = collect()
    path_of(".pot").write_bytes(po_text(template))
    for locale in LOCALES:
        catalog = read_locale(locale)
        catalog.update(template, no_fuzzy_matching=True)
        path_of(f"-{locale}.po").write_bytes(po_text(catalog))
        path_of(f"-{locale}.mo").write_bytes(mo_bytes(catalog))
        path_of(f"-{locale}-{BLOCK_SCRIPT}.json").write_text(script_json(catalog), "utf-8")
        missing = [message.id for message in catalog if message.id and not message.string]
        sys.stdout.write(f"{locale}: {len(catalog)} texts, {len(missing)} without translation\n")


if __name__ == "__main__":
    renew()
