"""What each unit grants is frozen in the order item at checkout."""

from typing import Any

import pytest

from .shop import AMOUNT, IS_PACKAGE, make_post, make_product, make_variation
from .site import WordPressSite

PACKAGE = {IS_PACKAGE: "yes", AMOUNT: "100"}


def check_out(site: WordPressSite, product: int, variation: int = 0) -> Any:
    """Buys one; gives the metas of the order item."""
    return site.wp_value(f"stand_in_check_out( {product}, {variation} )")


@pytest.mark.parametrize(
    ("product", "frozen"),
    [
        (PACKAGE, [[AMOUNT, "100"]]),
        ({IS_PACKAGE: "yes", AMOUNT: " 0100"}, [[AMOUNT, "100"]]),
        ({IS_PACKAGE: "yes", AMOUNT: "12.5"}, []),
        ({IS_PACKAGE: "yes"}, []),
        ({IS_PACKAGE: "no", AMOUNT: "100"}, []),
        ({AMOUNT: "100"}, []),
    ],
)
def test_only_a_packages_good_amount_is_frozen(
    product: dict[str, str], frozen: list[list[str]], shop_site: WordPressSite
) -> None:
    bought = make_post(shop_site, "product", "Bought", product)

    assert check_out(shop_site, bought) == frozen


@pytest.mark.parametrize(
    ("product", "variation", "frozen"),
    [
        (PACKAGE, {AMOUNT: "500"}, [[AMOUNT, "500"]]),
        (PACKAGE, {}, [[AMOUNT, "100"]]),
        (PACKAGE, {AMOUNT: "0"}, []),
        (PACKAGE, {IS_PACKAGE: "no", AMOUNT: "500"}, []),
        ({}, {AMOUNT: "500"}, []),
        ({}, {IS_PACKAGE: "yes", AMOUNT: "500"}, [[AMOUNT, "500"]]),
    ],
)
def test_a_variations_own_amount_and_tick_win(
    product: dict[str, str],
    variation: dict[str, str],
    frozen: list[list[str]],
    shop_site: WordPressSite,
) -> None:
    parent = make_post(shop_site, "product", "Bought", product)

    assert check_out(shop_site, parent, make_variation(shop_site, parent, variation)) == frozen


def test_the_order_screen_does_not_show_it(shop_site: WordPressSite) -> None:
    product = make_product(shop_site, amount="100")
    ((key, _),) = check_out(shop_site, product)

    hidden = shop_site.wp_value("apply_filters( 'woocommerce_hidden_order_itemmeta', ['_qty'] )")

    assert hidden == ["_qty", key]
