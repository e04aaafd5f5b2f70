"""What credits were sold for, and what those that customers own are worth (R28, R29)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Self

from bridge.domain.grants import Adoption, Amounts, BookedCredits, gross_credits
from bridge.domain.ids import Credits
from bridge.domain.orders import Order

PLACES = 8
"""Decimal places of money, as WooCommerce's own tables have."""


@dataclass(frozen=True, slots=True)
class SalesSum:
    """Credits that orders stand for, and by currency what was paid for them."""

    credits: Credits = Credits(0)
    priced: Credits = Credits(0)  # those of them whose price is known
    paid: Mapping[str, Decimal] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Iterable[Self]) -> Self:
        """Add parts up; currencies stay apart."""
        credits = priced = 0
        paid: dict[str, Decimal] = {}
        for part in parts:
            credits += part.credits
            priced += part.priced
            for currency, amount in part.paid.items():
                paid[currency] = paid.get(currency, Decimal(0)) + amount
        return cls(Credits(credits), Credits(priced), paid)

    @property
    def unpriced_percent(self) -> int:
        """Whose price nobody knows; what is less than a hundredth is told as one."""
        unpriced = self.credits - self.priced
        return -(-100 * unpriced // self.credits) if unpriced > 0 else 0

    def worth(self, credits: Credits) -> dict[str, Decimal]:
        """Return what so many credits are worth at the average price of these, by currency."""
        if not self.priced:
            return {}
        share = Fraction(credits, self.priced)
        return {currency: _money(share * Fraction(paid)) for currency, paid in self.paid.items()}


def paid_for_credits(
    order: Order, amounts: Amounts, booked: BookedCredits, adoption: Adoption | None
) -> Decimal | None:
    """
    Return what was paid for the credits that an order stands for; None if nobody can tell.

    It is what its package lines cost, with tax, in the proportion in which their credits still
    stand; an adopted order's lines paid for what was granted then, whatever they are due by rule.
    None also while nothing was granted.
    """
    gross = gross_credits(order, amounts)
    if not booked.granted or not gross or not order.currency:
        return None
    lines = [line for line in order.lines if line.line_id in amounts and (line.quantity or 0) > 0]
    if adoption is None and booked.due_before == gross:
        return _money(sum((Fraction(line.paid) for line in lines), Fraction(0)))
    stands = Fraction(booked.due_before, gross)
    if adoption is not None:
        stands = Fraction(booked.due_before * adoption.net, adoption.credits * gross)
    return _money(min(Fraction(1), stands) * sum(Fraction(line.paid) for line in lines))


def _money(amount: Fraction) -> Decimal:
    return Decimal(round(amount * 10**PLACES)).scaleb(-PLACES)
