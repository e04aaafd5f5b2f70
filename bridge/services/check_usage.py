"""Whether usage would be allowed now, and what it would cost. Writes nothing."""

from collections.abc import Collection
from dataclasses import dataclass

from bridge.domain.decisions import Decision, Spendable, decide
from bridge.domain.errors import BridgeError, InvalidInputError
from bridge.domain.ids import Credits, UserId
from bridge.domain.notices import ActionKind, Notice, make_notice
from bridge.domain.pricing import Price, Usage, price_usage
from bridge.domain.quotas import LimitSettings, Module, guest_limit, quota_at
from bridge.services.read_user import read_user
from bridge.store import guests
from bridge.store.db import Database, Tx
from bridge.store.peer_plugin import Context
from bridge.store.wp_options import Site


class ModuleDisabledError(BridgeError):
    """The module is not metered on this site (`modules.enabled`)."""

    code = "module_disabled"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who uses: a WordPress user, or a guest by session id (lower case)."""

    user_id: UserId | None = None
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision with the figures it was made from."""

    decision: Decision
    price: Price
    balance: int
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
) -> Answer:
    """
    Decide about usage as it stands now (CONTRACT section 3, rules 4 to 6).

    Raises:
        ModuleDisabledError: The site does not meter the module.
        InvalidInputError: The context is no published chatbot.
        UnknownUserError: WordPress has no such user.
        UsageUnreadableError: Nothing says how much was used.
    """
    if context.module not in enabled:
        raise ModuleDisabledError(f"module: {context.module} is not metered on this site.")
    limits = limits_of(site, context)
    price = price_usage(context.module, usage, site.price_rules)
    with db.reading() as tx:
        balance, spendable = _read(tx, site, actor, context, limits)
    decision = decide(price.credits, spendable)
    notice = None if decision.allowed else make_notice(limits.notice, _pages(site))
    return Answer(decision, price, balance, spendable, notice)


def limits_of(site: Site, context: Context) -> LimitSettings:
    """Return the limits of a module or chatbot; raises InvalidInputError for no chatbot."""
    if context.module is not Module.CHAT:
        return site.module_limits[context.module]
    for bot in site.chatbots:
        if bot.bot_id == context.bot_id:
            return bot.limits
    raise InvalidInputError("context_id: for chat, the id of a published chatbot.")


def _read(
    tx: Tx, site: Site, actor: Actor, context: Context, limits: LimitSettings
) -> tuple[int, Spendable]:
    if actor.user_id is None:
        counter = guests.read_guest_counter(tx, actor.session_id, context)
        limit = guest_limit(limits)
        quota = quota_at(tx.now(), counter, limit, limits.period, site.calendar)
        return 0, Spendable(Credits(0), quota)
    user = read_user(tx, site, actor.user_id, [context])
    spendable = Spendable(user.account.available, user.quota(site, context, limits))
    return user.account.funds.balance, spendable


def _pages(site: Site) -> dict[ActionKind, str]:
    return {
        ActionKind.BUY_CREDITS: site.shop_page_url,
        ActionKind.DASHBOARD: site.dashboard_url,
    }
