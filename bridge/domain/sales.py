"""What credits were sold for, and what those that customers own are worth (R28, R29)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Self

from bridge.domain.grants import BookedCredits
from bridge.domain.ids import Credits
from bridge.domain.sale_lines import SaleLine

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


def paid_for_credits(lines: Iterable[SaleLine], booked: BookedCredits) -> Decimal | None:
    """
    Return what was paid for the credits that an order stands for, and not refunded.

    None if nobody can tell, as for a package line that the order lost, and while nothing was
    granted.
    """
    amounts = [line.amount for line in lines]
    return sum(amounts, Decimal(0)) if booked.granted and amounts else None


def _money(amount: Fraction) -> Decimal:
    return Decimal(round(amount * 10**PLACES)).scaleb(-PLACES)
