"""Admins' sign-in and the session behind their screens."""

import hmac
from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import BridgeError, ForbiddenError, UnauthorizedError
from bridge.domain.ids import UserId, admin_name
from bridge.domain.sentences import Sentence
from bridge.services.sign_in import (
    SESSION_MAX_AGE_S,
    csrf_token,
    find_admin,
    find_manager,
    sign_in,
    sign_out,
)
from bridge.web.http.auth import LOGIN_AUDIENCE, decode_token, subject
from bridge.web.http.deps import get_bridge
from bridge.web.http.headers import protect
from bridge.web.http.links import url_for
from bridge.web.http.pages import render_page
from bridge.web.http.parsing import checked_form
from bridge.web.http.passage import address_in_wordpress, current_passage
from bridge.web.http.passage_gate import prove_body
from bridge.web.http.reader import answer_in, keep_locale
from bridge.web.http.sending import send_page
from bridge.web.screens.admin_forms import SignedForm, SignInForm

bp = Blueprint("admin", __name__)

_FIRST_SCREEN = "status"
_SCREENS = {
    _FIRST_SCREEN: "status.show_status",
    "credits": "credits.show_list",
    "limits": "limits.show_list",
}
"""Where a sign-in may lead, by the name it carries as `next`; others lead to the first."""
_COOKIE = "aipkit_bridge_session"


@dataclass(frozen=True, slots=True)
class AdminSession:
    """Who is signed in, and what their forms must carry."""

    user_id: UserId
    name: str
    csrf: str

    @property
    def caller(self) -> str:
        """Who books or decides, as ledger rows and logs name them."""
        return admin_name(self.user_id)


class SignInNeededError(UnauthorizedError):
    """There is no session, or not any more: screens answer with the sign-in page."""


def require_admin() -> AdminSession:
    """
    Return the session; for anything but reads the form must carry its CSRF token.

    Raises:
        SignInNeededError: Sign in again.
        ForbiddenError: The form came from elsewhere.
    """
    session = current_admin()
    if request.method in ("GET", "HEAD"):
        return session
    if not _is_same(_own_part(checked_form(SignedForm).csrf), _own_part(session.csrf)):
        raise ForbiddenError(Sentence("The form has expired; open the page again."))
    prove_body()
    return session


def current_admin() -> AdminSession:
    """Return the session, for pages that do nothing; raises SignInNeededError."""
    passage = current_passage()
    if passage is not None:
        return AdminSession(UserId(passage.user_id), passage.claims.name, passage.csrf)
    bridge = get_bridge()
    secret = request.cookies.get(cookie_name(), "")
    admin = find_admin(bridge.db, bridge.site, secret) if secret else None
    if admin is None:
        raise SignInNeededError("Sign in first: aipkit-bridge admin-link prints a link.")
    return AdminSession(admin.user_id, admin.name, csrf_token(secret))


def cookie_name() -> str:
    """Return the cookie's name: `__Host-` where browsers accept it, which is on https."""
    return f"__Host-{_COOKIE}" if _is_https() else _COOKIE


def _own_part(csrf: str) -> str:
    """Return what the bridge checks of it: before it may stand what WordPress has checked."""
    return csrf.rpartition("-")[2]


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _is_https() -> bool:
    """Say whether browsers come by https; a proxy in front may end it."""
    return request.is_secure or get_bridge().settings.server.public_url.startswith("https:")


@bp.get("/")
def begin() -> ResponseReturnValue:
    """Lead to the first screen whoever typed the bridge's address."""
    return redirect(url_for("credits.show_list"), 303)


@bp.get("/admin/login")
def ask() -> ResponseReturnValue:
    """Show the button: a mail scanner that follows the link must not spend it."""
    token = checked_form(SignInForm, request.args).token
    if not token:
        return _come_page(url_for("credits.show_list"))
    try:
        user_id, _ = _prove(token)
    except UnauthorizedError:
        return _login_page(None, "", 401)
    bridge = get_bridge()
    admin = find_manager(bridge.db, bridge.site, user_id)
    return _login_page(admin.name, token, 200) if admin else _login_page(None, "", 401)


@bp.post("/admin/login")
def enter() -> ResponseReturnValue:
    """Spend the token and start a session."""
    bridge, form = get_bridge(), checked_form(SignInForm)
    try:
        user_id, token_id = _prove(form.token)
        secret = sign_in(bridge.db, bridge.site, user_id=user_id, token_id=token_id)
    except UnauthorizedError:
        return _login_page(None, "", 401)
    response = redirect(url_for(_SCREENS[_known_screen(form.next)]), 303)
    response.set_cookie(
        cookie_name(),
        secret,
        max_age=SESSION_MAX_AGE_S,
        httponly=True,
        samesite="Lax",
        secure=_is_https(),
        path="/",
    )
    keep_locale(response, max_age=SESSION_MAX_AGE_S, secure=_is_https())
    return response


@bp.post("/admin/logout")
def leave() -> ResponseReturnValue:
    """Sign out."""
    require_admin()
    sign_out(get_bridge().db, request.cookies.get(cookie_name(), ""))
    response = redirect(url_for("admin.ask"), 303)
    response.delete_cookie(cookie_name(), path="/", httponly=True, secure=_is_https())
    return response


@bp.app_errorhandler(SignInNeededError)
def sign_in_needed(_: SignInNeededError) -> ResponseReturnValue:
    """Answer a screen without a session."""
    is_read = request.method in ("GET", "HEAD")
    return _come_page(request.full_path.rstrip("?") if is_read else url_for("credits.show_list"))


def _prove(token: str) -> tuple[int, str]:
    claims = decode_token(get_bridge().settings, token, audience=LOGIN_AUDIENCE)
    answer_in(claims.get("locale"))
    user_id, token_id = subject(claims), claims.get("jti")
    if user_id == 0 or not isinstance(token_id, str) or not 8 <= len(token_id) <= 200:
        raise UnauthorizedError("The sign-in link is not valid.")
    return user_id, token_id


def _known_screen(name: str) -> str:
    return name if name in _SCREENS else _FIRST_SCREEN


def _come_page(wanted: str) -> Response:
    """Say how to get in; the link leads to what was *wanted*."""
    try:
        base = f"{get_bridge().site.get().address}/wp-admin/admin.php"
        link = address_in_wordpress(base, wanted)
    except BridgeError:
        link = ""  # the way is said all the same
    return protect(send_page(render_page("admin/come.html", link=link), 401))


def _login_page(name: str | None, token: str, status: int) -> Response:
    screen = _known_screen(checked_form(SignInForm, request.args).next)
    page = render_page("admin/login.html", name=name, token=token, screen=screen)
    return protect(send_page(page, status))
