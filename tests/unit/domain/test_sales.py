"""What was paid for the credits that an order stands for, and what owned credits are worth."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.grants import Adoption, BookedCredits
from bridge.domain.ids import Credits, LineId
from bridge.domain.sales import SalesSum, paid_for_credits
from bridge.woo.parse import parse_order
from tests.support.oracle import item, order

AMOUNTS = {LineId(1): Credits(10_000)}
"""A pack's; the order has a mug as well, which grants nothing."""


def paid(
    *,
    total: str = "9.99",
    quantity: int = 3,
    currency: str = "EUR",
    adoption: Adoption | None = None,
    **booked: Any,
) -> Decimal | None:
    body = order([item(1, quantity, total), item(3, 1, "12.00")])
    parsed = parse_order({**body, "currency": currency}, [])
    return paid_for_credits(parsed, AMOUNTS, BookedCredits(**booked), adoption)


def adopted(credits: int, net: int) -> Adoption:
    return Adoption(Credits(credits), Credits(net), "completed", b"")


def test_only_package_lines_count() -> None:
    assert paid(granted=30_000) == Decimal("9.99")


def test_what_refunds_took_back_was_not_paid_in_the_end() -> None:
    assert paid(granted=30_000, reversed=10_000) == Decimal("6.66")
    assert paid(granted=30_000, reversed=30_000) == 0


def test_what_could_not_be_taken_back_was_refunded_all_the_same() -> None:
    assert paid(granted=30_000, reversed=2_000, shortfall=8_000) == Decimal("6.66")


def test_what_was_taken_back_and_granted_again_is_paid() -> None:
    assert paid(granted=60_000, reversed=30_000) == Decimal("9.99")


def test_nothing_more_is_paid_than_the_order_says_now() -> None:
    assert paid(granted=30_000, quantity=1, total="3.33") == Decimal("3.33")


def test_thirds_are_rounded_at_the_eighth_place() -> None:
    assert paid(total="10.00", granted=30_000, reversed=20_000) == Decimal("3.33333333")


def test_a_free_order_has_a_price_and_it_is_nothing() -> None:
    assert paid(total="0.00", granted=30_000) == 0


@pytest.mark.parametrize(("quantity", "currency"), [(0, "EUR"), (3, "")])
def test_without_a_package_or_a_currency_nobody_can_tell(quantity: int, currency: str) -> None:
    assert paid(quantity=quantity, currency=currency, granted=30_000) is None


def test_an_adopted_orders_price_is_of_what_was_granted_then() -> None:
    assert paid(granted=15_000, adoption=adopted(15_000, net=30_000)) == Decimal("9.99")
    assert paid(granted=15_000, reversed=5_000, adoption=adopted(15_000, 30_000)) == Decimal(
        "6.66"
    )


def test_what_was_refunded_before_the_adoption_is_left_out() -> None:
    assert paid(granted=15_000, adoption=adopted(15_000, net=10_000)) == Decimal("3.33")


def test_what_granted_nothing_sold_nothing() -> None:
    assert paid() is None
    assert paid(adoption=adopted(0, net=30_000)) is None


def sold(credits: int, priced: int, paid: Mapping[str, Decimal] | None = None) -> SalesSum:
    return SalesSum(Credits(credits), Credits(priced), paid or {})


def test_parts_add_up_and_currencies_stay_apart() -> None:
    parts = [
        sold(10, 10, {"EUR": Decimal("0.10")}),
        sold(20, 20, {"USD": Decimal("0.30")}),
        sold(5, 0),
        sold(10, 10, {"EUR": Decimal("0.20")}),
    ]

    assert SalesSum.of(parts) == sold(45, 40, {"EUR": Decimal("0.30"), "USD": Decimal("0.30")})


def test_worth_is_the_average_price_in_each_currency_s_share() -> None:
    sum_of_all = sold(300, 300, {"EUR": Decimal("2.00"), "JPY": Decimal(100)})

    assert sum_of_all.worth(Credits(150)) == {"EUR": Decimal("1.00"), "JPY": Decimal(50)}


def test_where_no_price_is_known_there_is_no_worth() -> None:
    assert sold(300, 0).worth(Credits(150)) == {}


@pytest.mark.parametrize(
    ("credits", "priced", "percent"),
    [(0, 0, 0), (300, 300, 0), (300, 299, 1), (300, 150, 50), (300, 0, 100)],
)
def test_the_unpriced_share_is_never_told_as_less(credits: int, priced: int, percent: int) -> None:
    assert sold(credits, priced).unpriced_percent == percent
