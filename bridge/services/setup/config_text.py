"""The text of `config.toml`: written anew, or one that people have edited with other values."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bridge.services.setup.errors import SetupError
from bridge.store.shop_keys import RestKey

Values: TypeAlias = Mapping[tuple[str, str], str | int]
"""By section and key."""

_HEAD = """\
# Written by `aipkit-bridge init`. docs/configuration.md has every key.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingConfig:
    """What a configuration file says that is there already."""

    text: str
    site_url: str
    database_url: str
    site_prefix: str
    users_prefix: str
    shop_url: str
    rest_key: RestKey
    secret: str
    port: int


def render_config(values: Values) -> str:
    """Return a new file; the sections come in the order of their first values."""
    sections: dict[str, list[str]] = {}
    for (section, key), value in values.items():
        sections.setdefault(section, []).append(f"{key} = {_toml(value)}")
    parts = ["\n".join([f"[{name}]", *lines]) + "\n" for name, lines in sections.items()]
    return "\n".join([_HEAD, *parts])


def amend_config(text: str, values: Values) -> str:
    """
    Return a file with other values, and every other letter as it was.

    Raises:
        SetupError: A value stands in a form that is not one `key = "value"` line.
    """
    for (section, key), value in values.items():
        text = _amend(text, section, key, _toml(value))
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        parsed = {}
    wrong = [f"{s}.{k}" for (s, k), value in values.items() if parsed.get(s, {}).get(k) != value]
    if wrong:
        raise SetupError(f"Set {wrong[0]} by hand: init cannot find its line in the file.")
    return text


def _amend(text: str, section: str, key: str, value: str) -> str:
    header = re.search(rf"^\[{re.escape(section)}\][^\n]*\n", text, re.MULTILINE)
    if header is None:
        return f"{text.rstrip()}\n\n[{section}]\n{key} = {value}\n"
    end = re.search(r"^\[", text[header.end() :], re.MULTILINE)
    stop = header.end() + end.start() if end else len(text)
    body = text[header.end() : stop]
    line = re.compile(rf"^{re.escape(key)}\s*=.*$", re.MULTILINE)
    if line.search(body):
        body = line.sub(lambda _: f"{key} = {value}", body, count=1)
    else:
        body = f"{key} = {value}\n{body}"
    return text[: header.end()] + body + text[stop:]


def _toml(value: str | int) -> str:
    """Return a value as TOML: of texts JSON's form is one of TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
