"""The box 'AI Power: Token Package' on the product screen."""

import html
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from .browser import open_page
from .conftest import PEER
from .php_cli import quoted
from .shop import (
    AMOUNT,
    IS_PACKAGE,
    edit_url,
    make_product,
    make_variation,
    package_metas,
    save_product,
)
from .site import WordPressSite
from .visitor import Visitor

BOX = "#aipkit_bridge_token_package"
SCRIPT = "<script>steal()</script>"
RANGE = "Tokens Granted must be a whole number from 1 to 1,000,000,000,000,000"


@pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "no JavaScript"])
def test_a_product_becomes_a_token_package(
    javascript: bool, shop_site: WordPressSite, admin: Visitor, chromium: Browser
) -> None:
    product = make_product(shop_site)
    page = open_page(chromium, edit_url(shop_site, product), admin, javascript=javascript)
    amount = page.get_by_label("Tokens Granted")
    assert not amount.is_visible()

    page.get_by_label("This is a token package product").check()
    amount.fill("10000")
    page.get_by_role("button", name="Update").click()

    assert "Post updated" in page.inner_text("#message")
    assert package_metas(shop_site, product) == {IS_PACKAGE: "yes", AMOUNT: "10000"}
    assert page.get_by_label("This is a token package product").is_checked()
    assert page.get_by_label("Tokens Granted").input_value() == "10000"
    page.context.close()


def test_a_wrong_amount_is_named_and_changes_nothing(
    shop_site: WordPressSite, admin: Visitor, chromium: Browser
) -> None:
    product = make_product(shop_site, amount="500")
    page = open_page(chromium, edit_url(shop_site, product), admin)
    page.get_by_label("Tokens Granted").fill("12.5")
    page.get_by_role("button", name="Update").click()

    notice = page.locator(".notice-error")
    assert RANGE in notice.inner_text()
    assert "You entered “12.5”." in notice.inner_text()
    assert page.get_by_label("Tokens Granted").input_value() == "500"
    assert package_metas(shop_site, product) == {IS_PACKAGE: "yes", AMOUNT: "500"}
    page.reload()
    assert page.locator(".notice-error").count() == 0
    page.context.close()


def test_a_product_with_a_wrong_amount_does_not_become_a_package(
    shop_site: WordPressSite, admin: Visitor
) -> None:
    product = make_product(shop_site)

    page = save_product(shop_site, admin, product, {IS_PACKAGE: "yes", AMOUNT: ""})

    assert RANGE in page
    assert package_metas(shop_site, product) == {}


def test_only_whole_numbers_up_to_the_largest_are_amounts(shop_site: WordPressSite) -> None:
    good = {"1": "1", " 0042 ": "42", "+7": "7", str(10**15): str(10**15)}
    bad = ["", "0", "-5", "12.5", "1e6", "abc", "10,000", "10.000", "١٢", "1 0", str(10**15 + 1)]
    texts = [*good, *bad, "9" * 17]
    listed = ", ".join(quoted(text) for text in texts)

    cleaned = shop_site.wp_value(
        f"array_map( 'AIPKit_Bridge\\Token_Package\\clean_amount', array( {listed} ) )"
    )

    assert dict(zip(texts, cleaned, strict=True)) == good | dict.fromkeys([*bad, "9" * 17], "")


def test_a_product_that_is_no_package_any_more_keeps_neither_meta(
    shop_site: WordPressSite, admin: Visitor
) -> None:
    product = make_product(shop_site, amount="500")

    save_product(shop_site, admin, product, {AMOUNT: "500"})

    assert package_metas(shop_site, product) == {}


def test_scripts_are_shown_as_text(shop_site: WordPressSite, admin: Visitor) -> None:
    stored = f'">{SCRIPT}'
    product = make_product(shop_site, title=f'"{SCRIPT}', amount=stored)
    assert SCRIPT not in admin.get("/wp-admin/edit.php?post_type=product").text

    saved = save_product(shop_site, admin, product, {IS_PACKAGE: "yes", AMOUNT: f'"{SCRIPT}&'})

    assert RANGE in saved
    assert SCRIPT not in saved
    assert f'value="{html.escape(stored)}"' in saved


def test_axe_finds_nothing_in_the_box(
    shop_site: WordPressSite,
    admin: Visitor,
    chromium: Browser,
    picture: Callable[..., None],
) -> None:
    product = make_product(shop_site, amount="10000")
    page = open_page(chromium, edit_url(shop_site, product), admin)
    picture(page, "product-box", BOX)

    found = Axe().run(page, context=BOX).response["violations"]

    assert found == []
    page.context.close()


def test_who_may_not_edit_products_saves_nothing(shop_site: WordPressSite) -> None:
    """Not even with a nonce of their own."""
    product = make_product(shop_site, amount="500")

    shop_site.wp_eval(
        f"""wp_set_current_user( get_user_by( 'login', 'alice' )->ID );
        $_POST = array(
            '_aipkit_is_token_package'          => 'yes',
            '_aipkit_tokens_amount'             => '999',
            'aipkit_bridge_token_package_nonce' =>
                wp_create_nonce( 'aipkit_bridge_token_package{product}' ),
        );
        AIPKit_Bridge\\Product_Box\\save( {product} );""",
        in_admin=True,
    )

    assert package_metas(shop_site, product)[AMOUNT] == "500"


def test_a_subscriber_cannot_send_the_form(shop_site: WordPressSite, alice: Visitor) -> None:
    product = make_product(shop_site, amount="500")
    form = {"action": "editpost", "post_ID": str(product), IS_PACKAGE: "yes", AMOUNT: "999"}

    answer = alice.post("/wp-admin/post.php", form)

    assert answer.status_code == 403
    assert package_metas(shop_site, product)[AMOUNT] == "500"


def test_a_form_without_the_box_changes_nothing(shop_site: WordPressSite, admin: Visitor) -> None:
    """As of another plugin that saves products, or of the peer's box."""
    product = make_product(shop_site, amount="500")
    without = {"aipkit_bridge_token_package_nonce": "", IS_PACKAGE: "yes", AMOUNT: "999"}

    save_product(shop_site, admin, product, without)

    assert package_metas(shop_site, product)[AMOUNT] == "500"


def test_where_the_peer_shows_its_box_only_the_variations_field_is_ours(
    shop_site: WordPressSite, admin: Visitor, chromium: Browser
) -> None:
    shop_site.activate("woocommerce", PEER, "aipkit-bridge")
    product = make_product(shop_site)
    make_variation(shop_site, product)

    page = open_page(chromium, edit_url(shop_site, product), admin)

    assert page.locator("#aipkit_token_package_meta_box").count() == 1
    assert page.locator(BOX).count() == 0
    assert page.get_by_label("Tokens Granted").count() == 1
    page.context.close()
