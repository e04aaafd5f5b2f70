"""What the admins' screens of people's credits have in common."""

import secrets
from typing import Self

from flask import Blueprint, Response, request

from bridge.domain.errors import BridgeError, SettingsChangedError, UnavailableError
from bridge.domain.quotas import Module
from bridge.domain.site import Site
from bridge.web.http.deps import get_bridge
from bridge.web.http.formatting import mark, zone_name
from bridge.web.http.headers import protect_scripted
from bridge.web.http.pages import render_page
from bridge.web.http.parsing import Form, Typed
from bridge.web.http.problems import problem
from bridge.web.http.reader import say_error
from bridge.web.http.sending import send_page
from bridge.web.http.statuses import RETRY_AFTER_S, code_of, status_of
from bridge.web.http.words import MODULE_NAMES
from bridge.web.screens.admin import SignInNeededError, sign_in_needed


def init_screens(bp: Blueprint) -> None:
    """Protect a blueprint's pages, and let its errors be pages, too."""
    bp.after_request(protect_scripted)
    bp.register_error_handler(SignInNeededError, sign_in_needed)
    bp.register_error_handler(BridgeError, refuse)


def render(
    template: str,
    site: Site,
    *,
    screen: str = "credits",
    refusal: BridgeError | None = None,
    **values: object,
) -> Response:
    """Return a page, with the site's dates in its zone; *refusal*: of the form on it."""
    page = render_page(
        template,
        site.dates,
        screen=screen,
        refusal=refusal,
        is_stale=isinstance(refusal, SettingsChangedError),
        zone=site.calendar.zone,
        zone_name=zone_name(site.calendar.zone),
        admin_url=f"{site.address}/wp-admin/",
        module_names=MODULE_NAMES,
        feature_names={**MODULE_NAMES, Module.CHAT: mark("Chatbots")},  # all of them together
        modules=get_bridge().settings.modules.enabled,
        **values,
    )
    return send_page(page, status_of(refusal))


class EditForm(Form):
    """The form of settings; *shown* tells whether what is stored still is what was shown."""

    shown: Typed

    def after(self, refusal: BridgeError | None, shown: str) -> Self:
        """Return it to be sent again: if somebody changed the settings, over what is there now."""
        is_stale = isinstance(refusal, SettingsChangedError)
        return self.model_copy(update={"shown": shown}) if is_stale else self


def wants_json() -> bool:
    """Say whether a script asks, and not a browser that shows the answer."""
    return request.accept_mimetypes.best == "application/json"


def new_key() -> str:
    """Return the idempotency key of a form: whoever sends the form twice is booked once."""
    return secrets.token_urlsafe(16)


def refuse(error: BridgeError) -> Response:
    """Return the page, or for a script the problem, that says why something was not done."""
    if wants_json():
        return problem(code_of(error), say_error(error), **error.details)
    if isinstance(error, UnavailableError):
        return down_page(error)
    return send_page(render_page("admin/refused.html", message=say_error(error)), status_of(error))


def down_page(error: UnavailableError) -> Response:
    """Return the page for a database that cannot be asked."""
    page = render_page("status/down.html", code=error.code, message=say_error(error))
    response = send_page(page, status_of(error))
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
