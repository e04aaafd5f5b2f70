"""Recording usage: what was used is booked, whatever the limits say (R20)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.domain.accounts import Account
from bridge.domain.decisions import Split
from bridge.domain.errors import BridgeError, InvalidInputError
from bridge.domain.ids import Actor, Credits
from bridge.domain.pricing import Usage, price_usage
from bridge.domain.quotas import Context, Module
from bridge.domain.site import Site
from bridge.domain.usage_entries import Charge
from bridge.services.spending.book import Operation
from bridge.services.spending.idempotency import Answer, AnswerKind, RequestKey


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
class Record(Operation):
    """One use to be booked."""

    charge: Charge

    def decide(self, account: Account) -> Answer:
        """Book it."""
        rows = len(account.entries)
        parts = account.book(self.charge)
        body = booked_body(self.charge.price.credits, parts, account.funds.balance)
        return Answer(AnswerKind.RECORDED, body, account.entry_since(rows))


def prepare_record(
    site: Site,
    actor: Actor,
    context: Context,
    usage: Usage,
    *,
    key: RequestKey,
    reference: str = "",
    metadata: Mapping[str, object] | None = None,
) -> Record:
    """
    Price a use at today's rules, for booking.

    Raises:
        UsageUnreadableError: Nothing says how much was used.
        PriceTooLargeError: It is more than any balance can be.
    """
    price = price_usage(context.module, usage, site.prices)
    charge = Charge(actor, context, usage, price, reference, metadata)
    return Record(actor=actor, contexts=(context,), key=key, charge=charge)


def booked_body(price: Credits, parts: Split, balance_after: Credits) -> dict[str, Any]:
    """Return what a booking answers; `entry_id` is filled in once the row has its id."""
    return {
        "entry_id": None,
        "billed_credits": price,
        "from_balance": parts.from_balance,
        "from_quota": parts.from_quota,
        "uncovered": parts.uncovered,
        "balance_after": balance_after,
    }
