"""
Addresses of screens: the bridge's own, or those under which WordPress's admin shows them.

All that screens link, redirect or send forms to is made here, in templates as well.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import flask
from flask import Flask
from markupsafe import Markup

from bridge.web.http.admin_colors import accent_style
from bridge.web.http.passage import current_passage
from bridge.web.http.sending import screen_json

_STATIC = Path(__file__).parent.parent / "static"


def init_app(app: Flask) -> None:
    """Let templates make their addresses here, too."""
    app.jinja_env.globals.update(
        url_for=url_for,
        kept_fields=kept_fields,
        current_passage=current_passage,
        accent_style=accent_style,
        screen_json=screen_json,
    )


def url_for(endpoint: str, **values: object) -> str:
    """As Flask's, for whoever shows the page."""
    passage = current_passage()
    if passage and endpoint == "static":
        values["v"] = _version(str(values["filename"]))
    # Only here; the types are those of values in a query, and of `_anchor`.
    address = flask.url_for(endpoint, **values)  # type: ignore[arg-type]  # noqa: TID251
    return passage.address_of(address) if passage else address


@lru_cache(64)
def _version(filename: str) -> str:
    """Return a word that changes with a file, so that browsers may keep it for good."""
    return hashlib.sha256((_STATIC / filename).read_bytes()).hexdigest()[:12]


def kept_fields(address: str) -> Markup:
    """Return what a form that is sent by GET needs: browsers drop the query of its address."""
    field = Markup('<input type="hidden" name="{}" value="{}">')
    fields = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    return Markup().join(field.format(name, value) for name, value in fields)
