"""What a shop's owner has in WordPress: products and their metas."""

from typing import Any

from .php_cli import quoted
from .site import WordPressSite
from .visitor import Visitor, hidden_fields

IS_PACKAGE, AMOUNT = "_aipkit_is_token_package", "_aipkit_tokens_amount"


def make_post(
    site: WordPressSite, kind: str, title: str, metas: dict[str, str], parent: int = 0
) -> int:
    """A new published post's id."""
    pairs = ", ".join(f"{quoted(key)} => {quoted(value)}" for key, value in metas.items())
    return int(
        site.wp_value(
            f"""wp_insert_post( wp_slash( array(
                'post_type'   => {quoted(kind)},
                'post_status' => 'publish',
                'post_title'  => {quoted(title)},
                'post_parent' => {parent},
                'meta_input'  => array( {pairs} ),
            ) ) )"""
        )
    )


def make_chatbot(site: WordPressSite, title: str, limit: str) -> int:
    """A chatbot with this much for free each day."""
    metas = {
        "_aipkit_token_limit_mode": "general",
        "_aipkit_token_user_limit": limit,
        "_aipkit_token_reset_period": "daily",
    }
    return make_post(site, "aipkit_chatbot", title, metas)


def make_product(site: WordPressSite, title: str = "Ten thousand", amount: str = "") -> int:
    """A product; a token package if it has an amount."""
    return make_post(site, "product", title, {IS_PACKAGE: "yes", AMOUNT: amount} if amount else {})


def make_variation(site: WordPressSite, product: int, metas: dict[str, str] | None = None) -> int:
    """A variation of a product."""
    return make_post(site, "product_variation", "Variation", metas or {}, parent=product)


def package_metas(site: WordPressSite, product: int) -> dict[str, Any]:
    """What the database says of a product or variation."""
    rows = site.sql(
        "SELECT meta_key, meta_value FROM wp_postmeta WHERE post_id = %s AND meta_key LIKE %s",
        product,
        "\\_aipkit\\_%",
    )
    return dict(rows)


def edit_url(site: WordPressSite, product: int) -> str:
    """The screen of a product."""
    return f"{site.url}/wp-admin/post.php?post={product}&action=edit"


def save_product(
    site: WordPressSite, visitor: Visitor, product: int, fields: dict[str, str]
) -> str:
    """Sends the product's form with these fields; gives the page that follows."""
    screen = visitor.get(edit_url(site, product)).text
    return visitor.post("/wp-admin/post.php", hidden_fields(screen, "post.php") | fields).text
