"""Which lines are token packages, and what one unit of them grants."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.ids import MAX_ORDER_CREDITS, Credits, LineId
from bridge.domain.orders import OrderLine
from bridge.domain.packages import (
    JudgedLine,
    Problem,
    ProductMeta,
    SoldProducts,
    amounts_of,
    judge_line,
    parse_amount,
)
from tests.support.oracle import explore

PACK = ProductMeta("yes", "10000")
NO_PACK = ProductMeta(None, None)


def a_line(own_amount: str | None = None, line_id: int = 1) -> OrderLine:
    return OrderLine(
        LineId(line_id), 12, 0, "10k Token Pack", 1, Decimal("5.00"), own_amount=own_amount
    )


def judge(
    own: str | None = None,
    *,
    frozen: int | None = None,
    product: ProductMeta | None = PACK,
    variation: ProductMeta | None = None,
) -> JudgedLine:
    kept = None if frozen is None else Credits(frozen)
    return judge_line(a_line(own), SoldProducts(product, variation), frozen=kept)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1", 1),
        ("10000", 10_000),
        (" 12 ", 12),
        ("\t12\n", 12),
        ("+5", 5),
        ("007", 7),
        ("0000000000000000000012", 12),
        (str(MAX_ORDER_CREDITS), MAX_ORDER_CREDITS),
        ("", None),
        ("   ", None),
        ("0", None),
        ("00", None),
        ("12.5", None),
        ("12.0", 12),
        ("25.", 25),
        ("1e6", 1_000_000),
        ("1.5E+3", 1_500),
        ("1e15", MAX_ORDER_CREDITS),
        ("1e16", None),
        ("1e99", None),
        ("1.5e0", None),
        ("1e-3", None),
        ("-3", None),
        ("abc", None),
        ("12abc", None),
        ("1 000", None),
        ("1,000", None),
        ("1_000", None),
        ("0x10", None),
        ("٣", None),
        ("１２", None),
        (str(MAX_ORDER_CREDITS + 1), None),
        (str(10**16), None),
        ("9" * 5_000, None),
    ],
)
def test_only_a_positive_whole_amount_is_one(text: str, amount: int | None) -> None:
    assert parse_amount(text) == amount


@explore(100)
@given(st.text(max_size=20))
def test_property_any_text_is_an_amount_in_range_or_none(text: str) -> None:
    amount = parse_amount(text)

    assert amount is None or 0 < amount <= MAX_ORDER_CREDITS


def test_what_was_frozen_wins_over_all() -> None:
    judged = judge("5", frozen=77, product=ProductMeta("no", "6"), variation=PACK)

    assert (judged.unit_amount, judged.problem) == (77, None)


def test_what_was_frozen_outlives_the_product() -> None:
    assert judge(frozen=77, product=None).unit_amount == 77


def test_the_order_items_own_amount_wins_over_variation_and_product() -> None:
    assert judge("5", product=PACK, variation=ProductMeta("yes", "6")).unit_amount == 5


def test_the_order_items_own_amount_needs_no_product() -> None:
    assert judge("5", product=None).unit_amount == 5
    assert judge("5", product=NO_PACK).unit_amount == 5, "it was one at checkout"


def test_the_variations_amount_wins_over_the_products() -> None:
    assert judge(variation=ProductMeta(None, "6")).unit_amount == 6


@pytest.mark.parametrize("amount", [None, ""])
def test_a_variation_without_an_amount_grants_the_products(amount: str | None) -> None:
    assert judge(variation=ProductMeta(None, amount)).unit_amount == 10_000


def test_a_variation_may_be_a_package_though_its_product_is_none() -> None:
    assert judge(product=NO_PACK, variation=ProductMeta("yes", "6")).unit_amount == 6


@pytest.mark.parametrize("flag", [None, "", "no", "1", "true", "Yes", "on"])
def test_only_yes_marks_a_package(flag: str | None) -> None:
    judged = judge(product=ProductMeta(flag, "10000"))

    assert (judged.unit_amount, judged.problem) == (None, None)


def test_an_amount_on_a_variation_of_no_package_makes_none() -> None:
    judged = judge(product=NO_PACK, variation=ProductMeta(None, "6"))

    assert (judged.unit_amount, judged.problem) == (None, None)


@pytest.mark.parametrize("text", ["0", "12.5", "1e-6", "-3", "abc", str(10**16), " "])
@pytest.mark.parametrize("where", ["its order item", "its variation", "its product"])
def test_a_bad_amount_is_a_problem_that_says_where_it_stands(where: str, text: str) -> None:
    bad = ProductMeta("yes", text)
    judged = {
        "its order item": lambda: judge(text, product=PACK),
        "its variation": lambda: judge(product=PACK, variation=bad),
        "its product": lambda: judge(product=bad),
    }[where]()

    assert (judged.unit_amount, judged.problem) == (None, Problem.BAD_AMOUNT)
    assert where in judged.detail
    assert text.strip() in judged.detail
    assert "10k Token Pack" in judged.detail


@pytest.mark.parametrize("text", ["", None])
def test_a_package_without_an_amount_is_a_problem(text: str | None) -> None:
    judged = judge(product=ProductMeta("yes", text))

    assert judged.problem is Problem.BAD_AMOUNT
    assert "no amount" in judged.detail


def test_a_line_whose_product_is_gone_may_have_been_a_package() -> None:
    judged = judge(product=None)

    assert (judged.unit_amount, judged.problem) == (None, Problem.PRODUCT_GONE)
    assert "10k Token Pack" in judged.detail


def test_a_long_text_is_cut_in_the_message() -> None:
    assert len(judge("x" * 10_000).detail) < 200


def test_amounts_are_those_of_the_packages() -> None:
    lines = (
        JudgedLine(a_line(line_id=1), unit_amount=Credits(5)),
        JudgedLine(a_line(line_id=2)),
        JudgedLine(a_line(line_id=3), problem=Problem.BAD_AMOUNT),
    )

    assert amounts_of(lines) == {1: 5}
