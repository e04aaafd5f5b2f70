"""`/admin/credits/prices`: the price rules, and their forms."""

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import (
    BridgeError,
    InvalidInputError,
    SettingsChangedError,
    UnknownSettingsError,
)
from bridge.domain.pricing import MAX_RULES, SCOPES, BillingMethod, PriceRule
from bridge.domain.sentences import Sentence
from bridge.domain.used_models import example_of, known_models
from bridge.services.settings.change_prices import (
    NO_RULE,
    RuleExistsError,
    add_price,
    change_price,
    delete_price,
    find_price,
    list_prices,
)
from bridge.services.settings.change_settings import state_of
from bridge.services.settings.used_models import list_used
from bridge.web.http.deps import get_bridge
from bridge.web.http.formatting import mark
from bridge.web.http.links import url_for
from bridge.web.http.parsing import checked_form, clean_text
from bridge.web.screens.admin import AdminSession, require_admin
from bridge.web.screens.frame import init_screens, render
from bridge.web.screens.lists import part_of
from bridge.web.screens.price_trial import try_out
from bridge.web.screens.prices_forms import (
    LENGTHS,
    NEW_RULE,
    SUBJECT,
    DeleteForm,
    ListPlaceForm,
    PriceForm,
    SwitchForm,
    form_of,
    name_of_chatbot,
    rate_text,
)

bp = Blueprint("prices", __name__, url_prefix="/admin/credits/prices")
init_screens(bp)

_METHODS = {
    BillingMethod.PER_1K_TOKENS: mark("By units"),
    BillingMethod.FLAT: mark("By request"),
    BillingMethod.PER_IMAGE: mark("By image"),
    BillingMethod.PER_VIDEO: mark("By video"),
}
_SCOPES = dict(
    zip(
        SCOPES,
        (
            mark("One chatbot"),
            mark("One AI form"),
            mark("All of the feature"),
            mark("Where no other rule fits"),
        ),
        strict=True,
    )
)
_FAULTS = {
    "unknown_scope": mark("unknown scope"),
    "unknown_method": mark("unknown method"),
    "no_rate": mark("no rate"),
    "rate_below_0": mark("rate below 0"),
}
_OPERATIONS = ("chat", "form_submit", "generate", "edit", "video_generate")
_DONE = {"saved": mark("Saved."), "deleted": mark("The rule is deleted.")}
_REFUSED = (InvalidInputError, SettingsChangedError, RuleExistsError)


@bp.get("")
def show_list() -> ResponseReturnValue:
    """Show a page of the rules, and what a use would cost."""
    admin, bridge = require_admin(), get_bridge()
    prices, used = list_prices(bridge.db), list_used(bridge.db)
    titles, models = _titles(), known_models(used, prices)
    rules = sorted(prices.rules, key=_order)
    part = part_of(rules, request.args, lambda rule: _searched(rule, titles))
    return _render(
        "admin/prices.html",
        admin=admin,
        part=part,
        has_rules=bool(rules),
        most=MAX_RULES if len(rules) == MAX_RULES else None,
        models=models,
        unpriced=[known for known in models if not known.is_priced and known.uses.number],
        example_of=lambda rule: example_of(rule, used),
        shadowed=prices.shadowed(),
        instead_of=prices.instead_of,
        state_of=state_of,
        trial=try_out(request.args, prices, titles),
        done=_DONE.get(request.args.get("done", ""), ""),
        faults=_FAULTS,
    )


@bp.get("/new")
def show_new() -> ResponseReturnValue:
    """Show the form of a rule to be; the address may say for what."""
    admin, given = require_admin(), {name: request.args.get(name, "") for name in SUBJECT}
    cut = {name: clean_text(text, LENGTHS.get(name, 50)) for name, text in given.items()}
    return _page(admin, None, NEW_RULE.model_copy(update=cut))


@bp.post("")
def add() -> ResponseReturnValue:
    """Add a rule."""
    admin, form, bridge = require_admin(), checked_form(PriceForm), get_bridge()
    try:
        rule = form.to_rule(0, chatbots=_titles())
        rule_id = add_price(bridge.db, bridge.site, rule, by=admin.caller)
    except _REFUSED as refusal:
        return _page(admin, None, form, refusal)
    return _back("saved", rule_id)


