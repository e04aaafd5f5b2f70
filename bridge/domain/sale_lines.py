"""What an order's package lines were sold and refunded for, each by itself (R28)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import floor

from bridge.domain.currencies import places_of
from bridge.domain.grants import Amounts, BookedCredits, GrantPolicy, unlinked_of
from bridge.domain.ids import Credits, LineId
from bridge.domain.orders import Order, OrderLine, Refund

REFUNDED = "refunded"
"""The status of an order whose refunds say what was given back; others that reverse void it."""


@dataclass(frozen=True, slots=True)
class SaleLine:
    """What a line brought in, or what a refund gave back of it, which is less than 0."""

    line_id: LineId
    refund_id: int  # 0: the sale itself
    at: datetime
    product_id: int
    variation_id: int
    quantity: int
    credits: Credits
    amount: Decimal  # with tax, in the order's currency


def sale_lines_of(
    order: Order, amounts: Amounts, policy: GrantPolicy, booked: BookedCredits
) -> list[SaleLine]:
    """Return what an order's package lines were sold for, and what its refunds gave back."""
    if not order.currency or not _is_sold(order, policy, booked):
        return []
    packages = [i for i in order.lines if i.line_id in amounts and (i.quantity or 0) > 0]
    found = [_sale(order, line, amounts) for line in packages]
    for refund in order.refunds:
        found += _refunded(order, packages, amounts, refund)
    return found


def _is_sold(order: Order, policy: GrantPolicy, booked: BookedCredits) -> bool:
    """Say whether it was paid and still counts: as in the shop's own sums, a void one does not."""
    if order.status == REFUNDED:
        return bool(booked.granted) or order.paid_at is not None or order.completed_at is not None
    if order.status in policy.reverse_on:
        return False
    return order.status in policy.statuses or bool(booked.granted)


def _sale(order: Order, line: OrderLine, amounts: Amounts) -> SaleLine:
    quantity = line.quantity or 0
    return SaleLine(
        line_id=line.line_id,
        refund_id=0,
        at=order.sold_at,
        product_id=line.product_id,
        variation_id=line.variation_id,
        quantity=quantity,
        credits=Credits(amounts[line.line_id] * quantity),
        amount=line.paid,
    )


def _refunded(
    order: Order, packages: list[OrderLine], amounts: Amounts, refund: Refund
) -> Iterator[SaleLine]:
    """Yield what one refund gave back of each package line."""
    shares = dict(
        zip((i.line_id for i in packages), _shares(order, packages, refund), strict=True)
    )
    for line in packages:
        quantity, named = _named(line.line_id, refund)
        given = named + shares[line.line_id]
        if not quantity and not given:
            continue
        gross = amounts[line.line_id] * (line.quantity or 0)
        by_money = gross * Fraction(given) / Fraction(line.paid) if line.paid > 0 else Fraction(0)
        taken = amounts[line.line_id] * quantity if quantity else floor(by_money)
        yield SaleLine(
            line_id=line.line_id,
            refund_id=refund.refund_id,
            at=refund.at or order.modified_at,
            product_id=line.product_id,
            variation_id=line.variation_id,
            quantity=-quantity,
            credits=Credits(-min(taken, gross)),
            amount=-given,
        )


def _named(line_id: LineId, refund: Refund) -> tuple[int, Decimal]:
    """Return units and money of the parts that name a line, or fit it first."""
    quantity, amount = 0, Decimal(0)
    for part in refund.lines:
        if part.line_id == line_id:
            quantity, amount = quantity + part.quantity, amount + part.amount
    for unlinked in refund.unlinked:
        if unlinked.fits[:1] == (line_id,):
            quantity, amount = quantity + unlinked.quantity, amount + unlinked.amount
    return quantity, amount


def _shares(order: Order, packages: list[OrderLine], refund: Refund) -> list[Decimal]:
    """
    Spread what a refund gave back without naming a line over all that the order cost.

    By what each line cost, in whole cents: the shares of all lines add up to it exactly.
    """
    unlinked = unlinked_of(refund)
    whole = max(Fraction(order.total), sum((Fraction(i.paid) for i in packages), Fraction(0)))
    if not unlinked or whole <= 0:
        return [Decimal(0)] * len(packages)
    places = max(places_of(order.currency), _places(refund.amount))
    shares, before, paid = [], Decimal(0), Fraction(0)
    for line in packages:
        paid += Fraction(line.paid)
        until = Decimal(round(unlinked * paid / whole * 10**places)).scaleb(-places)
        shares.append(until - before)
        before = until
    return shares


def _places(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
