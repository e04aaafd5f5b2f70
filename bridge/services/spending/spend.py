"""Recording usage: what was used is booked, whatever the limits say (R20)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.domain.accounts import Account
from bridge.domain.answers import Booked
from bridge.domain.errors import BridgeError, InvalidInputError
from bridge.domain.ids import Actor
from bridge.domain.pricing import Usage, price_usage
from bridge.domain.quotas import Context, Module
from bridge.domain.site import Site
from bridge.domain.usage_entries import Charge
from bridge.services.spending.book import Operation
from bridge.services.spending.idempotency import RequestKey
from bridge.services.spending.outcomes import PendingAnswer


class ModuleDisabledError(BridgeError):
    """The module is not metered on this site (`modules.enabled`)."""

    code = "module_disabled"


def check_context(site: Site, context: Context, enabled: Collection[Module]) -> None:
    """
    Do nothing if usage is metered there.

    Raises:
        ModuleDisabledError: The site does not meter the module.
        InvalidInputError: The context is no published chatbot.
    """
    if context.module not in enabled:
        raise ModuleDisabledError(f"module: {context.module} is not metered on this site.")
    if context not in site.limits:
        raise InvalidInputError("context_id: for chat, the id of a published chatbot.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUse(Operation[Booked]):
    """One use to be booked."""

    charge: Charge

    def decide(self, account: Account) -> PendingAnswer[Booked]:
        """Book it."""
        rows = len(account.entries)
        parts = account.book(self.charge)
        payment = parts.payment(self.charge.price.credits, account.funds.balance)
        return PendingAnswer(lambda entry_id: Booked(entry_id, payment), account.entry_since(rows))


def prepare_record(
    site: Site,
    actor: Actor,
    context: Context,
    usage: Usage,
    *,
    enabled: Collection[Module],
    key: RequestKey,
    reference: str = "",
    metadata: Mapping[str, object] | None = None,
) -> RecordUse:
    """
    Price a use at today's rules, for booking.

    Raises:
        ModuleDisabledError: The site does not meter the module.
        InvalidInputError: The context is no published chatbot.
        UsageUnreadableError: Nothing says how much was used.
        PriceTooLargeError: It is more than any balance can be.
    """
    check_context(site, context, enabled)
    price = price_usage(context.module, usage, site.prices)
    charge = Charge(actor, context, usage, price, reference, metadata)
    return RecordUse(actor=actor, contexts=(context,), key=key, charge=charge)