@bp.get("/<int:rule_id>")
def show_rule(rule_id: int) -> ResponseReturnValue:
    """Show the form of a rule."""
    admin, rule = require_admin(), _get(rule_id)
    return _page(admin, rule, form_of(rule, state_of(rule), _titles()))


@bp.post("/<int:rule_id>")
def change(rule_id: int) -> ResponseReturnValue:
    """Save it, if the rule still is what the form showed."""
    admin, form, bridge = require_admin(), checked_form(PriceForm), get_bridge()
    try:
        rule = form.to_rule(rule_id, chatbots=_titles())
        change_price(bridge.db, bridge.site, rule, shown=form.shown, by=admin.caller)
    except _REFUSED as refusal:
        return _page(admin, _get(rule_id), form, refusal)
    return _back("saved", rule_id)


@bp.post("/<int:rule_id>/enabled")
def switch(rule_id: int) -> ResponseReturnValue:
    """Let a rule price, or not: field `enabled`, `1` or empty."""
    admin, stored, bridge = require_admin(), _get(rule_id), get_bridge()
    form = checked_form(SwitchForm)
    rule = replace(stored, enabled=form.enabled == "1")
    change_price(bridge.db, bridge.site, rule, shown=form.shown, by=admin.caller)
    return _back("saved", rule_id)


@bp.post("/<int:rule_id>/delete")
def delete(rule_id: int) -> ResponseReturnValue:
    """Delete a rule, if the box is ticked and the rule still is what was shown."""
    admin, bridge, form = require_admin(), get_bridge(), checked_form(DeleteForm)
    try:
        if not form.sure:
            raise InvalidInputError(Sentence("Tick the box to delete the rule."))
        delete_price(bridge.db, bridge.site, rule_id, shown=form.shown, by=admin.caller)
    except _REFUSED as refusal:
        rule = _get(rule_id)
        return _page(admin, rule, form_of(rule, state_of(rule), _titles()), refusal)
    return _back("deleted")


def _page(
    admin: AdminSession,
    rule: PriceRule | None,
    form: PriceForm,
    refusal: BridgeError | None = None,
) -> Response:
    """Show a form: of a rule that is stored, or without one of a rule to be."""
    form = form if rule is None else form.after(refusal, state_of(rule))
    prices, used = list_prices(get_bridge().db), list_used(get_bridge().db)
    return _render(
        "admin/prices_form.html",
        admin=admin,
        rule=rule,
        form=form,
        refusal=refusal,
        models=known_models(used, prices),
        example=rule and example_of(rule, used),
        equal=refusal.rule if isinstance(refusal, RuleExistsError) else None,
        state_of=state_of,
    )


def _render(template: str, *, refusal: BridgeError | None = None, **values: object) -> Response:
    return render(
        template,
        get_bridge().site.get(),
        screen="limits",
        refusal=refusal,
        titles=_titles(),
        scopes=_SCOPES,
        methods=_METHODS,
        operations=_OPERATIONS,
        lengths=LENGTHS,
        rate_text=rate_text,
        name_of_chatbot=name_of_chatbot,
        **values,
    )


def _get(rule_id: int) -> PriceRule:
    rule = find_price(get_bridge().db, rule_id)
    if rule is None:
        raise UnknownSettingsError(NO_RULE)
    return rule


def _titles() -> dict[int, str]:
    return {bot.bot_id: bot.title for bot in get_bridge().site.get().chatbots}


def _order(rule: PriceRule) -> tuple[object, ...]:
    """Put rules for the same usage together, in the order in which they are looked at."""
    place = SCOPES.index(rule.scope_type) if rule.scope_type in SCOPES else len(SCOPES)
    usage = (rule.module, rule.provider, rule.model, rule.operation)
    return *(name.casefold() for name in usage), place, rule.scope_id, rule.rule_id


def _searched(rule: PriceRule, titles: Mapping[int, str]) -> str:
    title = titles.get(rule.scope_id, "") if rule.scope_type == "chatbot" else ""
    words = (title, rule.module, rule.provider, rule.model, rule.operation, rule.billing_method)
    return " ".join(words)


def _back(done: str, rule_id: int | None = None) -> ResponseReturnValue:
    """Lead to the list, to the part of it that a form came from."""
    form = checked_form(ListPlaceForm)
    search, page = form.search or None, form.page or None
    anchor = None if rule_id is None else f"rule-{rule_id}"
    address = url_for("prices.show_list", done=done, search=search, page=page, _anchor=anchor)
    return redirect(address, 303)
