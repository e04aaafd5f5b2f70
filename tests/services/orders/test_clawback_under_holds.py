"""A clawback while credits are held: it ignores open holds, and comes after those that ended."""

from dataclasses import dataclass

import pytest

from tests.support.site import SiteDatabase
from tests.support.spending import Desk
from tests.support.world import ALICE, SMALL_CREDITS, World


@dataclass
class Sale:
    """Alice's order of one small pack, and what she spends of it, on one clock."""

    world: World
    desk: Desk
    order_id: int

    def cancel(self) -> None:
        self.world.shop.set_status(self.order_id, "cancelled")
        self.world.poll()

    def order(self) -> tuple[int, int]:
        """Return what stays booked of the order, and what could not be taken back."""
        row = self.world.site.assert_order(self.order_id)
        return row["booked"], row["shortfall"]

    def rows(self) -> list[tuple[str, int, int]]:
        return [
            (row["operation"], row["credits_delta"], row["user_id"]) for row in self.desk.ledger()
        ]


@pytest.fixture
def sale(world: World, site: SiteDatabase) -> Sale:
    desk = Desk(site, {"user_id": ALICE})
    assert desk.bridge
    world = World(
        site, world.shop, world.running, site.bridge(world.running.url, clock=desk.clock)
    )
    order_id = world.order(ALICE)
    world.poll()
    return Sale(world, desk, order_id)


def test_a_clawback_takes_what_an_open_hold_reserves_and_the_commit_falls_on_the_limit(
    sale: Sale,
) -> None:
    hold = sale.desk.hold(units=600)
    sale.cancel()

    answer = sale.desk.commit(hold, units=600)

    assert sale.order() == (0, 0)
    assert (answer["from_balance"], answer["from_quota"], answer["uncovered"]) == (0, 600, 0)
    assert sale.desk.figures() == {"balance": 0, "held": 0, "available": 0, "remaining": 400}
    sale.desk.assert_right()


def test_a_hold_whose_time_was_up_is_charged_before_a_clawback_takes_the_rest(sale: Sale) -> None:
    hold = sale.desk.hold(units=600, ttl_seconds=60, on_expiry="charge")
    sale.desk.advance(61)

    sale.cancel()

    assert sale.order() == (600, 600)
    assert sale.rows() == [
        ("purchase", SMALL_CREDITS, ALICE),
        ("hold_expired", -600, ALICE),
        ("clawback", 600 - SMALL_CREDITS, ALICE),
    ]
    assert sale.desk.state(hold) == "charged"
    assert sale.desk.figures() == {"balance": 0, "held": 0, "available": 0, "remaining": 1000}
    sale.desk.assert_right()


def test_a_hold_that_ended_with_nothing_taken_leaves_all_to_a_clawback(sale: Sale) -> None:
    hold = sale.desk.hold(units=600, ttl_seconds=60)
    sale.desk.advance(61)

    sale.cancel()

    assert sale.order() == (0, 0)
    assert sale.desk.state(hold) == "expired"
    sale.desk.assert_right()


def test_a_charge_keeps_its_place_under_a_clawback_that_may_leave_a_debt(sale: Sale) -> None:
    sale.desk.hold(units=600, ttl_seconds=60, on_expiry="charge")
    sale.desk.advance(61)
    sale.world = World(
        sale.world.site,
        sale.world.shop,
        sale.world.running,
        sale.world.site.bridge(
            sale.world.running.url, clock=sale.desk.clock, grants={"allow_negative": True}
        ),
    )

    sale.cancel()

    assert sale.order() == (0, 0)
    assert sale.desk.figures()["balance"] == -600
    sale.desk.assert_right()
