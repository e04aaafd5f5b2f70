"""What themes and other plugins can change, and learn: the hooks of docs/plugin.md."""

import json
import re
from typing import Any

from tests.support.folders import DOCS

from .bridge_stand_in import Answer, BridgeStandIn
from .conftest import plugin_files, set_up
from .php_server import free_port
from .site import WordPressSite

QUERY = "aipkit_bridge_fragment_query"
HTML = "aipkit_bridge_fragment_html"
BUY_URL = "aipkit_bridge_buy_credits_url"
HINT_SENT = "aipkit_bridge_order_hint_sent"
MAIL = "aipkit_bridge_mail"

HOOKS = DOCS / "plugin.md"
CALL = re.compile(
    r"/\*\*(?P<docblock>(?:(?!\*/).)*?)\*/\s*[^;/]*?"
    r"(?P<call>apply_filters|do_action)\( '(?P<name>\w+)'(?P<arguments>[^;]*) \);",
    re.DOTALL,
)
ROW = re.compile(
    r"^\| `(?P<name>aipkit_bridge_\w+)` \| (?P<kind>\w+) \| (?P<arguments>.+?) \|", re.M
)
ALICE = "get_user_by( 'login', 'alice' )->ID"


def show(site: WordPressSite, listeners: str = "", shortcode: str = "[aipkit_token_usage]") -> str:
    """What Alice sees when a theme's code listens."""
    return site.wp_eval(
        f"wp_set_current_user( {ALICE} ); {listeners} echo do_shortcode( '{shortcode}' );"
    )


def on(hook: str, body: str, arguments: str) -> str:
    """A theme's code that listens to a hook."""
    count = arguments.count("$")
    return f"add_filter( '{hook}', function ( {arguments} ) {{ {body} }}, 10, {count} );"


def test_a_theme_changes_what_the_bridge_is_asked(
    site: WordPressSite, bridge: BridgeStandIn
) -> None:
    show(
        site,
        on(
            QUERY,
            "unset( $query['page_url'] ); return array( 'purchasehistory' => false,"
            " 'title' => 'Of ' . $user_id . ' & co', 'intro' => array( 'no text' ) ) + $query;",
            "$query, $user_id",
        ),
        '[aipkit_token_usage chatbot="no"]',
    )

    assert bridge.calls[0].query == {
        "purchasehistory": "false",
        "title": f"Of {bridge.calls[0].claims['sub']} & co",
        "chatbot": "false",
        "locale": "en_US",
        "login_url": bridge.calls[0].query["login_url"],
    }


def test_a_theme_that_returns_no_query_changes_nothing(
    site: WordPressSite, bridge: BridgeStandIn
) -> None:
    show(site, on(QUERY, "", "$query"), '[aipkit_token_usage title="Mine"]')

    assert bridge.calls[0].query["title"] == "Mine"


def test_a_theme_changes_the_html(site: WordPressSite, bridge: BridgeStandIn) -> None:
    body = "return $html . '<p>For ' . $user_id . ' in ' . $query['locale'] . '</p>';"
    shown = show(site, on(HTML, body, "$html, $user_id, $query"))

    user = bridge.calls[0].claims["sub"]
    assert "1,234 tokens" in shown
    assert shown.endswith(f"<p>For {user} in en_US</p>")


def test_the_html_is_changed_also_while_the_bridge_is_down(
    site: WordPressSite, bridge: BridgeStandIn
) -> None:
    bridge.fixed_answer = Answer("", status=500)
    shown = show(site, on(HTML, "return $html . '<p>Call us.</p>';", "$html"))

    assert shown.endswith("<p>Call us.</p>")


def test_what_a_theme_adds_is_kept_by_nobody(site: WordPressSite, bridge: BridgeStandIn) -> None:
    show(site, on(HTML, "return $html . '<p>Today only</p>';", "$html"))
    bridge.fixed_answer = Answer("", status=401)
    shown = show(site)

    assert "1,234 tokens" in shown
    assert "Today only" not in shown


def test_a_theme_adds_no_script(site: WordPressSite) -> None:
    body = "return $html . '<script>steal()</script><b onclick=\"steal()\">Hi</b>';"
    shown = show(site, on(HTML, body, "$html"))

    assert "Hi" in shown
    assert "<script" not in shown
    assert "onclick" not in shown


