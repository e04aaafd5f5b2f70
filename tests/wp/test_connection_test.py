"""The button 'Test connection' says in one sentence what is wrong."""

import html
import re

import pytest

from .bridge_stand_in import VERSION, Answer, BridgeStandIn
from .conftest import set_up
from .php_server import free_port
from .site import WordPressSite
from .test_settings_page import press_test
from .visitor import Visitor


def test_all_is_well(admin: Visitor, bridge: BridgeStandIn) -> None:
    kind, text = result(admin)
    assert kind == "success"
    assert text == (
        f"All is well: aipkit-bridge {VERSION} answers at {bridge.url}, "
        "the secret is right and the clocks agree."
    )
    assert bridge.calls[0].claims["sub"] == "1"


def test_nothing_is_set_up(site: WordPressSite, admin: Visitor, bridge: BridgeStandIn) -> None:
    set_up(site, "")
    assert "There is no bridge address yet" in complaint(admin)
    set_up(site, bridge.url, "")
    assert "There is no shared secret of at least 32 characters yet" in complaint(admin)


def test_the_address_cannot_be_reached(site: WordPressSite, admin: Visitor) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    set_up(site, address)
    assert complaint(admin).startswith(f"The address {address} cannot be reached:")


@pytest.mark.parametrize(
    "answer",
    [
        Answer("<h1>It works!</h1>"),
        Answer("nothing", status=404),
        Answer('{"status": "ok"}', content_type="application/json"),
        Answer('{"status": "ok", "time": "soon", "version": "1"}'),
        Answer('{"status": "ok", "time": 5, "version": {}}'),
        Answer("[]"),
    ],
    ids=lambda answer: answer.body,
)
def test_somebody_else_answers(admin: Visitor, bridge: BridgeStandIn, answer: Answer) -> None:
    bridge.fixed_health = answer
    text = f"What answers at {bridge.url} is not an aipkit-bridge (HTTP {answer.status})"
    assert complaint(admin).startswith(text)


def test_the_service_behind_a_proxy_is_down(admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.fixed_health = Answer("Bad gateway", status=502)
    assert "the bridge behind it does not (HTTP 502)" in complaint(admin)


@pytest.mark.parametrize(("seconds", "side"), [(3600, "ahead of"), (-3600, "behind")])
def test_the_clock_is_off(seconds: int, side: str, admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.clock_offset_seconds = seconds
    found = re.search(rf"clock is ([\d,]+) seconds {side} this server", complaint(admin))
    assert found is not None
    assert abs(int(found[1].replace(",", "")) - 3600) <= 10


def test_a_few_seconds_are_not_worth_a_word(admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.clock_offset_seconds = 10
    assert result(admin)[0] == "success"


def test_the_secret_is_wrong(site: WordPressSite, admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.secret = "quite another secret of 32 characters or more"
    text = complaint(admin)
    assert "the shared secret is wrong" in text
    assert f"site.url must be {site.url}" in text


def test_the_bridge_is_there_but_cannot_serve(admin: Visitor, bridge: BridgeStandIn) -> None:
    bridge.fixed_answer = Answer("Out of order", status=500)
    assert "The bridge is there, but it cannot show token usage (HTTP 500)" in complaint(admin)


def test_what_the_bridge_says_is_escaped(admin: Visitor, bridge: BridgeStandIn) -> None:
    health = '{"status": "ok", "time": "2026-01-01T00:00:00Z", "version": "<script>x"}'
    bridge.fixed_health = Answer(health)
    assert "<script>x" not in press_test(admin)


def test_success_ends_the_pause_after_a_failure(
    site: WordPressSite, admin: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    bridge.fixed_answer = Answer("", status=500)
    admin.get(page_url)
    bridge.fixed_answer = None
    assert result(admin)[0] == "success"
    assert "has 1,234 tokens" in admin.get(page_url).text


def complaint(admin: Visitor) -> str:
    """The sentence of a test that fails."""
    kind, text = result(admin)
    assert kind == "error"
    return text


def result(admin: Visitor) -> tuple[str, str]:
    """Presses the button; whether the notice is good or bad, and its text."""
    page = press_test(admin)
    notices = re.findall(
        r"id='setting-error-aipkit_bridge_test' class='notice notice-(\w+)[^>]*>\s*"
        r"<p><strong>(.*?)</strong></p>",
        page,
    )
    assert len(notices) == 1
    kind, text = notices[0]
    return kind, html.unescape(text)
