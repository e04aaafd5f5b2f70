"""An account's money side: stored balance, debt, and the rows that explain every change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.domain.errors import BalanceTooLargeError
from bridge.domain.ids import MAX_BALANCE, Credits, UserId
from bridge.domain.sentences import Sentence

MAX_REASON = 500
"""Characters of why a person changed a balance."""


@dataclass(frozen=True, slots=True)
class Funds:
    """What an account owns: both figures >= 0, and one of them 0 unless others wrote."""

    stored: Credits  # usermeta `_aipkit_token_balance`, effective value
    debt: Credits = Credits(0)

    @property
    def balance(self) -> Credits:
        """The balance that ledger rows and the API speak of: below 0 while in debt."""
        return Credits(self.stored - self.debt)


class EntryType(StrEnum):
    """What moved credits; the peer may write others."""

    USAGE = "usage"
    PURCHASE = "purchase"
    REFUND = "refund"
    BY_HAND = "admin_adjustment"


class ContextType(StrEnum):
    """What `context_id` is the id of."""

    CHATBOT = "chatbot"
    AI_FORM = "ai_form"
    MODULE = "module"
    ORDER = "order"
    BY_HAND = "manual"


class ReferenceType(StrEnum):
    """What `reference_id` is the name of."""

    NONE = ""
    ORDER = "woocommerce_order"
    AI_FORM = "ai_form"
    CALLER = "caller"  # whatever the back end that reported a use calls it
    BY_HAND = "manual"  # who changed the balance


ORDERS = "woocommerce"
BY_HAND = "credits"
"""What stands for the module in rows of orders, and of changes by hand."""


TEXT_LENGTHS: Mapping[str, int] = {
    "actor_type": 16,
    "session_id": 64,
    "module": 50,
    "context_type": 32,
    "provider": 50,
    "model": 191,
    "operation": 50,
    "entry_type": 32,
    "reference_type": 32,
    "reference_id": 191,
    "idempotency_key": 191,
}
"""What the ledger's columns hold, in characters (AI Puffer made them)."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A row to append, in the peer plugin's shapes. Empty strings mean NULL."""

    user_id: UserId | None  # None: a guest's
    entry_type: EntryType
    operation: str
    module: str
    context_type: ContextType
    context_id: int | None
    credits_delta: Credits
    usage_total_units: int
    reference_type: ReferenceType
    reference_id: str
    idempotency_key: str | None
    meta: Mapping[str, object]
    session_id: str = ""
    provider: str = ""
    model: str = ""
    usage_input_units: int = 0
    usage_output_units: int = 0


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """
    One row as read back, with whatever words its writer has for what it is.

    ``meta`` is empty where it is missing or garbled.
    """

    entry_id: int
    at: datetime
    entry_type: str
    operation: str
    credits_delta: Credits
    module: str
    context_type: str
    context_id: int | None
    provider: str
    model: str
    priced_units: int
    reference_type: str
    reference_id: str
    meta: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """A row of some user's that a person looks for."""

    entry_id: int
    user_id: UserId
    at: datetime
    credits_delta: Credits
    reference: str


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which rows; an empty text means all."""

    entry_type: str = ""
    module: str = ""


def entry_name(entry_id: int) -> str:
    """Return a row's id as callers see it."""
    return f"led_{entry_id}"


def pay_debt(funds: Funds) -> Funds:
    """Let what another writer credited to an account in debt pay the debt (R8)."""
    if funds.debt == 0:
        return funds
    paid = min(funds.stored, funds.debt)
    return Funds(Credits(funds.stored - paid), Credits(funds.debt - paid))


def apply_delta(funds: Funds, delta: Credits) -> Funds:
    """
    Return the funds after a signed change.

    Debt is paid first out of any credit; a debit beyond the stored balance becomes debt (the
    caller decides beforehand whether it may).

    Raises:
        BalanceTooLargeError: The stored balance would pass 2**63 - 1.
    """
    if delta >= 0:
        paid = min(funds.debt, delta)
        stored = funds.stored + delta - paid
        if stored > MAX_BALANCE:
            raise BalanceTooLargeError(
                Sentence(
                    "The balance would grow beyond what WordPress can store; lower it by hand "
                    "first."
                )
            )
        return Funds(Credits(stored), Credits(funds.debt - paid))
    taken = min(funds.stored, -delta)
    return Funds(Credits(funds.stored - taken), Credits(funds.debt - delta - taken))