def test_a_theme_that_returns_no_html_changes_nothing(site: WordPressSite) -> None:
    assert "1,234 tokens" in show(site, on(HTML, "", "$html"))


def test_a_theme_sends_buyers_elsewhere(site: WordPressSite, bridge: BridgeStandIn) -> None:
    body = "return '/of-' . $user_id . '/?before=' . rawurlencode( $url );"
    listener = on(BUY_URL, body, "$url, $user_id")
    show(site, listener)
    show(site, listener, '[aipkit_token_usage buycreditsurl="/shop/"]')

    user = bridge.calls[0].claims["sub"]
    urls = [call.query["buycreditsurl"] for call in bridge.calls]
    assert urls == [f"/of-{user}/?before=", f"/of-{user}/?before=%2Fshop%2F"]


def test_an_empty_address_leaves_the_link_to_the_bridge(
    site: WordPressSite, bridge: BridgeStandIn
) -> None:
    listener = on(BUY_URL, "return '';", "$url")
    show(site, listener, '[aipkit_token_usage buycreditsurl="/shop/"]')

    assert "buycreditsurl" not in bridge.calls[0].query


def hints_told(site: WordPressSite, *orders: int, more: str = "") -> list[Any]:
    """What listeners are told of the hints of a request in which these orders change."""
    events = "".join(f"stand_in_event( 'completed', {order} );" for order in orders)
    told = site.wp_eval(
        f"""{more}
        add_action( '{HINT_SENT}', function ( $order_id, $accepted ) {{
            echo wp_json_encode( array( $order_id, $accepted ) ), ';';
        }}, 10, 2 );
        {events}"""
    )
    return [json.loads(one) for one in told.split(";") if one]


def test_listeners_learn_which_orders_the_bridge_accepted(
    shop_site: WordPressSite, bridge: BridgeStandIn
) -> None:
    assert hints_told(shop_site, 81, 82) == [[81, True], [82, True]]
    assert bridge.wait_for_hints(2) == [81, 82]


def test_listeners_learn_that_the_bridge_refused(
    shop_site: WordPressSite, bridge: BridgeStandIn
) -> None:
    bridge.secret = "another secret, which is long enough too"

    assert hints_told(shop_site, 81) == [[81, False]]
    assert bridge.hint_requests == 1


def test_listeners_learn_that_the_bridge_is_not_there(shop_site: WordPressSite) -> None:
    set_up(shop_site, f"http://127.0.0.1:{free_port()}")

    assert hints_told(shop_site, 81) == [[81, False]]


def test_a_bridge_that_hangs_has_not_accepted(
    shop_site: WordPressSite, bridge: BridgeStandIn
) -> None:
    bridge.hang()

    assert hints_told(shop_site, 81, 82) == [[81, False]]


def test_of_a_hint_that_is_not_sent_nobody_is_told(
    shop_site: WordPressSite, bridge: BridgeStandIn
) -> None:
    set_up(shop_site, bridge.url, "too short")

    assert hints_told(shop_site, 81) == []


def test_every_hook_is_documented() -> None:
    calls: dict[str, re.Match[str]] = {}
    for file in plugin_files():
        code = file.read_text("utf-8")
        named = re.findall(r"(?:apply_filters|do_action)(?:_ref_array)?\(\s*'(\w+)'", code)
        found = {match["name"]: match for match in CALL.finditer(code)}
        assert sorted(named) == sorted(found), f"{file.name}: a hook without docblock"
        calls |= found
    rows = {row["name"]: row for row in ROW.finditer(HOOKS.read_text("utf-8"))}

    assert set(calls) == set(rows) == {QUERY, HTML, BUY_URL, HINT_SENT, MAIL}
    for name, call in calls.items():
        assert re.search(r"@since \d+\.\d+\.\d+\n", call["docblock"]), name
        documented = re.findall(r"@param +([\w<>, |]+?) +(\$\w+)", call["docblock"])
        told = re.findall(r"`(\w+) (\$\w+)`", rows[name]["arguments"])
        assert [(kind.partition("<")[0], variable) for kind, variable in documented] == told
        assert len(told) == call["arguments"].count(","), name
        assert (
            rows[name]["kind"] == {"apply_filters": "filter", "do_action": "action"}[call["call"]]
        )
