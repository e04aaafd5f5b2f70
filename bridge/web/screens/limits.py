"""`/admin/credits/limits`: the free limits of chatbots and modules, and their forms."""

from dataclasses import dataclass
from functools import partial

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import (
    BridgeError,
    InvalidInputError,
    SettingsChangedError,
    UnknownSettingsError,
    UnwritableSettingsError,
)
from bridge.domain.freed import Freed, WouldBeUnlimitedError, allowances
from bridge.domain.limits import LimitMode, Limits
from bridge.domain.periods import Period
from bridge.domain.quotas import Context, Module, context_in
from bridge.domain.sentences import Sentence
from bridge.domain.site import Site
from bridge.services.settings.change_limits import NO_CHATBOT, change_limits, list_limits
from bridge.services.settings.change_settings import state_of
from bridge.web.http.deps import get_bridge
from bridge.web.http.formatting import mark
from bridge.web.http.links import url_for
from bridge.web.http.parsing import checked_form
from bridge.web.http.reader import say
from bridge.web.http.words import MODULE_NAMES
from bridge.web.screens.admin import AdminSession, require_admin
from bridge.web.screens.frame import init_screens, render
from bridge.web.screens.limits_forms import LimitsForm, form_of
from bridge.web.screens.lists import part_of
from bridge.web.screens.role_names import name_of_role, role_names

bp = Blueprint("limits", __name__, url_prefix="/admin/credits/limits")
init_screens(bp)

_MODES = {LimitMode.GENERAL: mark("The same for everybody"), LimitMode.BY_ROLE: mark("By role")}
_PERIODS = {
    Period.NEVER: mark("Never"),
    Period.DAILY: mark("Every day"),
    Period.WEEKLY: mark("Every week"),
    Period.MONTHLY: mark("Every month"),
}
_USERS, _GUESTS = Sentence("Users"), Sentence("Guests")
_SPANS = {
    Period.NEVER: mark("in all"),
    Period.DAILY: mark("a day"),
    Period.WEEKLY: mark("a week"),
    Period.MONTHLY: mark("a month"),
}
_SENTENCES = {
    "unlimited": mark("{who}: no limit."),
    "nothing": mark("{who}: nothing for free; purchased tokens work."),
    "limited": mark("{who}: each may use {limit} tokens {span} for free."),
}
"""What each may use; the script of the form fills them in, too."""
_DONE = {
    "saved": mark("Saved."),
    "idle": mark(
        "Saved. The limits that you typed for roles do not count while the limit is the same "
        "for everybody."
    ),
}
_FIELDS = {
    "mode": mark("Limit for users"),
    "period": mark("Renews"),
    "user_limit": mark("Each user"),
    "guest_limit": mark("Each guest"),
    "role_limits": mark("Limits by role"),
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
        done=_DONE.get(request.args.get("done", ""), ""),
    )


@bp.get("/<name>")
def show_form(name: str) -> ResponseReturnValue:
    """Show the form of one chatbot or module."""
    return _page(require_admin(), _context(name))


@bp.post("/<name>")
def change(name: str) -> ResponseReturnValue:
    """Save it, if what is stored still is what the form showed; ask who would have no limit."""
    admin, context, form = require_admin(), _context(name), checked_form(LimitsForm)
    if form.again:
        return _page(admin, context, form)
    try:
        wanted = form.to_limits(role_names(get_bridge().site.get()))
    except InvalidInputError as refusal:
        return _page(admin, context, form, refusal)
    return _save(admin, context, form, wanted)


def _save(
    admin: AdminSession, context: Context, form: LimitsForm, wanted: Limits
) -> ResponseReturnValue:
    bridge = get_bridge()
    try:
        change_limits(
            bridge.db,
            bridge.site,
            context,
            wanted,
            roles=form.roles,
            shown=form.shown,
            sure=bool(form.sure),
            by=admin.caller,
        )
    except WouldBeUnlimitedError as asked:
        return _ask(admin, context, form, wanted, asked.freed)
    except (SettingsChangedError, UnwritableSettingsError) as refusal:
        return _page(admin, context, form, refusal)
    done, name = "idle" if form.is_idle_by_role else "saved", _name(context)
    return redirect(url_for("limits.show_list", done=done, _anchor=name), 303)


def _ask(
    admin: AdminSession, context: Context, form: LimitsForm, wanted: Limits, freed: Freed
) -> Response:
    """Show who would have no limit, and what each may use, before it is saved."""
    return _render(
        "admin/limits_confirm.html",
        admin=admin,
        feature=_feature(context, _titles(get_bridge().site.get())[context], wanted),
        form=form,
        freed=_names_of_freed(freed),
    )


def _names_of_freed(freed: Freed) -> str:
    names = role_names(get_bridge().site.get())
    everybody = len(freed.roles) == len(names)
    who = (
        [say(_USERS)]
        if everybody
        else [name for role, name in names.items() if role in freed.roles]
    )
    if freed.without_role and not everybody:
        who.append(say(Sentence("Users without a role")))
    if freed.guests:
        who.append(say(_GUESTS))
    return ", ".join(who)


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
    )


def _render(template: str, *, refusal: BridgeError | None = None, **values: object) -> Response:
    site = get_bridge().site.get()
    names = role_names(site)
    return render(
        template,
        site,
        screen="limits",
        refusal=refusal,
        modes=_MODES,
        periods=_PERIODS,
        spans=_SPANS,
        field_names=_FIELDS,
        sentences=_SENTENCES,
        roles=names,
        role_name=partial(name_of_role, site),
        names_of=lambda some: ", ".join(name_of_role(site, role) for role in some),
        has_all_roles=lambda limits: limits.role_limits.keys() >= names.keys(),
        allowances=allowances,
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
    titles |= {
        Context(module): say(MODULE_NAMES[module]) for module in Module if module != Module.CHAT
    }
    enabled = get_bridge().settings.modules.enabled
    return {
        context: title or say(Sentence("Chatbot {id}", id=context.bot_id))
        for context, title in titles.items()
        if context.module in enabled
    }


def _feature(context: Context, title: str, limits: Limits) -> Feature:
    return Feature(_name(context), title, limits)


def _name(context: Context) -> str:
    return context.module + (f"-{context.bot_id}" if context.bot_id is not None else "")
