"""Screens that WordPress's admin passes on: for whom, and where their links lead."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlsplit

from flask import g, has_request_context
from pydantic import BaseModel, ConfigDict, StringConstraints

_PAGES = (
    ("/admin/credits/limits", "limits"),
    ("/admin/credits/prices", "limits"),
    ("/admin/credits/reports", "reports"),
    ("/admin/credits/bulk", "bulk"),
    ("/admin/credits/import", "bulk"),
    ("/admin/credits", "credits"),
    ("/static", "credits"),
)
"""The entry of WordPress's menu for paths that begin so, the first that fits; else Status."""
_FIRST = {
    "limits": "/admin/credits/limits",
    "reports": "/admin/credits/reports",
    "bulk": "/admin/credits/import",
    "credits": "/admin/credits",
    "status": "/status",
}
"""What an entry of the menu opens by itself."""
_Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


class PassageClaims(BaseModel):
    """What WordPress signs of a request that it passes on, beside when and for whom."""

    model_config = ConfigDict(strict=True, frozen=True)

    jti: _Word
    cap: str
    """The capability by which the user may manage the shop."""
    ask: str
    """SHA-256 of method and address."""
    body: str
    """SHA-256 of the body."""
    name: str
    locale: str
    scheme: str
    """The admin's colour scheme, by WordPress's name for it."""
    colors: list[_Color]
    """Of that scheme, as WordPress lists them."""
    nonce: _Word
    """Proves to WordPress that a form is its own; each form carries it."""
    session: _Word
    """Stands for the user's session in WordPress."""
    base: Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9_.~%-]+)*/admin\.php$")]
    """The path of `wp-admin/admin.php`."""
    upload: int
    """The largest file that this web server takes, in bytes."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A request that WordPress passes on."""

    user_id: int
    claims: PassageClaims
    secret: str
    """Of the shared secrets the one that signed it, and that signs the answer."""

    @property
    def csrf(self) -> str:
        """What forms carry: WordPress's proof, which only it can check, and the bridge's own."""
        about = f"csrf:{self.user_id}:{self.claims.session}".encode()
        return (
            f"{self.claims.nonce}-{hmac.digest(self.secret.encode(), about, hashlib.sha256).hex()}"
        )

    def address_of(self, own: str) -> str:
        """Return where in WordPress an address of ours opens."""
        return address_in_wordpress(self.claims.base, own)


def address_in_wordpress(base: str, own: str) -> str:
    """Return where WordPress, whose `admin.php` is at *base*, opens an address of ours."""
    parts = urlsplit(own)
    page = next((page for start, page in _PAGES if parts.path.startswith(start)), "status")
    place = f"{parts.path}?{parts.query}" if parts.query else parts.path
    address = f"{base}?page=aipkit-bridge-{page}"
    if place != _FIRST[page]:
        address += f"&at={quote(place)}"
    return f"{address}#{parts.fragment}" if parts.fragment else address


def current_passage() -> Passage | None:
    """Return the passage by which this request came, or None for a browser's own."""
    return g.get("passage") if has_request_context() else None
