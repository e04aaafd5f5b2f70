"""What a span of the site's days brought in, gave back and took from balances (R28)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Credits
from bridge.domain.sentences import Sentence

MAX_DAYS = 3660
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Some of the site's days, the last one among them."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse what is no span."""
        if not 0 <= (self.last - self.first).days < MAX_DAYS:
            raise InvalidInputError(
                Sentence("The last day must not come before the first, nor ten years after it.")
            )

    @property
    def is_month(self) -> bool:
        """Whether it is just one month of the calendar."""
        return self.first.day == 1 and self.last == month_of(self.first).last


def month_of(day: date) -> Span:
    """Return the month of a day."""
    first = day.replace(day=1)
    return Span(first, (first + timedelta(days=31)).replace(day=1) - ONE_DAY)


def months_until(day: date, count: int) -> list[Span]:
    """Return so many months, the one of *day* last."""
    months = [month_of(day)]
    while len(months) < count:
        months.insert(0, month_of(months[0].first - ONE_DAY))
    return months


@dataclass(frozen=True, slots=True)
class Takings:
    """What lines of one currency were sold and refunded for, and the credits they stood for."""

    currency: str
    sold: Decimal
    refunded: Decimal
    credits: Credits
    credits_back: Credits

    @property
    def net(self) -> Decimal:
        """What is left."""
        return self.sold - self.refunded

    def plus(self, other: "Takings") -> "Takings":
        """Add one of the same currency."""
        return Takings(
            self.currency,
            self.sold + other.sold,
            self.refunded + other.refunded,
            Credits(self.credits + other.credits),
            Credits(self.credits_back + other.credits_back),
        )


@dataclass(frozen=True, slots=True)
class ProductSales:
    """One product's, or variation's, in one currency."""

    product_id: int
    variation_id: int
    name: str
    quantity: int
    quantity_back: int
    money: Takings


def by_currency(products: Sequence[ProductSales]) -> list[Takings]:
    """Add products up; currencies stay apart."""
    sums: dict[str, Takings] = {}
    for product in products:
        money = product.money
        before = sums.get(money.currency)
        sums[money.currency] = before.plus(money) if before else money
    return [sums[currency] for currency in sorted(sums)]


@dataclass(frozen=True, slots=True)
class Moves:
    """What the ledger says of all balances in a span; ``owed``: what they were at its end."""

    credited: int  # by orders
    taken_back: int
    given: int  # by hand
    taken: int
    others: int  # by rows of the peer's own kinds
    spent: int
    owed: int | None  # None: nobody has counted all balances yet
