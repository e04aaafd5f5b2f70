"""What to do with one fetched order: grant, adopt, wait, list for people, or nothing."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from bridge.domain.grants import (
    Adoption,
    Amounts,
    BookedCredits,
    GrantPolicy,
    credits_due,
    gross_credits,
    net_credits,
    refunds_one_of_several,
    stands_as_adopted,
)
from bridge.domain.ids import MAX_ORDER_CREDITS, Credits, UserId
from bridge.domain.orders import Order
from bridge.domain.packages import JudgedLine, Problem, amounts_of
from bridge.domain.sentences import Sentence

PEER_DELAY = timedelta(seconds=120)
"""How long after completion the peer may still be granting (R12)."""

BY_EMAIL = "email"
"""``claimed_as`` of a guest's order that an account's e-mail claimed."""

RETRY_AFTER = timedelta(minutes=10)
"""When attention and unclaimed orders are tried again (R13)."""

RECHECK_AFTER = timedelta(hours=1)
"""When granted orders are looked at again: deletions and line edits move no date."""

RECHECK_FOR = timedelta(days=90)
"""For how long after completion they are."""


_FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)
"""In place of `grants.since` for an order that a backfill let in: it shuts nothing out."""


class OrderState(StrEnum):
    """Where an order stands; the value is what database and API say."""

    SEEN = "seen"  # nothing is due yet, or nothing ever
    WAITING = "waiting"  # beside the peer, until it has surely finished
    UNCLAIMED = "unclaimed"  # a guest's
    GRANTED = "granted"
    ATTENTION = "attention"


class Reason(StrEnum):
    """Why an order needs attention or is left alone; the API's `reason_code`."""

    NONE = ""
    BEFORE_SINCE = "before_since"
    PEER_MAY_GRANT = "peer_may_grant"
    GUEST = "guest_order"
    UNKNOWN_USER = "unknown_user"
    MARKER_WITHOUT_LEDGER = "marker_without_ledger"
    CUSTOMER_CHANGED = "customer_changed"
    VANISHED = "order_vanished"
    TOO_LARGE = "too_many_credits"
    LEDGER_CONFLICT = "ledger_conflict"
    UNREADABLE = "unreadable"
    DEFECT = "defect"
    BALANCE_TOO_LARGE = "balance_too_large"
    SUB_ORDER = "sub_order"
    REFUND_UNLINKED = "refund_unlinked"


ReasonCode: TypeAlias = Reason | Problem
"""All words that `reason_code` may have; rows of older versions may have others."""


