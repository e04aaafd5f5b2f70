"""Answers as they are sent: JSON, pages, files."""

import json
from collections.abc import Iterator

from flask import Response

JSON = "application/json"


def send_json(
    body: object, status: int = 200, media_type: str = JSON, *, spaced: bool = False
) -> Response:
    """
    Return JSON.

    Args:
        body: What to send.
        status: Of the answer.
        media_type: Of the answer.
        spaced: As problems and bookings always were; a booking that is told again is so to the
            byte, also by another version.
    """
    text = json.dumps(body) if spaced else json.dumps(body, separators=(",", ":")) + "\n"
    return Response(text, status, content_type=media_type)


def send_page(html: str | bytes, status: int = 200) -> Response:
    """Return HTML."""
    return Response(html, status, content_type="text/html; charset=utf-8")


def send_csv(pieces: Iterator[str], filename: str) -> Response:
    """Return a file, a piece at a time."""
    headers = {"Content-Disposition": f"attachment; filename={filename}"}
    return Response(pieces, content_type="text/csv; charset=utf-8", headers=headers)
