"""What was paid for the credits that an order stands for, and what owned credits are worth."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.grants import BookedCredits, GrantPolicy
from bridge.domain.ids import Credits, LineId
from bridge.domain.sale_lines import SaleLine, sale_lines_of
from bridge.domain.sales import SalesSum, paid_for_credits
from bridge.woo.parse import parse_order
from tests.support.oracle import item, order, part, refund

AMOUNTS = {LineId(1): Credits(10_000), LineId(2): Credits(2_000)}
"""Two packs'; the order has a mug as well, which grants nothing."""
POLICY = GrantPolicy(
    since=datetime(2020, 1, 1, tzinfo=UTC),
    statuses=frozenset({"completed"}),
    reverse_on=frozenset({"cancelled", "refunded", "failed", "trash"}),
)
GRANTED = BookedCredits(Credits(30_000))


def lines(
    *refunds: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]] = (),
    booked: BookedCredits = GRANTED,
    **more: Any,
) -> list[SaleLine]:
    items = items or (item(1, 3, "9.99"), item(3, 1, "12.00"))
    body = order(items, refunds)
    parsed = parse_order({**body, "currency": "EUR", **more}, refunds)
    return sale_lines_of(parsed, AMOUNTS, POLICY, booked)


def paid(*refunds: Mapping[str, Any], **more: Any) -> Decimal | None:
    return paid_for_credits(lines(*refunds, **more), GRANTED)


def test_only_package_lines_count() -> None:
    assert paid() == Decimal("9.99")


def test_a_refund_of_a_line_takes_what_the_line_was_refunded() -> None:
    """By credits, the smaller pack would have been 5.60 of the 9.90."""
    items = (item(1, 1, "34.90"), item(2, 1, "9.90"))

    found = lines(refund(9, "9.90", [part(2, 1, "9.90")]), items=items)

    assert [(one.line_id, one.refund_id, one.amount) for one in found] == [
        (1, 0, Decimal("34.90")), (2, 0, Decimal("9.90")), (2, 9, Decimal("-9.90")),
    ]  # fmt: skip
    assert found[-1].credits == -2_000


def test_a_refund_that_names_no_line_is_spread_over_what_each_cost_to_the_cent() -> None:
    items = (item(1, 1, "10.00"), item(2, 1, "5.00"), item(3, 1, "5.00"))

    found = lines(refund(9, "0.99", []), items=items)

    assert [one.amount for one in found[2:]] == [Decimal("-0.50"), Decimal("-0.24")]
    whole = lines(refund(9, "0.05", []), items=(item(1, 1, "1.00"), item(2, 1, "1.00")))
    assert sum(one.amount for one in whole[2:]) == Decimal("-0.05")


def test_a_line_that_names_no_item_is_of_the_first_that_it_fits() -> None:
    pack = {**item(1, 1, "5.00"), "product_id": 12}
    unlinked = {**part(0, 1, "5.00"), "product_id": 12}

    found = lines(refund(9, "5.00", [unlinked]), items=(pack,))

    assert [one.amount for one in found] == [Decimal("5.00"), Decimal("-5.00")]


@pytest.mark.parametrize("status", ["cancelled", "failed", "trash"])
def test_a_void_order_sold_nothing(status: str) -> None:
    assert lines(status=status) == []


def test_an_order_that_waits_has_sold_nothing_yet_and_one_that_was_granted_has() -> None:
    assert lines(status="processing", booked=BookedCredits()) == []
    assert len(lines(status="processing")) == 1


def test_a_refunded_order_was_sold_and_given_back() -> None:
    found = lines(refund(9, "21.99", []), status="refunded")

    assert sum(one.amount for one in found) == 0


def test_a_free_order_has_a_price_and_it_is_nothing() -> None:
    assert paid(items=(item(1, 3, "0.00"),)) == 0


@pytest.mark.parametrize(("quantity", "currency"), [(0, "EUR"), (3, "")])
def test_without_a_package_or_a_currency_nobody_can_tell(quantity: int, currency: str) -> None:
    assert paid(items=(item(1, quantity, "9.99"),), currency=currency) is None


def test_what_granted_nothing_sold_nothing() -> None:
    assert paid_for_credits(lines(), BookedCredits()) is None


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
