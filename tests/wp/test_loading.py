"""A request loads what it needs of the plugin: no page loads the code of the admin."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.folders import PLUGIN

from .bridge_stand_in import Answer, BridgeStandIn
from .site import WordPressSite
from .visitor import Visitor

PORTRAIT = """<?php
register_shutdown_function( function () {
    file_put_contents( __DIR__ . '/loaded.json', wp_json_encode( get_included_files() ) );
} );
"""
ALWAYS = {
    "aipkit-bridge.php",
    "inc/settings.php",
    "inc/settings-version.php",
    "inc/shortcode.php",
    "inc/block.php",
    "inc/peer.php",
    "inc/credit-metas.php",
    "inc/credit-rows.php",
    "inc/privacy.php",
}
FRAGMENT = {
    "inc/fragment.php",
    "inc/fragment-query.php",
    "inc/fragment-html.php",
    "inc/client.php",
    "inc/fail-soft.php",
    "inc/kept-fragments.php",
    "inc/visitor-facts.php",
}
SHOP = {
    "inc/woocommerce.php",
    "inc/order-item.php",
    "inc/token-package.php",
    "inc/order-hints.php",
    "inc/account-tab.php",
}
ADMIN = {path.relative_to(PLUGIN).as_posix() for path in (PLUGIN / "inc" / "admin").glob("*.php")}
PRODUCTS = {
    "inc/admin/products.php",
    "inc/admin/product-box.php",
    "inc/admin/product-column.php",
    "inc/admin/product-notices.php",
    "inc/admin/variation-field.php",
}


REQUIRE = re.compile(
    r"^(\t*)require_once (?:(dirname\( )?__DIR__(?(2) \))) \. '/([\w/.-]+)';", re.MULTILINE
)
FUNCTION = re.compile(r"^function \w+\(.*?^}", re.MULTILINE | re.DOTALL)


class Loaded:
    """What the last request has loaded of the plugin."""

    def __init__(self, folder: Path) -> None:
        self._list = folder / "loaded.json"

    def __call__(self) -> set[str]:
        files = [Path(name) for name in json.loads(self._list.read_text())]
        return {
            path.relative_to(PLUGIN).as_posix() for path in files if path.is_relative_to(PLUGIN)
        }


@pytest.fixture
def loaded(site: WordPressSite) -> Iterator[Loaded]:
    """Each request leaves the names of its files."""
    folder = site.must_use
    (folder / "portrait.php").write_text(PORTRAIT)
    yield Loaded(folder)
    for name in ("portrait.php", "loaded.json"):
        (folder / name).unlink()


def test_a_page_without_the_shortcode_loads_the_hooks_alone(
    site: WordPressSite, guest: Visitor, loaded: Loaded
) -> None:
    assert guest.get("/").status_code == 200

    assert loaded() == ALWAYS


def test_a_page_with_the_shortcode_loads_the_fragments_code(
    alice: Visitor, page_url: str, loaded: Loaded
) -> None:
    assert "has 1,234 tokens" in alice.get(page_url).text

    assert loaded() == ALWAYS | FRAGMENT


def test_a_refused_page_compares_clocks(
    alice: Visitor, bridge: BridgeStandIn, page_url: str, loaded: Loaded
) -> None:
    bridge.fixed_answer = Answer("", status=401)
    alice.get(page_url)

    assert loaded() == ALWAYS | FRAGMENT | {"inc/clocks.php"}


def test_a_rest_request_loads_no_more_than_a_page(
    site: WordPressSite, guest: Visitor, loaded: Loaded
) -> None:
    assert guest.get("/wp-json/wp/v2/posts").status_code == 200

    assert loaded() == ALWAYS


def test_a_rest_request_that_renders_the_shortcode_loads_its_code(
    site: WordPressSite, guest: Visitor, page_url: str, loaded: Loaded
) -> None:
    pages = guest.get("/wp-json/wp/v2/pages").json()

    assert any("aipkit-login-prompt" in page["content"]["rendered"] for page in pages)
    assert loaded() == ALWAYS | FRAGMENT


def test_a_shops_page_loads_the_hooks_of_the_shop(
    shop_site: WordPressSite, guest: Visitor, loaded: Loaded
) -> None:
    guest.get("/")

    assert loaded() == ALWAYS | SHOP


def test_a_changed_order_loads_what_sends_the_hint(
    shop_site: WordPressSite, guest: Visitor, bridge: BridgeStandIn, loaded: Loaded
) -> None:
    guest.get("/?stand_in_event=completed&orders=81")

    assert bridge.wait_for_hints() == [81]
    assert loaded() == ALWAYS | SHOP | {
        "inc/client.php",
        "inc/fail-soft.php",
        "inc/fragment-html.php",
        "inc/kept-fragments.php",
    }


def test_the_admin_loads_its_own(site: WordPressSite, admin: Visitor, loaded: Loaded) -> None:
    assert admin.get("/wp-admin/").status_code == 200

    assert loaded() & ADMIN == ADMIN - PRODUCTS


def test_the_admin_of_a_shop_loads_the_code_of_products(
    shop_site: WordPressSite, admin: Visitor, loaded: Loaded
) -> None:
    assert admin.get("/wp-admin/").status_code == 200

    assert loaded() & ADMIN == ADMIN


def required(code: str, file: Path, *, always: bool) -> set[Path]:
    """The files that code brings: all of them, or those that it always does."""
    return {
        (file.parent.parent if up else file.parent) / name
        for indent, up, name in REQUIRE.findall(code)
        if not always or not indent
    }


def closure(files: set[Path]) -> set[Path]:
    """The same with what those files always bring."""
    more = {new for file in files for new in required(file.read_text(), file, always=True)}
    return files if more <= files else closure(files | more)


def known_to(file: Path) -> set[Path]:
    """What is loaded whenever this file is: by itself, or by each that loads it."""
    every = [PLUGIN / "aipkit-bridge.php", *PLUGIN.rglob("inc/**/*.php")]
    loaders = [one for one in every if file in required(one.read_text(), one, always=False)]
    known = [known_to(loader) for loader in loaders]
    return closure({file, *(PLUGIN / name for name in ALWAYS)}).union(
        set.intersection(*known) if known else set()
    )


@pytest.mark.parametrize("file", sorted(PLUGIN.rglob("inc/**/*.php")), ids=lambda file: file.name)
def test_each_function_has_what_it_calls(file: Path) -> None:
    """It is loaded with the file, or by the function: whoever calls need not know."""
    known = known_to(file)
    for function in FUNCTION.findall(file.read_text("utf-8")):
        there = closure(known | required(function, file, always=False))
        names = {one.stem.replace("-", "_") for one in there}
        called = {name.lower() for name in re.findall(r"(?<![\\\w])([A-Z]\w+)\\\w", function)}
        called = {name for name in called if name != "aipkit_bridge"}
        assert called <= names, function.partition("(")[0]
