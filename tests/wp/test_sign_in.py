"""Where the bridge has an address for browsers: a click in WordPress signs in to its own pages."""

import html
import re

import jwt
import pytest
import requests
from playwright.sync_api import Browser

from tests.browser.looking import complaints

from .browser import open_page
from .conftest import set_up
from .site import WordPressSite
from .spending_bridge import SpendingBridge
from .visitor import Visitor, hidden_fields

STATUS = "/wp-admin/admin.php?page=aipkit-bridge-status"
POST = "/wp-admin/admin-post.php"
BUTTON = "Open the bridge's own pages"
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


@pytest.fixture
def real_bridge(spending_bridge: SpendingBridge, site: WordPressSite) -> str:
    """A running bridge; browsers reach it as another site than WordPress."""
    set_up(site, spending_bridge.url)
    public = spending_bridge.url.replace("127.0.0.1", "localhost")
    site.set_constants({"AIPKIT_BRIDGE_PUBLIC_URL": public})
    return public


@pytest.fixture
def with_address(site: WordPressSite) -> WordPressSite:
    """Browsers reach the bridge."""
    site.set_constants({"AIPKIT_BRIDGE_PUBLIC_URL": "https://bridge.example"})
    return site


@pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "no JavaScript"])
def test_the_button_opens_the_bridge_signed_in(
    javascript: bool,
    real_bridge: str,
    site: WordPressSite,
    admin: Visitor,
    chromium: Browser,
) -> None:
    page = open_page(chromium, site.url + STATUS, admin, javascript=javascript)
    addresses: list[str] = []
    page.context.on("request", lambda request: addresses.append(request.url))

    with page.expect_popup() as popup:
        page.get_by_role("button", name=BUTTON).click()
    screen = popup.value
    if not javascript:
        screen.get_by_role("button", name="Sign in").click()
    screen.wait_for_url(f"{real_bridge}/**")

    assert "Signed in as admin" in screen.inner_text("header")
    assert f"{real_bridge}/admin/login" in addresses
    assert [address for address in addresses if "eyJ" in address] == [], "no address has a token"
    page.context.close()


@pytest.mark.usefixtures("with_address")
def test_the_token_tells_the_language_of_the_profile(admin: Visitor, site: WordPressSite) -> None:
    site.wp_eval("update_user_meta( 1, 'locale', 'tr_TR' );")

    token = TOKEN.search(press(admin, STATUS).text)

    site.wp_eval("delete_user_meta( 1, 'locale' );")
    assert token
    assert jwt.decode(token[0], options={"verify_signature": False})["locale"] == "tr_TR"


@pytest.mark.usefixtures("with_address")
def test_a_token_is_made_at_the_click_only(admin: Visitor) -> None:
    for address in (STATUS, "/wp-admin/", "/wp-admin/options-general.php"):
        assert not TOKEN.search(admin.get(address).text), address

    answer = press(admin, STATUS)

    assert TOKEN.search(answer.text)
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.usefixtures("with_address")
def test_each_click_makes_a_token_of_its_own(admin: Visitor) -> None:
    first, second = (TOKEN.findall(press(admin, STATUS).text) for _ in range(2))

    assert len(first) == len(second) == 1
    assert first != second


@pytest.mark.usefixtures("with_address")
def test_a_shop_manager_signs_in_as_well(manager: Visitor) -> None:
    assert TOKEN.search(press(manager, STATUS).text)


def test_without_an_address_for_browsers_there_is_no_button(admin: Visitor) -> None:
    assert BUTTON not in html.unescape(admin.get(STATUS).text)


def test_a_subscriber_gets_no_token(alice: Visitor) -> None:
    answer = alice.post(POST, {"action": "aipkit_bridge_sign_in", "screen": "status"})

    assert answer.status_code == 403
    assert not TOKEN.search(answer.text)


def test_not_even_a_nonce_gets_a_subscriber_a_token(site: WordPressSite) -> None:
    page = site.wp_eval(
        """wp_set_current_user( get_user_by( 'login', 'alice' )->ID );
        require_once ABSPATH . 'wp-admin/includes/admin.php';
        $_POST    = array( 'screen' => 'status' );
        $_REQUEST = array( '_wpnonce' => wp_create_nonce( 'aipkit_bridge_sign_in' ) );
        AIPKit_Bridge\\Sign_In\\handle();""",
        in_admin=True,
    )

    assert "You are not allowed to do this." in page
    assert not TOKEN.search(page)


def test_a_stranger_gets_no_token(guest: Visitor) -> None:
    answer = guest.post(POST, {"action": "aipkit_bridge_sign_in", "screen": "status"})

    assert not TOKEN.search(answer.text)


@pytest.mark.usefixtures("with_address")
def test_without_its_nonce_or_for_another_screen_the_form_is_refused(admin: Visitor) -> None:
    form = hidden_fields(admin.get(STATUS).text, "admin-post.php")

    no_nonce = admin.post(POST, form | {"_wpnonce": ""})
    unknown = admin.post(POST, form | {"screen": "https://evil.example"})
    by_link = admin.get(POST, params=form)

    assert (no_nonce.status_code, unknown.status_code, by_link.status_code) == (403, 400, 400)
    assert not any(TOKEN.search(answer.text) for answer in (no_nonce, unknown, by_link))


def test_without_settings_nobody_is_signed_in(with_address: WordPressSite, admin: Visitor) -> None:
    form = hidden_fields(admin.get(STATUS).text, "admin-post.php")
    set_up(with_address, "")

    assert admin.post(POST, form).status_code == 503


def test_axe_finds_nothing_on_the_page_between(
    with_address: WordPressSite, admin: Visitor, chromium: Browser
) -> None:
    source = press(admin, STATUS).text
    still = chromium.new_page(java_script_enabled=True)
    still.set_content(source.replace("<script", "<template"))
    found = complaints(still, "body")
    still.close()

    assert found == []


def press(visitor: Visitor, address: str) -> requests.Response:
    """Presses the button of a page; gives what follows."""
    return visitor.post(POST, hidden_fields(visitor.get(address).text, "admin-post.php"))