@dataclass(frozen=True, slots=True)
class ForeignPurchase:
    """The ledger's `…_purchase` row of an order, written by somebody else."""

    user_id: UserId
    credits: Credits


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """What the bridge has kept about an order."""

    account_id: UserId | None = None  # who got its first booking; never changes
    booked: BookedCredits = BookedCredits()
    adoption: Adoption | None = None
    claimed_as: str = ""  # "" = the customer's; else BY_EMAIL, or who assigned it
    assigned_to: UserId | None = None  # an admin said whose it is
    assigned_by: str = ""
    backfilled: bool = False  # a backfill let it in: `grants.since` does not shut it out


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else the database says, read under the order's lock."""

    now: datetime  # the database's clock
    ledger_epoch: datetime  # oldest ledger row at the first `migrate`, else that `migrate`
    foreign_purchase: ForeignPurchase | None
    marker: int  # order meta > 0 in the fetch or in the database
    peer_may_grant: bool  # the peer is active and no fresh heartbeat says its hook is down
    customer_exists: bool  # or the assigned user
    email_owner: UserId | None  # whose account with the order's e-mail is older than the order
    parent_has_packages: bool = False  # the order that this one was split off is granted itself
    refunds_other_package: bool = False  # a refund takes back a package that no line has


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What to keep and what to book.

    ``due`` is booked on ``account_id``; while there is no account it only says what is at stake.
    """

    state: OrderState
    reason: ReasonCode = Reason.NONE
    detail: str = ""
    due: Credits | None = None
    account_id: UserId | None = None
    claimed_as: str = ""
    adopt: Adoption | None = None
    product_id: int = 0  # the product that people must put right; 0: it is not about one
    look_again_at: datetime | None = None


def judge_order(
    order: Order,
    judged: tuple[JudgedLine, ...],
    record: OrderRecord,
    around: Surroundings,
    policy: GrantPolicy,
) -> Verdict:
    """Decide what becomes of *order*, by R1 to R13 in their order."""
    record, adopted = _with_adoption(order, judged, record, around, policy)
    rules = _without_since(policy) if record.backfilled else policy
    if record.account_id is not None:
        verdict = _bound(order, judged, record, around, rules)
    else:
        verdict = _unbound(order, judged, record, around, rules)
    if adopted is not None:
        verdict = replace(verdict, adopt=adopted)
    if verdict.reason is Reason.SUB_ORDER:
        return verdict
    return _with_problems(order, judged, record, verdict, policy, around.now)


@lru_cache(8)  # there is one policy, and many orders
def _without_since(policy: GrantPolicy) -> GrantPolicy:
    return replace(policy, since=_FIRST_INSTANT)


def _with_adoption(
    order: Order,
    judged: tuple[JudgedLine, ...],
    record: OrderRecord,
    around: Surroundings,
    policy: GrantPolicy,
) -> tuple[OrderRecord, Adoption | None]:
    """Adopt what another had granted before our first booking (R11)."""
    if record.account_id is not None:
        return record, None
    if around.foreign_purchase is not None:
        owner, amount = around.foreign_purchase.user_id, around.foreign_purchase.credits
    elif _marker_is_history(order, around):
        owner, amount = UserId(order.customer_id), Credits(around.marker)
    else:
        return record, None
    net = net_credits(order, amounts_of(judged), policy)
    adoption = Adoption(amount, net, order.status, order.contents_digest())
    adopted = replace(
        record, account_id=owner, adoption=adoption, booked=BookedCredits(granted=amount)
    )
    return adopted, adoption


def _marker_is_history(order: Order, around: Surroundings) -> bool:
    copied = order.is_renewal or _is_split_off(order, around)
    counts = around.marker > 0 and not copied and around.customer_exists
    return counts and order.customer_id > 0 and order.created_at < around.ledger_epoch


def _bound(
    order: Order,
    judged: tuple[JudgedLine, ...],
    record: OrderRecord,
    around: Surroundings,
    policy: GrantPolicy,
) -> Verdict:
    """Judge an order that has a booking: it stays on its account, whoever the customer is."""
    amounts = amounts_of(judged)
    due = credits_due(order, amounts, policy, booked=record.booked, adoption=record.adoption)
    verdict = Verdict(
        OrderState.GRANTED, due=due, account_id=record.account_id, claimed_as=record.claimed_as
    )
    if gross_credits(order, amounts) > MAX_ORDER_CREDITS:
        return _too_large(verdict)
    if any(j.problem is Problem.BAD_QUANTITY for j in judged):
        verdict = replace(verdict, due=None)  # what is booked stays until a person has looked
    if _refund_is_unclear(order, judged, record, around, policy):
        return _unclear_refund(verdict)
    as_expected = {
        "": order.customer_id == record.account_id and around.customer_exists,
        BY_EMAIL: order.customer_id in (0, record.account_id),
    }
    if as_expected.get(record.claimed_as, True):  # an admin assigned it: whoever bought it
        return verdict
    if not verdict.due and record.booked.net == 0:
        return verdict  # all was taken back: nobody has anything of it
    return replace(
        verdict,
        state=OrderState.ATTENTION,
        reason=Reason.CUSTOMER_CHANGED,
        detail=_customer_text(order, record),
    )


def _customer_text(order: Order, record: OrderRecord) -> str:
    if order.customer_id == record.account_id:
        return Sentence(
            "Its customer, user {account_id}, was deleted, and the tokens with the "
            "account. Give them to another by hand if that is wrong, then dismiss this.",
            account_id=record.account_id,
        )
    return Sentence(
        "Its customer is now {customer_id}; the tokens stay with user {account_id}. "
        "Move them by hand if that is wrong, then dismiss this.",
        customer_id=order.customer_id or Sentence("a guest"),
        account_id=record.account_id,
    )


def _unbound(
    order: Order,
    judged: tuple[JudgedLine, ...],
    record: OrderRecord,
    around: Surroundings,
    policy: GrantPolicy,
) -> Verdict:
    """Judge an order that has no booking yet."""
    if _is_split_off(order, around):
        detail = Sentence(
            "A part of order {parent_id}, which has the tokens for both.",
            parent_id=order.parent_id,
        )
        return Verdict(OrderState.SEEN, Reason.SUB_ORDER, detail)
    amounts = amounts_of(judged)
    if gross_credits(order, amounts) > MAX_ORDER_CREDITS:
        wanted = order.status in policy.statuses and order.finished_at >= policy.since
        return _too_large(Verdict(OrderState.ATTENTION)) if wanted else Verdict(OrderState.SEEN)
    if _peer_is_at_it(order, around, policy):
        detail = Sentence("The other plugin may be granting it this minute.")
        due = credits_due(order, amounts, policy, booked=record.booked, adoption=None)
        until = order.finished_at + PEER_DELAY
        return Verdict(
            OrderState.WAITING, Reason.PEER_MAY_GRANT, detail, due=due, look_again_at=until
        )
    if around.marker > 0 and not order.is_renewal:
        return Verdict(OrderState.ATTENTION, Reason.MARKER_WITHOUT_LEDGER, _marker_text(around))
    if order.status not in policy.statuses:
        return Verdict(OrderState.SEEN)
    if order.finished_at < policy.since:
        return Verdict(
            OrderState.SEEN, Reason.BEFORE_SINCE, Sentence("Completed before grants.since.")
        )
    if _refund_is_unclear(order, judged, record, around, policy):
        return _unclear_refund(Verdict(OrderState.ATTENTION))
    return _whose(order, amounts, record, around, policy)


def _is_split_off(order: Order, around: Surroundings) -> bool:
    """Say whether a marketplace made it out of another order, which is granted itself."""
    return order.may_be_part_of_another and around.parent_has_packages


def _refund_is_unclear(
    order: Order,
    judged: tuple[JudgedLine, ...],
    record: OrderRecord,
    around: Surroundings,
    policy: GrantPolicy,
) -> bool:
    """Say whether a refund takes back of a package, but nobody knows of which line."""
    if not policy.claw_back or order.status not in policy.statuses:
        return False
    if record.adoption is not None and stands_as_adopted(order, record.adoption):
        return False
    return around.refunds_other_package or refunds_one_of_several(order, amounts_of(judged))


def _unclear_refund(verdict: Verdict) -> Verdict:
    return replace(
        verdict,
        state=OrderState.ATTENTION,
        reason=Reason.REFUND_UNLINKED,
        detail=(
            Sentence(
                "A refund does not say which line it takes back; delete it and refund again "
                "by the line's quantity, or correct the balance by hand and dismiss this."
            )
        ),
        due=None,
    )


def _peer_is_at_it(order: Order, around: Surroundings, policy: GrantPolicy) -> bool:
    """Say whether the peer may be between its steps for this order."""
    may = around.peer_may_grant and order.customer_id > 0 and order.status in policy.statuses
    return (
        may and policy.since <= order.finished_at and around.now < order.finished_at + PEER_DELAY
    )


def _whose(
    order: Order, amounts: Amounts, record: OrderRecord, around: Surroundings, policy: GrantPolicy
) -> Verdict:
    """Say who gets the order's credits now, if any, or what stands in the way."""
    due = credits_due(order, amounts, policy, booked=record.booked, adoption=None)
    if due == 0:
        return Verdict(OrderState.SEEN)
    owner, claimed_as = _owner(order, record, around)
    if owner is None:
        detail = Sentence("A guest bought it; assign it to a user.")
        return Verdict(OrderState.UNCLAIMED, Reason.GUEST, detail, due=due)
    if not around.customer_exists and claimed_as != BY_EMAIL:
        detail = Sentence(
            "User {owner} does not exist; assign the order to a user who does.", owner=owner
        )
        return Verdict(OrderState.ATTENTION, Reason.UNKNOWN_USER, detail, due=due)
    return Verdict(OrderState.GRANTED, due=due, account_id=owner, claimed_as=claimed_as)


