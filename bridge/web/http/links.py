"""
Addresses of screens: the bridge's own, or those under which WordPress's admin shows them.

All that screens link, redirect or send forms to is made here, in templates as well.
"""

from urllib.parse import parse_qsl, urlsplit

import flask
from flask import Flask
from markupsafe import Markup

from bridge.web.http.passage import current_passage


def init_app(app: Flask) -> None:
    """Let templates make their addresses here, too."""
    app.jinja_env.globals.update(url_for=url_for, kept_fields=kept_fields)


def url_for(endpoint: str, **values: object) -> str:
    """As Flask's, for whoever shows the page."""
    # Only here; the types are those of values in a query, and of `_anchor`.
    address = flask.url_for(endpoint, **values)  # type: ignore[arg-type]  # noqa: TID251
    passage = current_passage()
    return passage.address_of(address) if passage else address


def kept_fields(address: str) -> Markup:
    """Return what a form that is sent by GET needs: browsers drop the query of its address."""
    field = Markup('<input type="hidden" name="{}" value="{}">')
    fields = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    return Markup().join(field.format(name, value) for name, value in fields)
