"""What an order is due, and what must be booked so that it has it (R1 to R9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from math import floor

from bridge.domain.ids import Credits, LineId
from bridge.domain.orders import Order, OrderLine, Refund

Amounts = Mapping[LineId, Credits]
"""Frozen credits per unit, by line; lines that are no token package are absent."""


@dataclass(frozen=True, slots=True)
class GrantPolicy:
    """The `[grants]` section, checked: statuses without `wc-`, and none in both sets."""

    since: datetime
    statuses: frozenset[str]
    reverse_on: frozenset[str]
    claw_back: bool = True
    allow_negative: bool = False
    claim_by_email: bool = False
    require_payment: bool = False

    def fingerprint(self) -> str:
        """Return a text that changes whenever these rules do."""
        return _fingerprint(self)

    def digest_with(self, order_digest: bytes) -> bytes:
        """Return what is kept to tell that neither the order nor these rules have changed."""
        return sha256(order_digest + self.fingerprint().encode()).digest()


@lru_cache(8)  # there is one policy, and many orders
def _fingerprint(policy: GrantPolicy) -> str:
    facts: list[object] = [
        policy.since,
        sorted(policy.statuses),
        sorted(policy.reverse_on),
        policy.claw_back,
    ]
    facts += [policy.allow_negative, policy.claim_by_email, policy.require_payment]
    return sha256(repr(facts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Adoption:
    """How an order stood when the bridge took over what somebody else had granted for it."""

    credits: Credits  # B
    net: Credits  # N0 = max(0, G - refunds)
    status: str
    contents_digest: bytes


class BookingKind(StrEnum):
    """The ledger's `operation` of an order's row."""

    PURCHASE = "purchase"
    REGRANT = "regrant"
    CLAWBACK = "clawback"


@dataclass(frozen=True, slots=True)
class BookedCredits:
    """What stands booked for an order."""

    granted: Credits = Credits(0)  # sum of all increases
    reversed: Credits = Credits(0)  # sum of all clawbacks
    shortfall: Credits = Credits(0)  # could not be taken back; never collected elsewhere

    @property
    def net(self) -> Credits:
        """Credits that the account got for the order and still has had taken nothing of."""
        return Credits(self.granted - self.reversed)

    @property
    def due_before(self) -> Credits:
        """What the order was due when it was last booked."""
        return Credits(self.net - self.shortfall)


@dataclass(frozen=True, slots=True)
class Booking:
    """A change to make: ``delta`` to account and ledger (0: only the shortfall moves)."""

    delta: Credits
    kind: BookingKind | None  # None with delta 0
    after: BookedCredits


def gross_credits(order: Order, amounts: Amounts) -> Credits:
    """Return G: unit amount times quantity over the package lines."""
    return Credits(sum(amounts.get(i.line_id, 0) * max(0, i.quantity or 0) for i in order.lines))


def refunded_credits(order: Order, amounts: Amounts) -> Credits:
    """Return what the order's refunds take of G; may exceed it."""
    if not order.refunds:
        return Credits(0)
    taken = sum(_taken_of_line(line, amounts, order) for line in order.lines)
    if order.total <= 0:
        return Credits(taken)
    unlinked = sum(unlinked_of(refund) for refund in order.refunds)
    share = Fraction(gross_credits(order, amounts)) * unlinked / Fraction(order.total)
    return Credits(taken + floor(share))


def _taken_of_line(line: OrderLine, amounts: Amounts, order: Order) -> int:
    """Return what all refunds together take of one line: never more than it granted."""
    amount = amounts.get(line.line_id, 0)
    gross = amount * max(0, line.quantity or 0)
    taken = 0
    for part in (part for refund in order.refunds for part in refund.lines):
        if part.line_id != line.line_id:
            continue
        if part.quantity > 0:
            taken += amount * part.quantity
        elif order.total > 0 and line.paid > 0:
            taken += floor(gross * (Fraction(part.amount) / Fraction(line.paid)))
    return min(taken, gross)


def refunds_one_of_several(order: Order, amounts: Amounts) -> bool:
    """Say whether a refund takes back of one of several package lines, and does not say which."""
    parts = [part for refund in order.refunds for part in refund.unlinked if part.takes]
    return any(line_id in amounts for part in parts for line_id in part.fits)


def unlinked_of(refund: Refund) -> Fraction:
    """Return the part of a refund that names no line, in money."""
    named = sum((Fraction(part.amount) for part in refund.lines), Fraction(refund.other_lines))
    return max(Fraction(0), Fraction(refund.amount) - named)


def net_credits(order: Order, amounts: Amounts, policy: GrantPolicy) -> Credits:
    """Return max(0, G - refunds); with `refunds = "ignore"` refunds take nothing."""
    taken = refunded_credits(order, amounts) if policy.claw_back else 0
    return Credits(max(0, gross_credits(order, amounts) - taken))


def credits_due(
    order: Order,
    amounts: Amounts,
    policy: GrantPolicy,
    *,
    booked: BookedCredits,
    adoption: Adoption | None,
) -> Credits:
    """
    Return what the order is due now: a pure function of the order and its frozen amounts.

    ``booked`` matters only where the rule says "what is booked": in statuses that neither grant
    nor reverse, and as the floor with `refunds = "ignore"`, which never takes back.
    """
    if adoption is not None and stands_as_adopted(order, adoption):
        due = adoption.credits
    elif order.status in policy.statuses:
        due = _due_when_granting(order, amounts, policy, adoption)
    elif order.status in policy.reverse_on:
        due = Credits(0)
    else:
        due = booked.net  # which strikes a shortfall off: the order is in nobody's hands now
    return due if policy.claw_back else max(due, booked.due_before)


def stands_as_adopted(order: Order, adoption: Adoption) -> bool:
    """Say whether neither lines, refunds nor status differ from when the order was adopted."""
    same_status = order.status == adoption.status
    return same_status and order.contents_digest() == adoption.contents_digest


def _due_when_granting(
    order: Order, amounts: Amounts, policy: GrantPolicy, adoption: Adoption | None
) -> Credits:
    net = net_credits(order, amounts, policy)
    if adoption is None:
        unpaid = policy.require_payment and order.total <= 0
        return Credits(0) if unpaid else net
    if adoption.net == 0:
        return adoption.credits
    return Credits(adoption.credits * net // adoption.net)


def plan_booking(
    due: Credits, booked: BookedCredits, *, stored_balance: Credits, allow_negative: bool
) -> Booking | None:
    """
    Return the booking that makes *due* stand booked, or None when it does already.

    A decrease takes what the balance has; the rest becomes shortfall, or with
    ``allow_negative`` the whole is booked and the account owes it. An increase first strikes
    off shortfall, without a row: those credits were never taken.
    """
    change = due - booked.due_before
    if change == 0:
        return None
    if change > 0:
        struck = min(change, booked.shortfall)
        delta = Credits(change - struck)
        after = BookedCredits(
            Credits(booked.granted + delta),
            booked.reversed,
            Credits(booked.shortfall - struck),
        )
        first = BookingKind.REGRANT if booked.granted else BookingKind.PURCHASE
        return Booking(delta, first if delta else None, after)
    taken = -change if allow_negative else min(stored_balance, -change)
    after = BookedCredits(
        booked.granted,
        Credits(booked.reversed + taken),
        Credits(booked.shortfall - change - taken),
    )
    return Booking(Credits(-taken), BookingKind.CLAWBACK if taken else None, after)