def _owner(order: Order, record: OrderRecord, around: Surroundings) -> tuple[UserId | None, str]:
    """Say whose it is, and if not simply the customer's why (R10)."""
    if record.assigned_to is not None:
        return record.assigned_to, record.assigned_by
    if order.customer_id > 0:
        return UserId(order.customer_id), ""
    return around.email_owner, BY_EMAIL


def _with_problems(
    order: Order,
    judged: tuple[JudgedLine, ...],
    record: OrderRecord,
    verdict: Verdict,
    policy: GrantPolicy,
    now: datetime,
) -> Verdict:
    """List lines that cannot be judged, and say when to look again."""
    line = line_to_ask_about(order, judged, policy, backfilled=record.backfilled)
    quiet = verdict.state in (OrderState.SEEN, OrderState.GRANTED)
    if line is not None and line.problem is not None and quiet:
        verdict = replace(
            verdict,
            state=OrderState.ATTENTION,
            reason=line.problem,
            detail=line.detail,
            product_id=line.product_to_correct,
        )
    if verdict.look_again_at is not None:
        return verdict
    return replace(verdict, look_again_at=look_again_at(verdict.state, order.finished_at, now))


def line_to_ask_about(
    order: Order, judged: tuple[JudgedLine, ...], policy: GrantPolicy, *, backfilled: bool
) -> JudgedLine | None:
    """
    Return the line for which people must be asked, if there is one.

    Of orders completed before `grants.since` nobody is asked about deleted products: in an old
    shop those are thousands, mugs nearly all of them (R13).
    """
    if order.status not in policy.statuses:
        return None
    asked = {one for one in Problem if one is not Problem.PRODUCT_GONE}
    if order.finished_at >= policy.since:
        asked = set(Problem)
    elif not backfilled:
        return None
    return next((one for one in judged if one.problem in asked), None)


def look_again_at(state: OrderState, finished_at: datetime, now: datetime) -> datetime | None:
    """Return when to fetch an order again although nothing says that it changed."""
    if state in (OrderState.ATTENTION, OrderState.UNCLAIMED):
        return now + RETRY_AFTER
    if state is OrderState.GRANTED and now - finished_at < RECHECK_FOR:
        return now + RECHECK_AFTER
    return None


def _too_large(verdict: Verdict) -> Verdict:
    return replace(
        verdict,
        state=OrderState.ATTENTION,
        reason=Reason.TOO_LARGE,
        detail=Sentence(
            "It would grant more tokens than any order may; check the product's amount."
        ),
        due=None,
    )


def _marker_text(around: Surroundings) -> str:
    return Sentence(
        "Its order meta says {marker} tokens were granted, but the ledger has no row;"
        " look at the customer's balance, then credit by hand or dismiss this.",
        marker=around.marker,
    )
