"""`/admin/credits/{user}`: one account, its history, and what an admin can change of it."""

from datetime import datetime

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import BridgeError
from bridge.domain.grants import BookingKind
from bridge.domain.ledger import EntryType, LedgerFilter
from bridge.domain.paging import read_cursor
from bridge.domain.sentences import Sentence
from bridge.domain.usage_entries import HOLD_ADJUSTED, HOLD_EXPIRED
from bridge.services.accounts.page_purchases import LAST_PAGE
from bridge.services.accounts.view_customer import HistoryPage, view_customer
from bridge.services.spending.adjust import BalanceChangedError
from bridge.web.http.answers import respond
from bridge.web.http.deps import get_bridge
from bridge.web.http.formatting import mark
from bridge.web.http.links import url_for
from bridge.web.http.parsing import checked_form, page_number, to_user_id
from bridge.web.http.reader import say, say_error
from bridge.web.http.words import ORDER_STATUSES
from bridge.web.screens import status_words
from bridge.web.screens.admin import AdminSession, require_admin
from bridge.web.screens.credits_forms import (
    BalanceForm,
    ResetForm,
    book_balance,
    book_reset,
)
from bridge.web.screens.frame import init_screens, new_key, render, wants_json
from bridge.web.screens.order_news import read_news

bp = Blueprint("credits_account", __name__, url_prefix="/admin/credits")
init_screens(bp)

_ENTRY_TYPES = {
    EntryType.USAGE: mark("Usage"),
    EntryType.PURCHASE: mark("Purchase"),
    EntryType.REFUND: mark("Refund"),
    EntryType.BY_HAND: mark("By hand"),
}
_OPERATIONS = {
    BookingKind.REGRANT: mark("granted again"),
    BookingKind.CLAWBACK: mark("taken back"),
    HOLD_EXPIRED: mark("hold expired"),
    HOLD_ADJUSTED: mark("hold adjusted"),
}
_DONE = {"saved": mark("Saved."), "reset": mark("The usage was reset.")}
_PAID = ("completed", "processing", "refunded")
"""Statuses of orders that WooCommerce gives when the money is there."""
_MAX_WORD = 50


@bp.get("/<int:user_id>")
def show_account(user_id: int) -> ResponseReturnValue:
    """Show an account."""
    return _page(require_admin(), user_id)


@bp.post("/<int:user_id>/balance")
def change_balance(user_id: int) -> ResponseReturnValue:
    """Set a balance, if it still is what the form showed."""
    admin, form = require_admin(), checked_form(BalanceForm)
    try:
        told = book_balance(admin, user_id, form)
    except BridgeError as error:
        if wants_json():
            raise
        return _page(admin, user_id, form, error)
    return respond(told) if wants_json() else _back(user_id, "saved", "balance")


@bp.post("/<int:user_id>/reset")
def reset(user_id: int) -> ResponseReturnValue:
    """Let the counter of a chatbot or module begin at 0, or all."""
    book_reset(require_admin(), user_id, checked_form(ResetForm))
    return _back(user_id, "reset", "modules")


def _back(user_id: int, done: str, anchor: str) -> ResponseReturnValue:
    """Lead to the account, so that to reload the page repeats nothing."""
    address = url_for("credits_account.show_account", user_id=user_id, done=done, _anchor=anchor)
    return redirect(address, 303)


def _page(
    admin: AdminSession,
    user_id: int,
    form: BalanceForm | None = None,
    refusal: BridgeError | None = None,
) -> Response:
    bridge, part = get_bridge(), _part()
    site, enabled = bridge.site.get(), bridge.settings.modules.enabled
    view = view_customer(bridge.db, site, to_user_id(user_id), enabled=enabled, part=part)
    return render(
        "admin/credits_account.html",
        site,
        admin=admin,
        view=view,
        account=view.account,
        part=part,
        form=form,
        refusal=refusal,
        refusal_text=_refusal(refusal) if refusal else "",
        done=_DONE.get(request.args.get("done", ""), ""),
        news=read_news(),
        words=status_words,
        paid_statuses=_PAID,
        final_statuses=bridge.settings.grants.statuses,
        titles={bot.bot_id: bot.title for bot in site.chatbots},
        entry_types=_ENTRY_TYPES,
        operations=_OPERATIONS,
        order_statuses=ORDER_STATUSES,
        new_key=new_key,
    )


def _refusal(error: BridgeError) -> str:
    if isinstance(error, BalanceChangedError):
        return say(
            Sentence(
                "Somebody changed the balance meanwhile: it is {balance:,} now. "
                "What you typed is still here: save again if it is still right.",
                balance=error.balance,
            )
        )
    return say_error(error)


def _part() -> HistoryPage:
    words = {name: request.args.get(name, "")[:_MAX_WORD] for name in ("entry_type", "module")}
    number = page_number(request.args.get("purchases"), LAST_PAGE) or 1
    before = read_cursor(request.args.get("before", ""), datetime)
    return HistoryPage(number, LedgerFilter(**words), before)
