"""`/v1/accounts/{user}` and its lists: what an account owns, bought and had booked."""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from bridge.domain.account_queries import parse_query
from bridge.domain.ledger import LedgerRow, entry_name
from bridge.domain.purchases import Purchase
from bridge.domain.quotas import Module
from bridge.services.accounts.list_accounts import AccountItem, AccountPage, list_accounts
from bridge.services.accounts.view_account import (
    AccountView,
    list_ledger,
    list_purchases,
    view_account,
)
from bridge.web.http.auth import require, require_back_end
from bridge.web.http.deps import get_bridge
from bridge.web.http.parsing import page_arguments, page_limit, to_user_id
from bridge.web.http.sending import send_json
from bridge.web.http.values import instant, module_json, page_json

bp = Blueprint("accounts", __name__, url_prefix="/v1/accounts")


@bp.get("")
def show_list() -> ResponseReturnValue:
    """Return users who own or have used credits, searched, sorted and filtered."""
    require_back_end("read")
    given = {name: request.args.get(name, "") for name in ("search", "sort", "order")}
    query = parse_query(**given, filter_text=request.args.get("filter", ""))
    bridge = get_bridge()
    cursor, limit = request.args.get("cursor", ""), page_limit()
    page = list_accounts(bridge.db, bridge.site.get(), query, cursor=cursor, limit=limit)
    return send_json(_list(page, bridge.settings.modules.enabled))


@bp.get("/<int:user_id>")
def show_account(user_id: int) -> ResponseReturnValue:
    """Return balance and quotas; a token sees its own user only."""
    return send_json(_account(_view(user_id)))


@bp.get("/<int:user_id>/purchases")
def show_purchases(user_id: int) -> ResponseReturnValue:
    """Return what was booked for the user's orders, newest first."""
    user = _view(user_id).user_id
    before, limit = page_arguments(datetime)
    page = list_purchases(get_bridge().db, user, before=before, limit=limit)
    return send_json(page_json(page, _purchase))


@bp.get("/<int:user_id>/ledger")
def show_ledger(user_id: int) -> ResponseReturnValue:
    """Return the user's ledger rows, newest first."""
    view = _view(user_id)
    before, limit = page_arguments(datetime)
    bridge = get_bridge()
    page = list_ledger(bridge.db, view.user_id, before=before, limit=limit)
    titles = {bot.bot_id: bot.title for bot in bridge.site.get().chatbots}
    return send_json(page_json(page, partial(_entry, titles=titles)))


def _view(user_id: int) -> AccountView:
    require("read").may_see(user_id)
    bridge = get_bridge()
    enabled = bridge.settings.modules.enabled
    return view_account(bridge.db, bridge.site.get(), to_user_id(user_id), enabled=enabled)


def _list(page: AccountPage, enabled: Collection[Module]) -> dict[str, Any]:
    minimum = {"total_is_minimum": True} if page.total_is_minimum else {}
    return {
        "items": [_listed(item, enabled) for item in page.items],
        "total": page.total,
        **minimum,
        "next_cursor": page.next_cursor,
    }


def _listed(item: AccountItem, enabled: Collection[Module]) -> dict[str, Any]:
    return {
        "user_id": item.user_id,
        "name": item.name,
        "email": item.email,
        "balance": item.balance,
        "used": {module: used for module, used in item.used.items() if module in enabled},
        "last_purchase_at": instant(item.last_purchase_at),
        "last_activity_at": instant(item.last_activity_at),
    }


def _account(view: AccountView) -> dict[str, Any]:
    return {
        "user_id": view.user_id,
        "balance": view.balance,
        "held": view.held,
        "available": view.available,
        "modules": [module_json(usage) for usage in view.modules],
    }


def _purchase(item: Purchase) -> dict[str, Any]:
    return {
        "order_id": item.order_id,
        "order_number": item.order_number,
        "at": instant(item.at),
        "lines": [
            {"name": line.name, "quantity": line.quantity, "credits": line.credits}
            for line in item.lines
        ],
        "granted": item.granted,
        "reversed": item.reversed,
        "shortfall": item.shortfall,
        "status": item.status,
    }


def _entry(row: LedgerRow, titles: dict[int, str]) -> dict[str, Any]:
    return {
        "id": entry_name(row.entry_id),
        "at": instant(row.at),
        "entry_type": row.entry_type,
        "operation": row.operation,
        "credits_delta": row.credits_delta,
        "balance_after": row.meta.get("balance_after"),
        "module": row.module,
        "context_id": row.context_id if row.module == "chat" else None,
        "title": titles.get(row.context_id or 0, "") if row.module == "chat" else "",
        "provider": row.provider,
        "model": row.model,
        "priced_units": row.priced_units,
        "reference": {"type": row.reference_type, "id": row.reference_id},
        "actor": row.meta.get("admin_id") or row.reference_id or None,
        "reason": row.meta.get("reason"),
    }
