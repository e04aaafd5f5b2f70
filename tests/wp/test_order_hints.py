"""When an order changes, the bridge is told at once, and nobody waits for it."""

import time

import pytest

from .bridge_stand_in import Answer, BridgeStandIn
from .conftest import set_up
from .php_server import free_port
from .site import WordPressSite
from .test_fail_soft import seconds_for
from .visitor import Visitor

EVENTS = ["completed", "refunded", "refund_deleted", "trashed", "deleted"]
# The plugin lets go after a quarter of a second; the rest is what a busy machine may add.
SECONDS_LATER_MAX = 0.75


def address(event: str, *orders: int) -> str:
    """A page that is asked for while this happens to the orders."""
    return f"/?stand_in_event={event}&orders={','.join(map(str, orders))}"


@pytest.mark.parametrize("event", EVENTS)
def test_the_order_is_named_with_the_page(
    event: str, shop_site: WordPressSite, guest: Visitor, bridge: BridgeStandIn
) -> None:
    assert guest.get(address(event, 81)).status_code == 200

    assert bridge.wait_for_hints() == [81]
    assert bridge.hints[0].claims["scope"] == "hint"
    assert bridge.hints[0].claims["sub"] == "0"


def test_the_token_is_the_current_users(
    shop_site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    alice.get(address("completed", 81))

    assert bridge.wait_for_hints() == [81]
    assert bridge.hints[0].claims["sub"] == str(
        shop_site.wp_value("get_user_by( 'login', 'alice' )->ID")
    )


def test_an_order_is_named_once_however_much_happens_to_it(
    shop_site: WordPressSite, bridge: BridgeStandIn
) -> None:
    shop_site.wp_eval("".join(f"stand_in_event( '{event}', 81 );" for event in EVENTS))

    assert bridge.wait_for_hints() == [81]


def test_of_many_orders_a_few_are_named(
    shop_site: WordPressSite, guest: Visitor, bridge: BridgeStandIn
) -> None:
    guest.get(address("completed", *range(81, 101)))

    assert bridge.wait_for_hints(5) == [81, 82, 83, 84, 85]


def test_a_page_on_which_no_order_changes_says_nothing(
    shop_site: WordPressSite, guest: Visitor, bridge: BridgeStandIn
) -> None:
    guest.get("/")

    assert bridge.hint_requests == 0


def test_a_bridge_that_failed_a_moment_ago_is_left_alone(
    shop_site: WordPressSite, alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    bridge.fixed_answer = Answer("", status=500)
    alice.get(page_url)

    alice.get(address("completed", 81))

    assert bridge.hint_requests == 0


def test_without_settings_nothing_is_sent(
    shop_site: WordPressSite, guest: Visitor, bridge: BridgeStandIn
) -> None:
    set_up(shop_site, bridge.url, "too short")

    assert guest.get(address("completed", 81)).status_code == 200

    assert bridge.hint_requests == 0


def test_a_bridge_that_hangs_is_not_waited_for(
    shop_site: WordPressSite, guest: Visitor, bridge: BridgeStandIn
) -> None:
    guest.get("/")
    usual = seconds_for(guest, "/")
    bridge.hang()

    begin = time.monotonic()
    page = guest.get(address("completed", 81, 82, 83))
    later = time.monotonic() - begin - usual

    assert page.status_code == 200
    assert later < SECONDS_LATER_MAX
    assert bridge.hint_requests == 1, "the others are left to the poll"
    bridge.stop_hanging()
    assert bridge.wait_for_hints() == [81], "what was sent is heard by a bridge that is only slow"


def test_a_bridge_that_is_down_harms_no_page(shop_site: WordPressSite, guest: Visitor) -> None:
    set_up(shop_site, f"http://127.0.0.1:{free_port()}")

    page = guest.get(address("completed", 81, 82))

    assert page.status_code == 200
    assert "</html>" in page.text


def test_where_php_can_end_the_page_first_it_does(shop_site: WordPressSite) -> None:
    said = shop_site.wp_eval(
        """function fastcgi_finish_request() {
            echo 'page ended,';
            return true;
        }
        add_filter( 'pre_http_request', function ( $answer, $arguments ) {
            echo $arguments['blocking'] ? 'waits' : 'hint,';
            return array();
        }, 10, 2 );
        stand_in_event( 'completed', 81 );
        stand_in_event( 'completed', 82 );
        echo 'page,';"""
    )

    assert said == "page,page ended,hint,hint,"
