"""An account as people and programs see it: figures, quotas, purchases, ledger. Reads only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from bridge.domain.ids import Credits, UserId
from bridge.domain.quotas import LimitSettings, Module, Quota
from bridge.services.paging import Page, encode_cursor
from bridge.services.read_user import UserFigures, read_user
from bridge.store import ledger, purchases
from bridge.store.db import Database
from bridge.store.ledger import LedgerRow
from bridge.store.peer_plugin import Context
from bridge.store.purchases import Purchase
from bridge.store.wp_options import Site

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModuleUsage:
    """One row: a chatbot or one of the two other modules."""

    module: Module
    context_id: int | None  # chatbot post id; None for the others
    title: str  # the chatbot's; empty for the others, which people call by the module's name
    quota: Quota


@dataclass(frozen=True, slots=True)
class AccountView:
    """What one user owns and has used, at ``at`` (the database's clock)."""

    user_id: UserId
    name: str
    balance: int  # below 0 while in debt
    held: Credits
    available: Credits
    modules: tuple[ModuleUsage, ...]
    at: datetime


def view_account(
    db: Database, site: Site, user_id: int, *, enabled: Collection[Module]
) -> AccountView:
    """
    Return an account; one who owns nothing has zeros.

    Chatbots without a limit and without usage are left out.

    Raises:
        UnknownUserError: WordPress has no such user.
    """
    places = [place for place in _places(site) if place.context.module in enabled]
    with db.reading() as tx:
        user = read_user(tx, site, user_id, [place.context for place in places])
    usages = [_usage(place, user, site) for place in places]
    return AccountView(
        user_id=user.profile.user_id,
        name=user.profile.name,
        balance=user.account.funds.balance,
        held=user.account.held,
        available=user.account.available,
        modules=tuple(usage for usage in usages if _is_shown(usage)),
        at=user.profile.read_at,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    context: Context
    title: str
    limits: LimitSettings


def _places(site: Site) -> list[_Place]:
    bots = [
        _Place(Context(Module.CHAT, bot.bot_id), bot.title, bot.limits) for bot in site.chatbots
    ]
    others = [
        _Place(Context(module), "", site.module_limits[module])
        for module in (Module.AI_FORMS, Module.IMAGE_GENERATOR)
    ]
    return bots + others


def _usage(place: _Place, user: UserFigures, site: Site) -> ModuleUsage:
    quota = user.quota(site, place.context, place.limits)
    return ModuleUsage(place.context.module, place.context.bot_id, place.title, quota)


def _is_shown(usage: ModuleUsage) -> bool:
    is_bot = usage.module is Module.CHAT
    return not is_bot or usage.quota.limit is not None or usage.quota.used > 0


def list_purchases(
    db: Database, user_id: UserId, *, before: tuple[datetime, int] | None, limit: int
) -> Page[Purchase]:
    """Return what was booked for the user's orders, newest first."""
    with db.reading() as tx:
        found = purchases.list_purchases(tx, user_id, before=before, limit=limit + 1)
    return _page(found, limit, [(p.at, p.order_id) for p in found])


def list_ledger(
    db: Database, user_id: UserId, *, before: tuple[datetime, int] | None, limit: int
) -> Page[LedgerRow]:
    """Return the user's ledger rows, newest first."""
    with db.reading() as tx:
        found = ledger.list_entries(tx, user_id, before=before, limit=limit + 1)
    return _page(found, limit, [(row.at, row.entry_id) for row in found])


def _page(found: Sequence[T], limit: int, places: Sequence[tuple[datetime, int]]) -> Page[T]:
    cursor = encode_cursor(*places[limit - 1]) if len(found) > limit else None
    return Page(tuple(found[:limit]), cursor)
