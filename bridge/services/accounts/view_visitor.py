"""What a visitor is shown of their account, read only where it is not what was shown before."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.activity import ActivityItem
from bridge.domain.errors import UnknownUserError
from bridge.domain.ids import Credits, UserId
from bridge.domain.paging import Page
from bridge.domain.periods import Period, next_turn
from bridge.domain.purchases import Purchase
from bridge.domain.quotas import Context, Module
from bridge.domain.site import Site
from bridge.services.accounts.kept_fragments import Fragment
from bridge.services.accounts.page_activity import read_activity
from bridge.services.accounts.page_purchases import ask_page
from bridge.services.accounts.view_account import AccountView, account_view, places_of
from bridge.services.accounts.view_days import DaysQuestion, DayUse
from bridge.services.group_read import GroupRead
from bridge.services.spending.read_user import user_figures
from bridge.store import holds
from bridge.store.account_reads import AccountFacts, FactRows, read_facts
from bridge.store.db import Database
from bridge.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Activity:
    """A page of what was done in one context."""

    context: Context
    title: str  # the chatbot's, as in `ModuleUsage`
    page: Page[ActivityItem]


@dataclass(frozen=True, slots=True)
class VisitParts:
    """Which parts of an account a page shows."""

    modules: Collection[Module]
    purchases: int | None  # which page of them
    activity: tuple[Context, int] | None  # where, and which page


@dataclass(frozen=True, slots=True)
class VisitorView:
    """An account with the parts that are wanted of it."""

    account: AccountView
    last_package: Credits  # the last order's of which anything is left to have; 0 without one
    purchases: Page[Purchase] | None
    activity: Activity | None
    days: tuple[DayUse, ...]  # the last ones; empty: none is known, or nothing was used
    stands_until: datetime | None  # by the database's clock; None: time changes nothing


@dataclass(frozen=True, slots=True)
class Visit:
    """The account at one moment; ``view`` None: what is kept shows it."""

    at: datetime  # by the database's clock
    facts: bytes  # the digest of the rows that were found
    version: str
    view: VisitorView | None


class FactsReader(GroupRead[int, FactRows]):
    """Reads the facts of all visitors who ask at one moment."""

    def __init__(self, db: Database) -> None:
        """Read nothing yet."""

        def read(user_ids: Collection[int]) -> Mapping[int, FactRows]:
            with db.reading() as tx:
                return read_facts(tx, user_ids)

        super().__init__(read)


def visit(
    db: Database,
    reader: FactsReader,
    site: Site,
    user_id: int,
    *,
    kept: Fragment | None,
    wanted: Callable[[], VisitParts],
) -> Visit:
    """
    Return the account, unless *kept* shows it as it is.

    The facts are read first: what is made of all that is read behind them may be newer than its
    version, and is then made again, but never older. Another connection may read them, since
    a node of a cluster reads nothing before it has what the cluster had (`store.connections`).

    Raises:
        UnknownUserError: WordPress has no such user.
    """
    rows = reader.get(user_id)
    if rows is None:
        raise UnknownUserError(f"There is no user {user_id}.")
    at, digest = rows.read_at, rows.digest
    if kept is not None and kept.shows(digest, at):
        return Visit(at, digest, kept.version, None)
    facts = rows.facts()
    with db.reading() as tx:
        view = _view(tx, site, facts, wanted())
    return Visit(at, digest, facts.version(site.version), view)


def view_activity(
    db: Database, site: Site, user_id: UserId, context: Context, page: int
) -> Activity:
    """Return a page of what a user did in one context."""
    with db.reading() as tx:
        return _activity(tx, site, user_id, context, page)


def _view(tx: Tx, site: Site, facts: AccountFacts, wanted: VisitParts) -> VisitorView:
    places = places_of(site, wanted.modules)
    account = account_view(user_figures(tx, site, facts.account, list(places)), places)
    user_id, now = account.user_id, account.at
    days = DaysQuestion(site.calendar, user_id, wanted.modules, now)
    asked = [days.query] if facts.entry_id and wanted.modules else []
    pages = [ask_page(tx, user_id, 1)] if account.balance > 0 or wanted.purchases == 1 else []
    told = tx.ask_together(*asked, *pages) if asked or pages else []
    use, newest = days.read(tx, told[0]) if asked else (), told[-1] if pages else None
    purchases = newest if wanted.purchases == 1 else None
    if wanted.purchases is not None and wanted.purchases != 1:
        purchases = tx.ask(ask_page(tx, user_id, wanted.purchases))
    return VisitorView(
        account,
        _last_package(newest),
        purchases,
        _activity(tx, site, user_id, *wanted.activity) if wanted.activity else None,
        use,
        _stands_until(tx, site, facts, turns_daily=bool(use)),
    )


def _activity(tx: Tx, site: Site, user_id: UserId, context: Context, number: int) -> Activity:
    titles = (bot.title for bot in site.chatbots if bot.bot_id == context.bot_id)
    return Activity(context, next(titles, ""), read_activity(tx, user_id, context, number))


def _last_package(newest: Page[Purchase] | None) -> Credits:
    items = newest.items if newest else ()
    return next((one.granted for one in items if one.granted > one.reversed), Credits(0))


def _stands_until(
    tx: Tx, site: Site, facts: AccountFacts, *, turns_daily: bool
) -> datetime | None:
    """Return when the first period turns, or the first hold ends."""
    now = facts.account.read_at
    periods = {limits.period for limits in site.limits.values()}
    if turns_daily:
        periods.add(Period.DAILY)
    moments = [next_turn(now, period, site.calendar) for period in periods]
    if facts.account.open_holds:
        moments.append(holds.next_end(tx, facts.account.user_id, now))
    return min((moment for moment in moments if moment is not None), default=None)
