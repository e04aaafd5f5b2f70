"""Each variation of a product may have its own number of tokens."""

import pytest
from playwright.sync_api import Browser, Page

from .browser import open_page
from .shop import AMOUNT, edit_url, make_product, make_variation, package_metas
from .site import WordPressSite
from .visitor import Visitor


def save(page: Page, amounts: dict[int, str]) -> str:
    """Fills fields of variations in and saves them alone; gives what is said about it."""
    for variation, amount in amounts.items():
        block = page.locator(".woocommerce_variation", has_text=f"#{variation}")
        block.get_by_label("Tokens Granted").fill(amount)
    page.locator(".save-variation-changes").click()
    return page.locator(".saved").inner_text()


def test_variations_get_amounts_of_their_own(
    shop_site: WordPressSite, admin: Visitor, chromium: Browser
) -> None:
    product = make_product(shop_site, amount="100")
    small, large = make_variation(shop_site, product), make_variation(shop_site, product)
    page = open_page(chromium, edit_url(shop_site, product), admin)

    assert save(page, {small: "500", large: "9000"}) == ""

    assert package_metas(shop_site, small) == {AMOUNT: "500"}
    assert package_metas(shop_site, large) == {AMOUNT: "9000"}
    assert package_metas(shop_site, product)[AMOUNT] == "100"
    page.context.close()


def test_an_empty_field_leaves_it_to_the_product(
    shop_site: WordPressSite, admin: Visitor, chromium: Browser
) -> None:
    product = make_product(shop_site, amount="100")
    variation = make_variation(shop_site, product, {AMOUNT: "500"})
    page = open_page(chromium, edit_url(shop_site, product), admin)
    field = page.locator(".woocommerce_variation").get_by_label("Tokens Granted")
    assert field.input_value() == "500"
    assert field.get_attribute("placeholder") == "100"

    assert save(page, {variation: ""}) == ""

    assert package_metas(shop_site, variation) == {}
    page.context.close()


def test_a_wrong_amount_of_one_variation_keeps_only_that_one(
    shop_site: WordPressSite, admin: Visitor, chromium: Browser
) -> None:
    product = make_product(shop_site, amount="100")
    wrong = make_variation(shop_site, product, {AMOUNT: "500"})
    right = make_variation(shop_site, product)
    page = open_page(chromium, edit_url(shop_site, product), admin)

    said = save(page, {wrong: "12.5", right: "9000"})

    assert f"The tokens of variation #{wrong} were not changed." in said
    assert "You entered “12.5”." in said
    assert package_metas(shop_site, wrong) == {AMOUNT: "500"}
    assert package_metas(shop_site, right) == {AMOUNT: "9000"}
    page.context.close()


@pytest.mark.parametrize("user", ["alice", "admin"])
def test_without_right_and_nonce_nothing_is_saved(user: str, shop_site: WordPressSite) -> None:
    """A customer with a good nonce, and an administrator with another variation's."""
    product = make_product(shop_site, amount="100")
    variation = make_variation(shop_site, product, {AMOUNT: "500"})
    of = variation if user == "alice" else product

    shop_site.wp_eval(
        f"""wp_set_current_user( get_user_by( 'login', '{user}' )->ID );
        $nonce = wp_create_nonce( 'aipkit_variation_tokens_amount{of}' );
        $_POST = array(
            'aipkit_variation_tokens_amount' => array( 3 => '999' ),
            'aipkit_variation_tokens_nonce'  => array( 3 => $nonce ),
        );
        AIPKit_Bridge\\Variation_Field\\save( {variation}, 3 );""",
        in_admin=True,
    )

    assert package_metas(shop_site, variation) == {AMOUNT: "500"}


def test_a_plugin_that_saves_a_variation_without_the_form_changes_nothing(
    shop_site: WordPressSite,
) -> None:
    product = make_product(shop_site, amount="100")
    variation = make_variation(shop_site, product, {AMOUNT: "500"})

    code = f"AIPKit_Bridge\\Variation_Field\\save( {variation} );"
    shop_site.wp_eval(code, in_admin=True)

    assert package_metas(shop_site, variation) == {AMOUNT: "500"}
