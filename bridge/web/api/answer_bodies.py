"""
What the API answers, as models: for its description, and for the tests that hold it to that.

Views write these bodies themselves; nothing is validated on the way out.
"""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bridge.domain.events import EventType
from bridge.domain.holds import HoldState, OnExpiry
from bridge.domain.periods import Period
from bridge.domain.quotas import Module


class AnswerBody(BaseModel):
    """A body: these fields, and no others. Built when they are first described."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Problem(BaseModel):
    """An error (RFC 9457); `code` is what programs decide by."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str


class NoticeAction(AnswerBody):
    """A button."""

    label: str
    url: str
    variant: str


class Notice(AnswerBody):
    """What to tell a visitor who is denied."""

    message: str
    actions: list[NoticeAction]


class Denial(Problem):
    """A hold that balance and free limit do not cover."""

    notice: Notice


class QuotaBody(AnswerBody):
    """A free limit; null is unlimited, and for `resets_at` never."""

    limit: int | None
    used: int
    remaining: int | None
    period: Period
    resets_at: datetime | None


class ModuleRow(QuotaBody):
    """The free limit of a chatbot or module, as an account has it."""

    module: Module
    context_id: int | None
    title: str


class AccountBody(AnswerBody):
    """What a user owns, and what is free."""

    user_id: int
    balance: int
    held: int
    available: int
    modules: list[ModuleRow]


class GuestBody(AnswerBody):
    """What is free for a guest."""

    session_id: str
    modules: list[ModuleRow]


class AccountItem(AnswerBody):
    """A user in the list of accounts."""

    user_id: int
    name: str
    email: str
    balance: int
    used: dict[Module, int]
    last_purchase_at: datetime | None
    last_activity_at: datetime | None


class AccountList(AnswerBody):
    """A page of accounts."""

    items: list[AccountItem]
    total: int
    total_is_minimum: bool = False
    next_cursor: str | None


class PurchaseLine(AnswerBody):
    """A line of a purchase."""

    name: str
    quantity: int
    credits: int


class PurchaseRow(AnswerBody):
    """What was booked for an order."""

    order_id: int
    order_number: str
    at: datetime | None
    lines: list[PurchaseLine]
    granted: int
    reversed: int
    shortfall: int
    status: str


class PurchaseList(AnswerBody):
    """A page of purchases."""

    items: list[PurchaseRow]
    next_cursor: str | None


class Reference(AnswerBody):
    """What a ledger row is about."""

    type: str
    id: str


class LedgerLine(AnswerBody):
    """A row of the ledger."""

    id: str
    at: datetime
    entry_type: str
    operation: str
    credits_delta: int
    balance_after: int | None
    module: str
    context_id: int | None
    title: str
    provider: str
    model: str
    priced_units: int
    reference: Reference
    actor: str | int | None
    reason: str | None


class LedgerList(AnswerBody):
    """A page of the ledger."""

    items: list[LedgerLine]
    next_cursor: str | None


class AdjustmentAnswer(AnswerBody):
    """A balance that was changed by hand."""

    entry_id: str
    balance_after: int


class OrderRow(AnswerBody):
    """An order, and where it stands."""

    order_id: int
    order_number: str
    user_id: int | None
    status: str
    state: str
    reason: str
    reason_code: str
    due: int
    booked: int
    shortfall: int
    at: datetime | None


class OrderList(AnswerBody):
    """A page of orders."""

    items: list[OrderRow]
    next_cursor: str | None


class CheckAnswer(AnswerBody):
    """Whether a use would be allowed now, and what it would cost."""

    allowed: bool
    reason: Literal["balance", "unlimited", "quota", "disabled", "quota_exceeded"]
    required_credits: int
    balance: int
    available: int
    quota: QuotaBody
    notice: Notice | None


class RecordAnswer(AnswerBody):
    """A use that was booked, and how it was paid."""

    entry_id: str | None
    billed_credits: int
    from_balance: int
    from_quota: int
    uncovered: int
    balance_after: int


class CommitAnswer(RecordAnswer):
    """What was really used of a hold."""

    late: bool


class EventAnswer(RecordAnswer):
    """An event of a batch that was booked."""

    status: int
    replayed: bool = False


class BatchResults(AnswerBody):
    """What became of each event, in their order."""

    results: list[EventAnswer | Problem]


class DayOfUse(AnswerBody):
    """What was billed on one day."""

    date: date
    module: Module
    credits: int


class DailyUse(AnswerBody):
    """Use by day and module."""

    items: list[DayOfUse]
    next_cursor: None


class HeldBody(AnswerBody):
    """A hold that was placed."""

    hold_id: str
    credits: int
    from_balance: int
    from_quota: int
    expires_at: datetime


class ActorOfHold(AnswerBody):
    """Whose hold: one of the two."""

    user_id: int | None = None
    session_id: str | None = None


class HoldNow(HeldBody):
    """A hold as it stands."""

    state: HoldState
    on_expiry: OnExpiry
    actor: ActorOfHold
    module: Module
    context_id: int | None
    commit: CommitAnswer | None


class ReleaseAnswer(AnswerBody):
    """A hold that was released, or had expired."""

    hold_id: str
    state: HoldState


class State(AnswerBody):
    """A word that says how it is."""

    status: str


class MailEvent(AnswerBody):
    """An event of which a mail is to be sent."""

    id: int
    type: EventType
    at: datetime
    data: dict[str, Any]


class MailEvents(AnswerBody):
    """Events of which mails are to be sent, all that are given out at once."""

    items: list[MailEvent]


class Health(State):
    """The process lives."""

    time: datetime
    version: str


class Readiness(State):
    """The database answers and is migrated."""

    instance: str = Field(description="Of the running service: another after each start.")


class Figures(BaseModel):
    """The figures of the status page."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    healthy: bool = Field(description="Whether the status page has nothing to complain of")
