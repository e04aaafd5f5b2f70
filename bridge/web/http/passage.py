"""Screens that WordPress's admin passes on: for whom, and where their links lead."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flask import g, has_request_context

_PAGES = (
    ("/admin/credits/limits", "limits"),
    ("/admin/credits/prices", "limits"),
    ("/admin/credits/bulk", "bulk"),
    ("/admin/credits/import", "bulk"),
    ("/admin/credits", "credits"),
    ("/static", "credits"),
)
"""The entry of WordPress's menu for paths that begin so, the first that fits; else Status."""
_FIRST = {
    "limits": "/admin/credits/limits",
    "bulk": "/admin/credits/import",
    "credits": "/admin/credits",
    "status": "/status",
}
"""What an entry of the menu opens by itself."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What WordPress has signed of a request that it passes on."""

    user_id: int
    name: str
    locale: str
    colors: tuple[str, ...]
    """Of the admin's colour scheme, as WordPress lists them."""
    nonce: str
    """Proves to WordPress that a form is its own; each form carries it."""
    session: str
    """Stands for the user's session in WordPress."""
    base: str
    """The path of `wp-admin/admin.php`."""

    def address_of(self, own: str) -> str:
        """Return where in WordPress an address of ours opens."""
        parts = urlsplit(own)
        page = next((page for start, page in _PAGES if parts.path.startswith(start)), "status")
        place = f"{parts.path}?{parts.query}" if parts.query else parts.path
        address = f"{self.base}?page=aipkit-bridge-{page}"
        if place != _FIRST[page]:
            address += f"&at={quote(place)}"
        return f"{address}#{parts.fragment}" if parts.fragment else address


def current_passage() -> Passage | None:
    """Return the passage by which this request came, or None for a browser's own."""
    return g.get("passage") if has_request_context() else None
