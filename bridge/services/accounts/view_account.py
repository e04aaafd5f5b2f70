"""An account as people and programs see it: figures, quotas, purchases, ledger. Reads only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.accounts import Account
from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Credits, UserId, whole_number
from bridge.domain.ledger import LedgerFilter, LedgerRow
from bridge.domain.paging import Cursor, Page, page_of
from bridge.domain.purchases import Purchase
from bridge.domain.quotas import Context, Module, Quota
from bridge.domain.sentences import Sentence
from bridge.domain.site import Site
from bridge.services.spending.read_user import UserFigures, read_guest, read_user
from bridge.store import ledger, purchases, wp_users
from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class ModuleUsage:
    """One row: a chatbot or one of the two other modules."""

    module: Module
    context_id: int | None  # chatbot post id; None for the others
    title: str  # the chatbot's; empty for the others, which people call by the module's name
    quota: Quota

    @property
    def context(self) -> Context:
        """The counter's place."""
        return Context(self.module, self.context_id)


@dataclass(frozen=True, slots=True)
class AccountView:
    """What one user owns and has used, at ``at`` (the database's clock)."""

    user_id: UserId
    name: str
    balance: Credits  # below 0 while in debt
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
    places = places_of(site, enabled)
    with db.reading() as tx:
        user = read_user(tx, site, user_id, list(places))
    return account_view(user, places)


def account_view(user: UserFigures, places: Mapping[Context, str]) -> AccountView:
    """Return the account of *user*, at the *places* that `places_of` gave."""
    account = user.account
    return AccountView(
        user_id=user.user_id,
        name=user.name,
        balance=account.funds.balance,
        held=Credits(account.held),
        available=account.available,
        modules=_usages(places, account),
        at=account.now,
    )


def view_guest(
    db: Database, site: Site, session_id: str, *, enabled: Collection[Module]
) -> tuple[ModuleUsage, ...]:
    """Return what a guest has used of what; chatbots as in `view_account`."""
    places = places_of(site, enabled)
    with db.reading() as tx:
        account = read_guest(tx, site, session_id, list(places))
    return _usages(places, account)


def places_of(site: Site, enabled: Collection[Module]) -> dict[Context, str]:
    """Return the contexts to show with their titles: chatbots by title, then the modules."""
    bots = {Context(Module.CHAT, bot.bot_id): bot.title for bot in site.chatbots}
    others = {Context(module): "" for module in (Module.AI_FORMS, Module.IMAGE_GENERATOR)}
    return {place: title for place, title in (bots | others).items() if place.module in enabled}


def _usages(places: Mapping[Context, str], account: Account) -> tuple[ModuleUsage, ...]:
    usages = (
        ModuleUsage(context.module, context.bot_id, title, account.quota(context))
        for context, title in places.items()
    )
    return tuple(usage for usage in usages if _is_shown(usage))


def _is_shown(usage: ModuleUsage) -> bool:
    is_bot = usage.module is Module.CHAT
    return not is_bot or usage.quota.limit is not None or usage.quota.used > 0


def list_purchases(
    db: Database, user_id: UserId, *, before: Cursor[datetime] | None, limit: int
) -> Page[Purchase]:
    """Return what was booked for the user's orders, newest first."""
    with db.reading() as tx:
        found = tx.ask(purchases.ask_purchases(tx, user_id, before=before, limit=limit + 1))
    return page_of(found, limit, lambda one: Cursor(one.at, one.order_id))


def list_ledger(
    db: Database,
    user_id: UserId,
    *,
    before: Cursor[datetime] | None,
    limit: int,
    wanted: LedgerFilter = LedgerFilter(),
) -> Page[LedgerRow]:
    """Return the user's ledger rows, newest first."""
    with db.reading() as tx:
        found = ledger.list_entries(tx, user_id, before=before, limit=limit + 1, wanted=wanted)
    return page_of(found, limit, lambda row: Cursor(row.at, row.entry_id))


def find_user(db: Database, called: str) -> UserId:
    """
    Return the user with this id, login or e-mail address; digits are an id.

    Raises:
        InvalidInputError: There is none, or more than one.
    """
    number = whole_number(called)
    if number is not None:
        return UserId(number)
    with db.reading() as tx:
        found = wp_users.find_called(tx, called)
    if len(found) > 1:
        raise InvalidInputError(
            Sentence("user: more than one is called {called}; give the id.", called=called)
        )
    if not found:
        raise InvalidInputError(
            Sentence("user: nobody has the login or e-mail address {called}.", called=called)
        )
    return found[0]
