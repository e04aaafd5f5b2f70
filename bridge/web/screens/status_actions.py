"""The status page's forms: what people decide about orders and findings, and "now"."""

import structlog
from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import BridgeError, UnavailableError
from bridge.domain.ids import whole_number
from bridge.services.accounts.view_account import find_user
from bridge.services.ask_worker import POLL, RECONCILE, ask
from bridge.services.books.reconcile import resolve_finding
from bridge.services.orders.decide import (
    assign_order,
    dismiss_order,
    list_order_again,
    retry_order,
)
from bridge.web.http.deps import get_bridge
from bridge.web.http.headers import protect_scripted
from bridge.web.http.links import url_for
from bridge.web.http.parsing import checked_form, to_order_id
from bridge.web.screens.admin import (
    AdminSession,
    SignInNeededError,
    current_admin,
    require_admin,
    sign_in_needed,
)
from bridge.web.screens.frame import down_page
from bridge.web.screens.order_news import FOLLOWED
from bridge.web.screens.status import Refusal, status_page
from bridge.web.screens.status_forms import (
    AssignForm,
    BackForm,
    DismissForm,
    ReasonForm,
    RefusedForm,
)

log = structlog.get_logger()

bp = Blueprint("status_actions", __name__, url_prefix="/admin")
bp.after_request(protect_scripted)
bp.register_error_handler(SignInNeededError, sign_in_needed)


@bp.post("/orders/<int:order_id>/retry")
def retry(order_id: int) -> ResponseReturnValue:
    """Look at the order now."""
    admin = require_admin()
    retry_order(get_bridge().db, to_order_id(order_id))
    return _done("retry", admin, order_id=order_id)


@bp.post("/orders/<int:order_id>/assign")
def assign(order_id: int) -> ResponseReturnValue:
    """Say whose a guest's order is: field `user`, an id, login or e-mail address."""
    admin = require_admin()
    db = get_bridge().db
    user_id = find_user(db, checked_form(AssignForm).user)
    assign_order(db, to_order_id(order_id), user_id, by=admin.caller)
    return _done("assign", admin, order_id=order_id, user_id=user_id)


@bp.post("/orders/<int:order_id>/dismiss")
def dismiss(order_id: int) -> ResponseReturnValue:
    """Take the order off the lists: fields `reason` and `code`, the reason code on the page."""
    admin = require_admin()
    form, db, by = checked_form(DismissForm), get_bridge().db, admin.caller
    dismiss_order(db, to_order_id(order_id), form.reason, by=by, shown_code=form.code)
    return _done("dismiss", admin, order_id=order_id)


@bp.post("/orders/<int:order_id>/list-again")
def list_again(order_id: int) -> ResponseReturnValue:
    """Put a dismissed order on the list again."""
    admin = require_admin()
    list_order_again(get_bridge().db, to_order_id(order_id))
    return _done("list_again", admin, order_id=order_id)


@bp.post("/findings/<int:finding_id>/resolve")
def resolve(finding_id: int) -> ResponseReturnValue:
    """Close a finding: field `reason`."""
    admin, form = require_admin(), checked_form(ReasonForm)
    resolve_finding(get_bridge().db, finding_id, by=admin.caller, reason=form.reason)
    return _done("resolve", admin, finding_id=finding_id)


@bp.post("/poll")
def poll() -> ResponseReturnValue:
    """Have the worker read the shop now."""
    admin = require_admin()
    ask(get_bridge().db, POLL)
    return _done("poll", admin)


@bp.post("/reconcile")
def reconcile() -> ResponseReturnValue:
    """Have the worker compare the books now."""
    admin = require_admin()
    ask(get_bridge().db, RECONCILE)
    return _done("reconcile", admin)


@bp.errorhandler(BridgeError)
def refuse(error: BridgeError) -> Response:
    """Answer with the page: what is wrong on top, what was typed where it was."""
    if isinstance(error, UnavailableError):
        return down_page(error)
    form = checked_form(RefusedForm)
    what = (request.endpoint or "").rpartition(".")[2]
    number = next(iter((request.view_args or {}).values()), "")
    refusal = Refusal(error, f"{what}-{number}", form.user or form.reason)
    return status_page(current_admin(), refusal)


def _done(what: str, admin: AdminSession, **about: int) -> ResponseReturnValue:
    """Lead back; after what the worker has to do, to a page that waits for it."""
    log.info("decided", what=what, by=admin.caller, **about)
    order = about.get("order_id") if what in FOLLOWED else None
    customer = whole_number(checked_form(BackForm).back)
    if customer:
        return redirect(
            url_for("credits_account.show_account", user_id=customer, done=what, order=order), 303
        )
    return redirect(url_for("status.show_status", done=what, order=order), 303)
