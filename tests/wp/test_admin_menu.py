"""AIP > Credits and Status: a click signs an administrator in to the bridge's own screens."""

import re
from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import Browser

from tests.browser.looking import complaints

from .bridge_stand_in import BridgeStandIn
from .browser import open_page
from .conftest import set_up
from .site import WordPressSite
from .spending_bridge import SpendingBridge, run_spending_bridge
from .test_settings_page import hidden_fields
from .visitor import Visitor

CREDITS = "/wp-admin/admin.php?page=aipkit-bridge-credits"
STATUS = "/wp-admin/admin.php?page=aipkit-bridge-status"
POST = "/wp-admin/admin-post.php"
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


@pytest.fixture(scope="module")
def running(
    module_site: WordPressSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SpendingBridge]:
    folder = tmp_path_factory.mktemp("bridge")
    with run_spending_bridge(module_site, folder) as running, module_site.kept():
        yield running


@pytest.fixture
def real_bridge(running: SpendingBridge, site: WordPressSite) -> str:
    """A running bridge; browsers reach it as another site than WordPress."""
    set_up(site, running.url)
    public = running.url.replace("127.0.0.1", "localhost")
    site.set_constants({"AIPKIT_BRIDGE_PUBLIC_URL": public})
    return public


@pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "no JavaScript"])
@pytest.mark.parametrize(("entry", "button"), [(CREDITS, "Open Credits"), (STATUS, "Open Status")])
def test_the_button_opens_the_bridge_signed_in(
    javascript: bool,
    entry: str,
    button: str,
    real_bridge: str,
    site: WordPressSite,
    admin: Visitor,
    chromium: Browser,
) -> None:
    page = open_page(chromium, site.url + entry, admin, javascript=javascript)
    addresses: list[str] = []
    page.context.on("request", lambda request: addresses.append(request.url))

    with page.expect_popup() as popup:
        page.get_by_role("button", name=button).click()
    screen = popup.value
    if not javascript:
        screen.get_by_role("button", name="Sign in").click()
    screen.wait_for_url(f"{real_bridge}/**")

    assert "Signed in as admin" in screen.inner_text("header")
    assert f"{real_bridge}/admin/login" in addresses
    assert [address for address in addresses if "eyJ" in address] == [], "no address has a token"
    page.context.close()


def test_a_token_is_made_at_the_click_only(admin: Visitor) -> None:
    for address in (CREDITS, STATUS, "/wp-admin/", "/wp-admin/options-general.php"):
        assert not TOKEN.search(admin.get(address).text), address

    answer = press(admin, STATUS)

    assert TOKEN.search(answer.text)
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_each_click_makes_a_token_of_its_own(admin: Visitor) -> None:
    first, second = (TOKEN.findall(press(admin, STATUS).text) for _ in range(2))

    assert len(first) == len(second) == 1
    assert first != second


def test_a_shop_manager_has_the_menu_without_the_settings(manager: Visitor) -> None:
    page = manager.get(CREDITS).text

    assert "Open Credits" in page
    assert "page=aipkit-bridge-status" in page
    assert "page=aipkit-bridge'" not in page
    assert TOKEN.search(press(manager, CREDITS).text)


def test_a_subscriber_has_no_menu_and_gets_no_token(alice: Visitor) -> None:
    assert "aipkit-bridge" not in alice.get("/wp-admin/profile.php").text
    for address in (CREDITS, STATUS):
        assert alice.get(address).status_code == 403

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


def test_without_its_nonce_or_for_another_screen_the_form_is_refused(admin: Visitor) -> None:
    form = hidden_fields(admin.get(STATUS).text, "admin-post.php")

    no_nonce = admin.post(POST, form | {"_wpnonce": ""})
    unknown = admin.post(POST, form | {"screen": "https://evil.example"})
    by_link = admin.get(POST, params=form)

    assert (no_nonce.status_code, unknown.status_code, by_link.status_code) == (403, 400, 400)
    assert not any(TOKEN.search(answer.text) for answer in (no_nonce, unknown, by_link))


def test_without_settings_the_pages_say_what_is_missing(
    site: WordPressSite, admin: Visitor, manager: Visitor
) -> None:
    form = hidden_fields(admin.get(STATUS).text, "admin-post.php")
    set_up(site, "")

    assert "The bridge is not set up yet" in admin.get(STATUS).text
    assert "Open the settings" in admin.get(CREDITS).text
    assert "Open the settings" not in manager.get(CREDITS).text
    assert admin.post(POST, form).status_code == 503


def test_an_address_that_browsers_cannot_reach_is_named(
    site: WordPressSite, admin: Visitor, bridge: BridgeStandIn
) -> None:
    """As far as the site's own address tells."""
    assert "Only this web server itself" not in admin.get(STATUS).text
    code = "ob_start(); AIPKit_Bridge\\Admin_Menu\\warn_of_local_address(); echo ob_get_clean();"
    elsewhere = "add_filter( 'home_url', fn() => 'https://shop.example' );"

    warning = site.wp_eval(elsewhere + code, in_admin=True)

    assert f"Only this web server itself can reach the bridge at {bridge.url}." in warning


def test_a_script_in_the_users_name_is_shown_as_text(site: WordPressSite, admin: Visitor) -> None:
    site.sql("UPDATE wp_users SET display_name = '<script>steal()' WHERE ID = 1")
    try:
        page = admin.get(STATUS).text
    finally:
        site.sql("UPDATE wp_users SET display_name = 'admin' WHERE ID = 1")
    ours = page[page.index("<h1>Status") :]

    assert "signed in as &lt;script&gt;steal() at" in ours
    assert "<script>steal()" not in ours


def test_axe_finds_nothing_on_the_pages(
    site: WordPressSite, admin: Visitor, chromium: Browser, picture: Callable[..., None]
) -> None:
    page = open_page(chromium, site.url + STATUS, admin)
    picture(page, "menu")
    found = complaints(page, "#wpbody-content")
    page.context.close()
    handed_over = open_page(chromium, site.url + STATUS, admin, javascript=False)
    with handed_over.expect_popup() as popup:
        handed_over.get_by_role("button", name="Open Status").click()
    popup.value.wait_for_load_state()
    source = popup.value.content()
    handed_over.context.close()
    still = chromium.new_page(java_script_enabled=True)
    still.set_content(source.replace("<script", "<template"))
    found += complaints(still, "body")
    still.close()

    assert found == []


def press(visitor: Visitor, address: str) -> requests.Response:
    """Presses the button of a page; gives what follows."""
    return visitor.post(POST, hidden_fields(visitor.get(address).text, "admin-post.php"))
