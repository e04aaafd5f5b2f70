"""Whether usage would be allowed now, and what it would cost. Writes nothing."""

from collections.abc import Collection
from dataclasses import dataclass

from bridge.domain.decisions import Decision, Spendable, decide
from bridge.domain.ids import Actor, Credits
from bridge.domain.notices import ActionKind, Notice, make_notice
from bridge.domain.pricing import Price, Usage, price_usage
from bridge.domain.quotas import Context, Module
from bridge.domain.site import Site
from bridge.services.spending.read_user import read_guest, read_user
from bridge.services.spending.spend import check_context
from bridge.store.db import Database


@dataclass(frozen=True, slots=True)
class Check:
    """The decision with the figures it was made from."""

    decision: Decision
    price: Price
    balance: Credits
    spendable: Spendable
    notice: Notice | None  # only with a denial


def check_usage(
    db: Database,
    site: Site,
    actor: Actor,
    context: Context,
    usage: Usage,
    *,
    enabled: Collection[Module],
) -> Check:
    """
    Decide about usage as it stands now (R16 to R19).

    Raises:
        ModuleDisabledError: The site does not meter the module.
        InvalidInputError: The context is no published chatbot.
        UnknownUserError: WordPress has no such user.
        UsageUnreadableError: Nothing says how much was used.
    """
    check_context(site, context, enabled)
    price = price_usage(context.module, usage, site.prices)
    with db.reading() as tx:
        if actor.user_id is None:
            account = read_guest(tx, site, actor.session_id, [context])
        else:
            account = read_user(tx, site, actor.user_id, [context]).account
    spendable = account.spendable(context)
    decision = decide(price.credits, spendable)
    notice = None if decision.allowed else notice_of(site, context)
    return Check(decision, price, account.funds.balance, spendable, notice)


def notice_of(site: Site, context: Context) -> Notice:
    """Return what a visitor is told who is denied."""
    return make_notice(site.notice_of(context), _pages(site))


def _pages(site: Site) -> dict[ActionKind, str]:
    return {
        ActionKind.BUY_CREDITS: site.shop_page_url,
        ActionKind.DASHBOARD: site.dashboard_url,
    }
