"""The demo's member page: the fragment as the PHP plugin shows it, and buttons that spend."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import jwt
import requests
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
)
from flask import url_for as to
from flask.typing import ResponseReturnValue

from bridge.client import Client, ClientError
from bridge.config import Settings
from demo.people import FEATURED, MEMBERS, Person
from demo.trials import TRIALS, Trial, reserve, settle
from shop_stand_in.pages import same_origin

_PLUGIN_CSS = Path(__file__).parents[1] / "wp_plugin_stub/aipkit-bridge/assets/fragment.css"
_PASSED_ON = ("aipkit_page", "aipkit_history", "aipkit_activity", "aipkit_activity_page")
_POLICY = (
    "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; script-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

bp = Blueprint(
    "member_pages",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/demo/static",
)
bp.before_request(same_origin)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages ask the bridge by: as an AI back end, and as the WordPress plugin."""

    client: Client
    url: str
    secret: str
    site_url: str

    def fragment(self, user_id: int, **query: str) -> str:
        """Ask for a member's fragment with a token like the plugin's."""
        now = int(time.time())
        claims = {
            "iss": self.site_url,
            "aud": "aipkit-bridge",
            "sub": str(user_id),
            "scope": "fragment",
            "iat": now,
            "exp": now + 60,
        }
        token = jwt.encode(claims, self.secret, algorithm="HS256")
        answer = requests.get(
            f"{self.url}/v1/fragments/token-usage",
            headers={"Authorization": f"Bearer {token}"},
            params=query,
            timeout=5,
        )
        answer.raise_for_status()
        return answer.text


def make_desk(settings: Settings, api_key: str) -> Desk:
    """Return the desk for a bridge with these settings."""
    url = f"http://{settings.server.host}:{settings.server.port}"
    return Desk(Client(url, api_key), url, settings.security.secrets[0], settings.site.url)


def add_member_pages(app: Flask, settings: Settings, api_key: str) -> None:
    """Add `/member/<id>`, with what belongs to it."""
    app.extensions["demo_desk"] = make_desk(settings, api_key)
    app.register_blueprint(bp)


def _desk() -> Desk:
    return cast(Desk, current_app.extensions["demo_desk"])


@bp.after_request
def guard(response: Response) -> Response:
    """Let the page load what is its own."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.errorhandler(ClientError)
def unavailable(error: ClientError) -> ResponseReturnValue:
    """Say for the page's script what the bridge said."""
    return {"denied": f"The bridge says: {error.detail}"}, 503


@bp.get("/member/<int:user_id>")
def show_member(user_id: int) -> str:
    """Show what a member owns, and what it can be spent on."""
    member = _member(user_id)
    return render_template(
        "demo/member.html",
        member=member,
        featured=FEATURED,
        trials=TRIALS.values(),
        available=_desk().client.account(user_id).available,
        html=_fragment(member),
        said=_said(),
    )


@bp.get("/member/<int:user_id>/now")
def show_now(user_id: int) -> dict[str, Any]:
    """Tell the page's script what has changed."""
    html = _fragment(_member(user_id))
    return {"available": _desk().client.account(user_id).available, "html": html}


@bp.post("/member/<int:user_id>/reserve/<name>")
def reserve_for(user_id: int, name: str) -> dict[str, Any]:
    """Begin a use."""
    return reserve(_desk().client, _member(user_id).user_id, _trial(name))


@bp.post("/member/<int:user_id>/settle/<name>")
def settle_for(user_id: int, name: str) -> dict[str, Any]:
    """End it."""
    hold = request.form.get("hold", "")
    return settle(_desk().client, _member(user_id).user_id, _trial(name), hold)


@bp.post("/member/<int:user_id>/spend/<name>")
def spend(user_id: int, name: str) -> ResponseReturnValue:
    """Do both at once, for browsers without JavaScript."""
    client, member, trial = _desk().client, _member(user_id), _trial(name)
    told = reserve(client, member.user_id, trial)
    if "hold" in told:
        told = settle(client, member.user_id, trial, told["hold"])
    numbers: dict[str, Any] = {
        key: told[key] for key in ("reserved", "used", "freed") if key in told
    }
    return redirect(to(".show_member", user_id=user_id, **numbers or {"denied": "yes"}), 303)


@bp.get("/member/fragment.css")
def style_sheet() -> Response:
    """Send the plugin's own style sheet."""
    return Response(_PLUGIN_CSS.read_text("utf-8"), content_type="text/css; charset=utf-8")


def _fragment(member: Person) -> str:
    page = to(".show_member", user_id=member.user_id, _external=True)
    passed_on = {name: request.args[name] for name in _PASSED_ON if name in request.args}
    return _desk().fragment(member.user_id, page_url=page, **passed_on)


def _member(user_id: int) -> Person:
    member = next((one for one in MEMBERS if one.user_id == user_id), None)
    if member is None:
        abort(404)
    return member


def _trial(name: str) -> Trial:
    if name not in TRIALS:
        abort(404)
    return TRIALS[name]


def _said() -> str:
    if "denied" in request.args:
        return "Not enough tokens: nothing was spent."
    numbers = [request.args.get(key, type=int) for key in ("reserved", "used", "freed")]
    if None in numbers:
        return ""
    return "Reserved {:,}, used {:,}, {:,} free again.".format(*numbers)
