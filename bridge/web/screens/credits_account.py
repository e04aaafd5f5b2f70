"""`/admin/credits/{user}`: one account, its history, and what an admin can change of it."""

from datetime import datetime

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from bridge.domain.answers import Adjusted, UsageReset
from bridge.domain.counter_entries import RESET, counter_entry
from bridge.domain.errors import BridgeError
from bridge.domain.grants import BookingKind
from bridge.domain.ids import whole_number
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
from bridge.web.screens import ledger_words, status_words
from bridge.web.screens.admin import AdminSession, require_admin
from bridge.web.screens.credits_forms import (
    BalanceForm,
    ResetForm,
    UndoForm,
    book_balance,
    book_reset,
    book_undo,
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
    RESET: mark("usage reset"),
}
_PAID = ("completed", "processing", "refunded")
"""Statuses of orders that WooCommerce gives when the money is there."""
_PLACES = ("balance", "modules", "ledger")
"""Where the page tells what was booked."""
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
    return respond(told) if wants_json() else _tell(user_id, told.answer)


@bp.post("/<int:user_id>/reset")
def reset(user_id: int) -> ResponseReturnValue:
    """Let the counter of a chatbot or module begin at 0, or all."""
    told = book_reset(require_admin(), user_id, checked_form(ResetForm))
    if isinstance(told.answer, UsageReset):  # of a form that was sent before resets had rows
        address = url_for(
            "credits_account.show_account", user_id=user_id, done="reset", _anchor="modules"
        )
        return redirect(address, 303)
    return _tell(user_id, told.answer, "modules")


@bp.post("/<int:user_id>/entries/<int:entry_id>/undo")
def undo_entry(user_id: int, entry_id: int) -> ResponseReturnValue:
    """Take a row of the ledger back."""
    admin, form = require_admin(), checked_form(UndoForm)
    told = book_undo(admin, user_id, entry_id, form)
    if wants_json():
        return respond(told)
    return _tell(user_id, told.answer, form.place if form.place in _PLACES else _PLACES[0])


def _tell(user_id: int, told: Adjusted, place: str = "balance") -> ResponseReturnValue:
    """Lead to the account, which says at *place* what was booked: reloading repeats nothing."""
    address = url_for(
        "credits_account.show_account",
        user_id=user_id,
        booked=told.entry_id,
        at=place,
        _anchor="booked",
    )
    return redirect(address, 303)


def _page(
    admin: AdminSession,
    user_id: int,
    form: BalanceForm | None = None,
    refusal: BridgeError | None = None,
) -> Response:
    bridge, part = get_bridge(), _part()
    news = read_news()  # before the account, which then knows at least as much
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
        place=request.args.get("at", _PLACES[0]),
        said=ledger_words.said,
        details=ledger_words.details,
        counter_entry=counter_entry,
        news=news,
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
    booked = whole_number(request.args.get("booked", ""))
    return HistoryPage(number, LedgerFilter(**words), before, booked)
