"""The column 'Tokens' in the list of products."""

import re

import pytest

from .shop import AMOUNT, IS_PACKAGE, make_post, make_product, make_variation
from .site import WordPressSite
from .visitor import Visitor

LIST = "/wp-admin/edit.php?post_type=product"


def cell(admin: Visitor, product: int) -> str:
    """The text of a product's cell."""
    row = admin.get(LIST).text.partition(f'id="post-{product}"')[2]
    found = re.search(r"<td class='aipkit_tokens[^>]*>(.*?)</td>", row)
    assert found is not None
    return re.sub(r"<[^>]*>", "", found[1])


def test_the_column_stands_between_price_and_categories(
    shop_site: WordPressSite, admin: Visitor
) -> None:
    head = admin.get(LIST).text.partition("</thead>")[0]

    assert re.findall(r'<th scope="col" id=["\'](\w+)', head.replace("'", '"')) == [
        "name",
        "price",
        "aipkit_tokens",
        "product_cat",
        "date",
    ]


def test_a_package_shows_its_tokens_and_another_product_none(
    shop_site: WordPressSite, admin: Visitor
) -> None:
    package = make_product(shop_site, amount="10000")
    mug = make_product(shop_site, title="Mug")

    assert cell(admin, package) == "10,000"
    assert cell(admin, mug) == "&ndash;"


@pytest.mark.parametrize(
    ("variations", "shown"),
    [
        (["", ""], "100"),
        (["500", "9000"], "500 – 9,000"),
        (["", "9000"], "100 – 9,000"),
        (["500", "many"], "Number missing"),
    ],
)
def test_a_package_with_variations_shows_the_least_and_the_most(
    variations: list[str], shown: str, shop_site: WordPressSite, admin: Visitor
) -> None:
    product = make_product(shop_site, amount="100")
    for amount in variations:
        make_variation(shop_site, product, {AMOUNT: amount} if amount else {})

    assert cell(admin, product) == shown


def test_a_package_without_a_number_is_seen_at_once(
    shop_site: WordPressSite, admin: Visitor
) -> None:
    product = make_post(shop_site, "product", "Made by import", {IS_PACKAGE: "yes"})

    assert cell(admin, product) == "Number missing"
