"""Asks for a fragment as the WordPress plugin does, and reads the HTML that comes back."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask import Flask
from werkzeug.test import TestResponse

from bridge.wiring import Bridge
from tests.support.apps import create_app
from tests.support.client import bearer, make_token

FRAGMENT = "/v1/fragments/token-usage"
PAGE_URL = "https://shop.example/account/"
LOGIN_URL = "https://shop.example/wp-login.php"


class Html(HTMLParser):
    """Tags, attributes, texts and table rows of a page; links to activity are no text of rows."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.rows: list[list[str]] = []
        self.links: dict[str, str] = {}  # text -> address
        self._texts: list[str] = []
        self._link = ""
        self._leads_away = False
        self._in_cell = False
        self.feed(source)

    @property
    def text(self) -> str:
        """All texts, with single spaces."""
        return _plain(self._texts)

    def of_class(self, name: str) -> list[dict[str, str]]:
        """Return the attributes of the elements with a class."""
        return [found for _, found in self.tags if name in found.get("class", "").split()]

    def row(self, name: str) -> list[str]:
        """Return the cells of the one table row that starts with *name*, without the name."""
        (found,) = [row for row in self.rows if row and row[0] == name]
        return found[1:]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append((tag, attributes))
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
            self._in_cell = True
        if tag == "a":
            self._link = attributes.get("href", "")
            self._leads_away = attributes.get("class") == "aipkit_activity_link"

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link, self._leads_away = "", False
        if tag in ("th", "td"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        self._texts.append(data)
        if self._link:
            self.links[data.strip()] = self._link
        if self._in_cell and not self._leads_away and data.strip():
            cell = self.rows[-1][-1]
            self.rows[-1][-1] = _plain([cell, data])


def _plain(texts: list[str]) -> str:
    return re.sub(r"\s+", " ", " ".join(texts)).strip()


@dataclass
class Visitor:
    """One user in front of a page with the shortcode; 0 is a guest."""

    bridge: Bridge
    user_id: int
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.bridge)

    def get(self, path: str = FRAGMENT, /, **query: str) -> TestResponse:
        """Ask for a fragment, the dashboard unless told otherwise."""
        return self.app.test_client().get(
            path,
            query_string={"locale": "en_US", "page_url": PAGE_URL, **query},
            headers=bearer(make_token(self.user_id, "fragment")),
        )

    def html(self, path: str = FRAGMENT, /, **query: str) -> Html:
        """Return a fragment, read."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        return Html(response.text)
