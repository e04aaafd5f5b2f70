"""The demo's member page: the bridge's fragment in a plain page, as the PHP plugin shows it."""

import time
from collections.abc import Callable
from pathlib import Path

import jwt
import requests
from flask import Blueprint, Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from demo.site import MEMBERS

_PLUGIN_CSS = Path(__file__).parents[1] / "wp_plugin_stub/aipkit-bridge/assets/fragment.css"
_PASSED_ON = ("aipkit_page", "aipkit_history")


def fetch_fragment(bridge_url: str, secret: str, site_url: str, user_id: int, **query: str) -> str:
    """Ask the bridge for a member's fragment with a token like the plugin's."""
    now = int(time.time())
    claims = {
        "iss": site_url,
        "aud": "aipkit-bridge",
        "sub": str(user_id),
        "scope": "fragment",
        "iat": now,
        "exp": now + 60,
    }
    token = jwt.encode(claims, secret, algorithm="HS256")
    answer = requests.get(
        f"{bridge_url}/v1/fragments/token-usage",
        headers={"Authorization": f"Bearer {token}"},
        params=query,
        timeout=5,
    )
    answer.raise_for_status()
    return answer.text


def member_pages(bridge_url: str, secret: str, sign_in_link: Callable[[], str]) -> Blueprint:
    """Return `/member/<id>`, the plugin's style sheet, and `/sign-in` to the status page."""
    bp = Blueprint("member_pages", __name__)

    @bp.get("/member/<int:user_id>")
    def show_member(user_id: int) -> str:
        member = next((m for m in MEMBERS if m.user_id == user_id), None)
        if member is None:
            abort(404)
        here = request.base_url
        passed_on = {name: request.args[name] for name in _PASSED_ON if name in request.args}
        fragment = fetch_fragment(
            bridge_url, secret, request.host_url.rstrip("/"), user_id, page_url=here, **passed_on
        )
        return render_template("member.html", member=member, members=MEMBERS, html=fragment)

    @bp.get("/sign-in")
    def sign_in() -> ResponseReturnValue:
        return redirect(sign_in_link())

    @bp.get("/member/fragment.css")
    def style_sheet() -> Response:
        return Response(_PLUGIN_CSS.read_text("utf-8"), content_type="text/css; charset=utf-8")

    return bp
