"""The tab 'Credits' of WooCommerce's page My account."""

import re

import pytest

from .bridge_stand_in import BridgeStandIn
from .conftest import set_up
from .site import WordPressSite
from .visitor import Visitor

ACCOUNT = "/my-account/"
TAB = ACCOUNT + "ai-credits/"
RULE = "ai-credits(/(.*))?/?$"
FORGET = "update_option( 'rewrite_rules', array( 'elsewhere$' => 'index.php' ) );"


def test_the_tab_stands_before_log_out(shop_site: WordPressSite, alice: Visitor) -> None:
    page = alice.get(ACCOUNT).text.partition("woocommerce-MyAccount-navigation")[2]

    tabs = re.findall(r'<li><a href="([^"]*)">([^<]*)</a>', page)

    assert [label for _, label in tabs] == ["Dashboard", "Orders", "Credits", "Log out"]
    assert tabs[2][0] == shop_site.url + TAB


def test_the_tab_shows_what_the_shortcode_shows(
    shop_site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    page = alice.get(TAB)

    content = page.text.partition("woocommerce-MyAccount-content")[2]
    assert f"User {bridge.calls[0].claims['sub']} has 1,234 tokens" in content
    assert bridge.calls[0].query["page_url"] == shop_site.url + TAB
    assert re.search(r"<h1[^>]*>Credits</h1>", page.text)
    assert "assets/fragment.css" in page.text.partition("</head>")[0]
    assert "no-store" in page.headers["Cache-Control"]


def test_other_tabs_ask_nothing(
    shop_site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    page = alice.get(ACCOUNT)

    assert bridge.fragment_requests == 0
    assert "assets/fragment.css" not in page.text


def test_who_is_not_logged_in_gets_the_shops_own_form(
    shop_site: WordPressSite, guest: Visitor, bridge: BridgeStandIn
) -> None:
    assert "woocommerce-form-login" in guest.get(TAB).text
    assert bridge.fragment_requests == 0


def test_there_is_no_tab_before_the_bridge_is_set_up(
    shop_site: WordPressSite, alice: Visitor
) -> None:
    set_up(shop_site, "")

    assert "ai-credits" not in alice.get(ACCOUNT).text


def test_the_tabs_address_is_made_known_once(shop_site: WordPressSite, guest: Visitor) -> None:
    guest.get("/")
    assert is_known(shop_site)

    shop_site.wp_eval(FORGET)
    guest.get("/")

    assert not is_known(shop_site), "no request does it again"


@pytest.mark.parametrize("event", ["a new version", "activation"])
def test_it_is_made_known_again(event: str, shop_site: WordPressSite, guest: Visitor) -> None:
    guest.get("/")
    shop_site.wp_eval(FORGET)
    if event == "activation":
        shop_site.activate("woocommerce")
        shop_site.activate("woocommerce", "aipkit-bridge")
    else:
        shop_site.wp_eval("update_option( 'aipkit_bridge_rewrite', '0.0.1' );")

    guest.get("/")

    assert is_known(shop_site)


def is_known(site: WordPressSite) -> bool:
    """Whether a rule for addresses leads to the tab."""
    names = site.wp_value("array_keys( (array) get_option( 'rewrite_rules' ) )")
    return any(RULE in name for name in names)
