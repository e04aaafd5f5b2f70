"""The dashboard's widget 'AI credits': loaded after the page, and never in its way."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import complaints

from .bridge_stand_in import BridgeStandIn
from .browser import open_page
from .conftest import set_up
from .php_cli import quoted
from .php_server import free_port
from .site import WordPressSite
from .visitor import Visitor, attribute

DASHBOARD = "/wp-admin/index.php"
AJAX = "/wp-admin/admin-ajax.php"
WIDGET = "#aipkit_bridge_status"


def test_the_figures_are_loaded_after_the_page(
    site: WordPressSite,
    admin: Visitor,
    bridge: BridgeStandIn,
    chromium: Browser,
    picture: Callable[..., None],
) -> None:
    page = open_page(chromium, site.url + DASHBOARD, admin)

    widget = page.locator(WIDGET)
    expect(widget).to_contain_text("1,234,567")
    text = " ".join(widget.inner_text().split())
    assert "Credits outstanding 1,234,567 as of " in text
    assert "Shop last read 2 mins ago" in text
    assert "Orders that need you 3" in text
    assert "Paid orders that are nobody's 2" in text
    assert bridge.status_calls[0].claims["sub"] == "1"
    assert bridge.status_calls[0].claims["scope"] == "read"
    assert complaints(page, WIDGET) == []
    picture(page, "dashboard-widget", WIDGET)
    page.context.close()


def test_for_a_minute_the_bridge_is_asked_once(
    admin: Visitor, manager: Visitor, bridge: BridgeStandIn
) -> None:
    figures(admin)

    assert "1,234,567" in manager.get(DASHBOARD).text, "what is known is on the page at once"
    assert len(bridge.status_calls) == 1


def test_the_menu_counts_orders_that_wait_for_somebody(
    admin: Visitor, bridge: BridgeStandIn
) -> None:
    bubble = "awaiting-mod count-5"
    assert bubble not in admin.get(DASHBOARD).text, "nobody has asked yet"
    figures(admin)

    page = admin.get(DASHBOARD).text

    assert page.count(bubble) == 3, "beside AIP, in the head of its menu, and beside Status"
    assert "Orders that need you: 5" in page
    assert len(bridge.status_calls) == 1


def test_nothing_is_counted_where_nobody_waits(admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.status["orders"] = {"attention": 0}
    figures(admin)

    assert "Orders that need you: " not in admin.get(DASHBOARD).text


def test_the_button_leads_to_the_status_page(admin: Visitor) -> None:
    html = figures(admin)

    assert 'wp-admin/admin.php?page=aipkit-bridge-status"' in html
    assert "Open Status" in html
    assert "eyJ" not in html


def test_before_the_first_poll_there_is_no_time(admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.status["sync"]["last_poll_at"] = None

    assert "Not yet" in figures(admin)


def test_before_all_accounts_were_looked_at_there_is_no_sum(
    admin: Visitor, bridge: BridgeStandIn
) -> None:
    bridge.status["outstanding"] = {"credits": None, "at": None}

    html = figures(admin)

    assert "Not yet <small></small>" in html
    assert "as of" not in html


def test_what_the_bridge_warns_of_is_shown_as_text(admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.status["warnings"] = [{"code": "no_worker", "text": "No worker <script>steal()"}]

    html = figures(admin)

    assert "No worker &lt;script&gt;steal()" in html


@pytest.mark.parametrize("garbage", [[], {}, {"outstanding": 5}, "text", None])
def test_an_answer_that_is_no_state_is_no_figure(
    admin: Visitor, bridge: BridgeStandIn, garbage: object
) -> None:
    bridge.status = garbage  # type: ignore[assignment]  # not what the bridge would say

    assert "gives no figures (HTTP 200)" in figures(admin)


def test_a_bridge_that_hangs_delays_no_dashboard(admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.hang()
    started = time.monotonic()

    page = admin.get(DASHBOARD)

    assert page.status_code == 200
    assert time.monotonic() - started < 2
    assert bridge.status_calls == []


def test_a_bridge_that_is_down_is_said_to_be(site: WordPressSite, admin: Visitor) -> None:
    set_up(site, f"http://127.0.0.1:{free_port()}")

    assert "The bridge cannot be reached" in figures(admin)


def test_after_a_failure_a_moment_ago_nobody_asks(
    site: WordPressSite, admin: Visitor, bridge: BridgeStandIn
) -> None:
    code = "AIPKit_Bridge\\Fail_Soft\\remember_failure( 'it was <b>down</b>' );"
    site.wp_eval(code, in_admin=True)

    html = figures(admin)

    assert "A moment ago: it was &lt;b&gt;down&lt;/b&gt;" in html
    assert bridge.status_calls == []


def test_another_secret_is_named(admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.secret = "quite another secret of 32 characters or more"

    assert "does not accept this site&#039;s signature" in figures(admin)


def test_another_clock_is_named_before_the_secret(admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.secret = "quite another secret of 32 characters or more"  # refused all the same
    bridge.clock_offset_seconds = -300

    assert "the bridge&#039;s clock is 300 seconds behind" in figures(admin)


def test_new_settings_forget_the_old_bridges_figures(
    site: WordPressSite, admin: Visitor, bridge: BridgeStandIn
) -> None:
    figures(admin)
    set_up(site, bridge.url + "/")
    set_up(site, bridge.url)

    figures(admin)

    assert len(bridge.status_calls) == 2


def test_when_the_script_gets_no_answer_it_says_so(
    site: WordPressSite, admin: Visitor, chromium: Browser
) -> None:
    page = open_page(chromium, site.url + "/wp-admin/profile.php", admin)
    page.route("**/admin-ajax.php", lambda route: route.abort())
    page.goto(site.url + DASHBOARD)

    expect(page.locator(WIDGET)).to_contain_text("The figures could not be loaded.")
    page.context.close()


def test_without_javascript_the_button_is_there(
    site: WordPressSite, admin: Visitor, chromium: Browser
) -> None:
    page = open_page(chromium, site.url + DASHBOARD, admin, javascript=False)

    assert page.locator(WIDGET).get_by_role("link", name="Open Status").is_visible()
    page.context.close()


def test_a_subscriber_gets_neither_widget_nor_figures(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    assert "aipkit_bridge" not in alice.get(DASHBOARD).text
    answer = alice.post(AJAX, {"action": "aipkit_bridge_status"})
    assert answer.status_code == 403
    with_nonce = site.wp_eval(
        f"""wp_set_current_user( get_user_by( 'login', {quoted("alice")} )->ID );
        $_REQUEST = array( '_ajax_nonce' => wp_create_nonce( 'aipkit_bridge_status' ) );
        AIPKit_Bridge\\Dashboard_Widget\\answer();""",
        in_admin=True,
    )

    assert "outstanding" not in with_nonce
    assert '"success":false' in with_nonce
    assert bridge.status_calls == []


def test_without_its_nonce_the_figures_are_refused(admin: Visitor, bridge: BridgeStandIn) -> None:
    answer = admin.post(AJAX, {"action": "aipkit_bridge_status", "_ajax_nonce": "wrong"})

    assert answer.status_code == 403
    assert bridge.status_calls == []


def figures(visitor: Visitor) -> str:
    """What the widget's script would show."""
    page = visitor.get(DASHBOARD).text
    place = page[page.index('<div id="aipkit_bridge_figures"') :]
    nonce = attribute(place, "data-nonce")
    answer = visitor.post(AJAX, {"action": "aipkit_bridge_status", "_ajax_nonce": nonce})
    assert answer.status_code == 200
    html: str = answer.json()["data"]
    return html
