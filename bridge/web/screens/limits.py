"""`/admin/credits/limits`: the free limits of chatbots and modules, and their forms."""

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import (
    BridgeError,
    InvalidInputError,
    SettingsChangedError,
    UnknownSettingsError,
    UnwritableSettingsError,
)
from bridge.domain.limits import LimitMode, Limits
from bridge.domain.periods import Period
from bridge.domain.quotas import Context, Module
from bridge.domain.site import Site
from bridge.services.settings.change_limits import NO_CHATBOT, change_limits, list_limits
from bridge.services.settings.change_settings import state_of
from bridge.web.http.deps import get_bridge
from bridge.web.http.links import url_for
from bridge.web.http.parsing import checked_form, context_in
from bridge.web.http.words import MODULE_NAMES
from bridge.web.screens.admin import AdminSession, require_admin
from bridge.web.screens.frame import init_screens, render
from bridge.web.screens.limits_forms import LimitsForm, form_of, role_name
from bridge.web.screens.lists import part_of

bp = Blueprint("limits", __name__, url_prefix="/admin/credits/limits")
init_screens(bp)

_MODES = {LimitMode.GENERAL: "The same for everybody", LimitMode.BY_ROLE: "By role"}
_PERIODS = {
    Period.NEVER: "Never",
    Period.DAILY: "Every day",
    Period.WEEKLY: "Every week",
    Period.MONTHLY: "Every month",
}
_FIELDS = {
    "mode": "Limit for users",
    "period": "Renews",
    "user_limit": "Each user",
    "guest_limit": "Each guest",
    "role_limits": "Limits by role",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """A chatbot or module with its limits."""

    name: str  # as `context_in` reads it
    title: str
    limits: Limits


@bp.get("")
def show_list() -> ResponseReturnValue:
    """Show the limits of all."""
    admin, bridge = require_admin(), get_bridge()
    titles = _titles(bridge.site.get())
    part = part_of(list(titles), request.args, titles.__getitem__)
    stored = list_limits(bridge.db, part.items)
    return _render(
        "admin/limits.html",
        admin=admin,
        part=part,
        features=[_feature(context, titles[context], stored[context]) for context in part.items],
        done="Saved." if request.args.get("done") else "",
    )


@bp.get("/<name>")
def show_form(name: str) -> ResponseReturnValue:
    """Show the form of one chatbot or module."""
    return _page(require_admin(), _context(name))


@bp.post("/<name>")
def change(name: str) -> ResponseReturnValue:
    """Save it, if what is stored still is what the form showed."""
    admin, context, form = require_admin(), _context(name), checked_form(LimitsForm)
    bridge = get_bridge()
    try:
        wanted = form.to_limits(bridge.site.get().roles)
        change_limits(
            bridge.db,
            bridge.site,
            context,
            wanted,
            roles=form.roles,
            shown=form.shown,
            by=admin.caller,
        )
    except (InvalidInputError, SettingsChangedError, UnwritableSettingsError) as refusal:
        return _page(admin, context, form, refusal)
    return redirect(url_for("limits.show_list", done="saved", _anchor=name), 303)


def _page(
    admin: AdminSession,
    context: Context,
    form: LimitsForm | None = None,
    refusal: BridgeError | None = None,
) -> Response:
    bridge = get_bridge()
    site, stored = bridge.site.get(), list_limits(bridge.db, [context])[context]
    feature = _feature(context, _titles(site)[context], stored)
    state = state_of(stored)
    form = form.after(refusal, state) if form else form_of(stored, site.roles, state)
    return _render(
        "admin/limits_form.html",
        admin=admin,
        feature=feature,
        form=form,
        refusal=refusal,
        roles=sorted({*site.roles}),
    )


def _render(template: str, *, refusal: BridgeError | None = None, **values: object) -> Response:
    site = get_bridge().site.get()
    return render(
        template,
        site,
        screen="limits",
        refusal=refusal,
        modes=_MODES,
        periods=_PERIODS,
        field_names=_FIELDS,
        role_name=role_name,
        **values,
    )


def _context(name: str) -> Context:
    context = context_in(name)
    if context is None or context not in _titles(get_bridge().site.get()):
        raise UnknownSettingsError(NO_CHATBOT)
    return context


def _titles(site: Site) -> dict[Context, str]:
    """Return all whose limits there are, in the order of the list."""
    titles = {Context(Module.CHAT, bot.bot_id): bot.title for bot in site.chatbots}
    titles |= {Context(module): MODULE_NAMES[module] for module in Module if module != Module.CHAT}
    enabled = get_bridge().settings.modules.enabled
    return {
        context: title or f"Chatbot {context.bot_id}"
        for context, title in titles.items()
        if context.module in enabled
    }


def _feature(context: Context, title: str, limits: Limits) -> Feature:
    name = context.module + (f"-{context.bot_id}" if context.bot_id is not None else "")
    return Feature(name, title, limits)
