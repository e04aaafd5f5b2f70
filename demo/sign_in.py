"""A sign-in to the bridge's screens that needs nothing: a one-time link, followed at once."""

from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, abort, make_response, render_template
from flask.typing import ResponseReturnValue

from bridge.cli.admin_link import make_link
from bridge.config import Settings
from demo.people import ADMIN

SCREENS = {"credits": "Credits", "limits": "Prices and limits", "status": "Status"}


def sign_in_pages(settings: Settings) -> Blueprint:
    """Return `/sign-in/<screen>`, as the menu in WordPress does it."""
    bp = Blueprint("sign_in", __name__)

    @bp.get("/sign-in/<screen>")
    def sign_in(screen: str) -> ResponseReturnValue:
        if screen not in SCREENS:
            abort(404)
        link = urlsplit(make_link(settings, ADMIN.user_id))
        [token] = parse_qs(link.query)["token"]
        bridge = f"{link.scheme}://{link.netloc}"
        page = render_template(
            "demo/sign_in.html",
            action=bridge + link.path,
            token=token,
            screen=screen,
            title=SCREENS[screen],
        )
        response = make_response(page)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:;"
            f" form-action {bridge}; frame-ancestors 'none'; base-uri 'none'"
        )
        return response

    return bp
