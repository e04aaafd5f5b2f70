"""The other plugin grants the same order at the same moment: one grant in ledger and balance."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bridge.services.books.settle_differences import settle_differences
from bridge.services.orders.poll_shop import poll_shop
from shop_stand_in.shop import serve_shop
from shop_stand_in.state import Line, ShopState
from tests.support.peer import STEPS, Peer
from tests.support.site import SiteDatabase
from tests.support.world import ALICE, SMALL, SMALL_CREDITS, stock

COMPLETED = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Beside:
    """A site where the other plugin is active; the test says what time it is."""

    def __init__(self, site: SiteDatabase, shop: ShopState, url: str) -> None:
        self.site, self.shop, self.url = site, shop, url

    def order(self) -> int:
        return self.shop.add_order(ALICE, [Line(SMALL)], status="completed", at=COMPLETED)

    def peer(self, order_id: int) -> Peer:
        return Peer(self.site, self.shop, order_id, ALICE, SMALL_CREDITS)

    def poll(self, seconds_after_completion: float) -> None:
        now = COMPLETED + timedelta(seconds=seconds_after_completion)
        bridge = self.site.bridge(self.url, now=now)
        poll_shop(bridge.import_context(), bridge.shop)

    def settle(self, seconds_after_completion: float) -> int:
        now = COMPLETED + timedelta(seconds=seconds_after_completion)
        return settle_differences(self.site.bridge(self.url, now=now).db).findings

    def beat(self, seconds_after_completion: float) -> None:
        at = COMPLETED + timedelta(seconds=seconds_after_completion)
        self.site.run(
            "REPLACE INTO wp_options (option_name, option_value, autoload)"
            " VALUES ('aipkit_bridge_heartbeat', %s, 'no')",
            (str(int(at.timestamp())),),
        )

    def assert_granted_once(self, order_id: int) -> None:
        rows = [row for row in self.site.ledger() if row["context_id"] == order_id]
        assert [row["credits_delta"] for row in rows] == [SMALL_CREDITS]
        assert self.site.balance(ALICE) == SMALL_CREDITS
        assert self.site.booked(order_id) == SMALL_CREDITS
        self.site.assert_balanced()


@pytest.fixture
def beside(site: SiteDatabase) -> Iterator[Beside]:
    shop = ShopState(lambda: COMPLETED)
    stock(shop)
    with serve_shop(shop) as running:
        yield Beside(site, shop, running.url)


@pytest.mark.parametrize("polls_at", range(len(STEPS) + 1))
def test_the_bridge_waits_until_the_peer_has_surely_finished(
    beside: Beside, polls_at: int
) -> None:
    """Whenever it polls within the peer's 100 s of pauses, there is one grant in the end."""
    order_id = beside.order()
    peer = beside.peer(order_id)
    for number in range(len(STEPS)):
        if number == polls_at:
            beside.poll(number * 30)
            row = beside.site.assert_order(order_id)
            assert row["state"] in ("waiting", "granted")
        peer.step()

    beside.poll(99)
    beside.poll(121)

    beside.assert_granted_once(order_id)
    beside.site.assert_order(order_id, adopted_credits=SMALL_CREDITS)


def test_an_order_the_peer_never_granted_is_granted_two_minutes_after_completion(
    beside: Beside,
) -> None:
    order_id = beside.order()

    beside.poll(1)
    assert beside.site.booked(order_id) == 0
    beside.poll(119)
    assert beside.site.booked(order_id) == 0
    beside.poll(120)

    beside.assert_granted_once(order_id)


def test_with_a_fresh_heartbeat_it_is_granted_at_once(beside: Beside) -> None:
    order_id = beside.order()
    beside.beat(-599)

    beside.poll(0)

    beside.assert_granted_once(order_id)


def test_a_heartbeat_ten_minutes_old_counts_no_more(beside: Beside) -> None:
    order_id = beside.order()
    beside.beat(-600)

    beside.poll(0)

    assert beside.site.booked(order_id) == 0


def test_a_peer_that_comes_after_the_bridge_finds_its_row_and_stops(beside: Beside) -> None:
    order_id = beside.order()
    beside.poll(120)
    peer = beside.peer(order_id)

    peer.run()

    assert peer.stopped
    beside.assert_granted_once(order_id)


def test_a_peer_that_runs_in_spite_of_a_fresh_heartbeat_ends_as_a_finding(
    beside: Beside,
) -> None:
    order_id = beside.order()
    beside.beat(0)
    peer = beside.peer(order_id)
    peer.step()  # it has checked, and saw nothing
    beside.poll(1)
    assert beside.site.booked(order_id) == SMALL_CREDITS

    peer.run()

    assert beside.site.balance(ALICE) == SMALL_CREDITS, "its check came first: it overwrote"
    peer = beside.peer(order_id)
    peer.done = ["check"]
    peer._before = SMALL_CREDITS
    peer.run()
    assert beside.site.balance(ALICE) == 2 * SMALL_CREDITS
    assert beside.settle(30) == 0, "its row may still come"
    beside.site.assert_balanced()
    assert beside.settle(629) == 0
    assert beside.settle(631) == 1
    finding = beside.site.rows("SELECT * FROM wp_aipkit_bridge_findings")[0]
    assert (finding["kind"], finding["user_id"]) == ("foreign_change", ALICE)
    assert '"seen": 20000' in finding["evidence"]
    assert '"expected": 10000' in finding["evidence"]
    assert beside.settle(2000) == 0, "one finding is enough"


def spend_as_the_peer(beside: Beside, amount: int, balance: int) -> None:
    """Do the first of its two steps: the balance; the ledger row comes later."""
    beside.site.set_balance(ALICE, balance - amount)


def log_as_the_peer(beside: Beside, amount: int) -> None:
    beside.site.run(
        "INSERT INTO wp_aipkit_token_ledger"
        " (user_id, actor_type, module, operation, credits_delta, entry_type, created_at)"
        " VALUES (%s, 'user', 'chat', 'chat', %s, 'usage', UTC_TIMESTAMP())",
        (ALICE, -amount),
    )


def test_a_row_that_comes_later_explains_the_difference_and_leaves_no_finding(
    beside: Beside,
) -> None:
    beside.order()
    beside.beat(0)
    beside.poll(0)
    spend_as_the_peer(beside, 300, SMALL_CREDITS)
    beside.order()
    beside.poll(2)
    beside.site.assert_balanced()
    assert beside.site.balance(ALICE) == 2 * SMALL_CREDITS - 300

    log_as_the_peer(beside, 300)

    assert beside.settle(700) == 0
    assert beside.site.rows("SELECT * FROM wp_aipkit_bridge_findings") == []
    beside.site.assert_balanced()


def test_a_peer_between_its_two_steps_at_the_bridges_first_look_is_no_finding(
    beside: Beside,
) -> None:
    beside.site.run(
        "INSERT INTO wp_usermeta (user_id, meta_key, meta_value)"
        " VALUES (%s, '_aipkit_token_balance', '5000')",
        (ALICE,),
    )
    spend_as_the_peer(beside, 300, 5000)
    beside.order()
    beside.beat(0)
    beside.poll(0)
    beside.site.assert_balanced()

    log_as_the_peer(beside, 300)

    assert beside.settle(700) == 0
    assert beside.site.rows("SELECT * FROM wp_aipkit_bridge_findings") == []
    beside.site.assert_balanced()
