"""A bridge that is slow, down or talks nonsense never breaks a page, and delays only one."""

import time

import pytest

from .bridge_stand_in import Answer, BridgeStandIn
from .conftest import set_up
from .php_server import free_port
from .site import WordPressSite
from .visitor import Visitor

QUIET_LINE = "Your token usage cannot be shown right now. Please try again in a few minutes."
HINT = "Only administrators see this:"
# the plugin waits 2 s; the rest is what a busy machine may add
PAGE_SECONDS_MAX = 2.5

BAD_ANSWERS = {
    "server error": Answer('<p class="aipkit_token_usage_dashboard">x</p>', status=500),
    "not found": Answer("nothing here", status=404),
    "redirect": Answer("", status=302),
    "not HTML": Answer('{"class": "aipkit_token_usage_dashboard"}', content_type="text/json"),
    "another page": Answer("<html><body><h1>It works!</h1></body></html>"),
    "only the word": Answer("<p>aipkit_token_usage_dashboard</p>"),
    "nothing": Answer(""),
    "endless": Answer('<p class="aipkit_token_usage_dashboard">' + "x" * 2_000_000 + "</p>"),
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_bad_answer_leaves_one_quiet_line(
    answer: Answer, alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    bridge.fixed_answer = answer
    page = alice.get(page_url)
    assert page.status_code == 200
    assert QUIET_LINE in page.text
    assert HINT not in page.text
    assert "</html>" in page.text


def test_a_bridge_that_is_down_leaves_one_quiet_line(
    site: WordPressSite, alice: Visitor, page_url: str
) -> None:
    set_up(site, f"http://127.0.0.1:{free_port()}")
    page = alice.get(page_url)
    assert page.status_code == 200
    assert QUIET_LINE in page.text


def test_a_bridge_that_hangs_delays_one_page_by_two_seconds_and_the_next_not_at_all(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    plain_page = site.create_page("Nothing here", title="Plain").url
    alice.get(plain_page)
    usual = seconds_for(alice, plain_page)
    bridge.hang()
    assert seconds_for(alice, page_url) - usual < PAGE_SECONDS_MAX
    assert bridge.fragment_requests == 1
    assert seconds_for(alice, page_url) - usual < 1
    assert bridge.fragment_requests == 1
    assert QUIET_LINE in alice.get(page_url).text


def test_the_bridge_is_asked_again_after_a_moment(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    bridge.fixed_answer = BAD_ANSWERS["server error"]
    alice.get(page_url)
    bridge.fixed_answer = None
    assert QUIET_LINE in alice.get(page_url).text
    seconds = site.wp_value("get_option( '_transient_timeout_aipkit_bridge_failure' ) - time()")
    assert 0 < seconds <= 15
    site.wp_eval("update_option( '_transient_timeout_aipkit_bridge_failure', time() - 1 );")
    assert "has 1,234 tokens" in alice.get(page_url).text


def test_a_refusal_of_one_user_does_not_keep_others_from_the_bridge(
    alice: Visitor, bob: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    bridge.fixed_answer = Answer('{"code": "unknown_user"}', 404, "application/problem+json")
    assert QUIET_LINE in alice.get(page_url).text
    bridge.fixed_answer = None
    assert "has 1,234 tokens" in bob.get(page_url).text


def test_a_guest_never_sees_a_dashboard(
    guest: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    bridge.fixed_answer = Answer('<div class="aipkit_token_usage_dashboard">User 5</div>')
    page = guest.get(page_url).text
    assert "User 5" not in page
    assert QUIET_LINE in page


def test_an_administrator_reads_why(admin: Visitor, bridge: BridgeStandIn, page_url: str) -> None:
    bridge.fixed_answer = BAD_ANSWERS["server error"]
    page = admin.get(page_url).text
    assert QUIET_LINE in page
    assert f"{HINT} the bridge answered HTTP 500." in page


def test_the_reason_is_escaped(site: WordPressSite, admin: Visitor, page_url: str) -> None:
    site.wp_eval("set_transient( 'aipkit_bridge_failure', '<script>steal()</script>', 15 );")
    page = admin.get(page_url).text
    assert "&lt;script&gt;steal()" in page
    assert "<script>steal()" not in page


def test_without_settings_the_line_is_quiet_and_nobody_is_asked(
    site: WordPressSite, admin: Visitor, alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    set_up(site, "", "")
    assert QUIET_LINE in alice.get(page_url).text
    assert "the bridge is not set up yet" in admin.get(page_url).text
    assert bridge.fragment_requests == 0


def seconds_for(visitor: Visitor, url: str) -> float:
    """How long a page takes."""
    begin = time.monotonic()
    assert visitor.get(url).status_code == 200
    return time.monotonic() - begin
