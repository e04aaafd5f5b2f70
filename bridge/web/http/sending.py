"""Answers as they are sent: JSON, pages, files."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from flask import Response
from markupsafe import Markup

from bridge.web.http.passage import current_passage

JSON = "application/json"
HTML = "text/html; charset=utf-8"
SCREEN = "application/vnd.aipkit-bridge.screen+json"
"""A screen's title, head and body, as text of HTML."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is a framework's."""

    status: int
    body: str | bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def send(reply: Reply) -> Response:
    """Return a reply as Flask's."""
    response = Response(reply.body, reply.status, content_type=reply.media_type)
    response.headers.update(reply.headers)
    return response


def json_reply(
    body: object,
    status: int = 200,
    media_type: str = JSON,
    headers: Mapping[str, str] = MappingProxyType({}),
    *,
    spaced: bool = False,
) -> Reply:
    """
    Return JSON.

    Args:
        body: What to send.
        status: Of the answer.
        media_type: Of the answer.
        headers: Others than its type.
        spaced: As problems and bookings always were; a booking that is told again is so to the
            byte, also by another version.
    """
    text = json.dumps(body) if spaced else json.dumps(body, separators=(",", ":")) + "\n"
    return Reply(status, text, media_type, headers)


def send_json(body: object, status: int = 200, media_type: str = JSON) -> Response:
    """As `json_reply`, for Flask."""
    return send(json_reply(body, status, media_type))


def send_page(html: str | bytes, status: int = 200) -> Response:
    """Return HTML, or what `base.html` makes of it for WordPress."""
    return Response(html, status, content_type=SCREEN if current_passage() else HTML)


def screen_json(title: str, head: str, body: str) -> Markup:
    """Return a screen's parts, for WordPress to put where it has a place for them."""
    return Markup(json.dumps({"title": title, "head": head, "body": body}, ensure_ascii=False))  # noqa: S704  # no HTML


def send_csv(pieces: Iterator[str], filename: str) -> Response:
    """Return a file, a piece at a time."""
    headers = {"Content-Disposition": f"attachment; filename={filename}"}
    return Response(pieces, content_type="text/csv; charset=utf-8", headers=headers)
