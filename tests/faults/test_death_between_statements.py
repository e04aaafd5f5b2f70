"""A process that dies between any two statements leaves nothing half-done."""

from itertools import count

import pytest

from shop_stand_in.state import Line, RefundLine
from tests.support.deaths import Died, dying_at
from tests.support.world import ALICE, SMALL, World


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_death_at_any_statement_is_mended_by_the_next_poll(
    world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, *, after: bool
) -> None:
    """
    Every second one: before the third two are done, after it three, and so on.

    A soak dies before and after each.
    """
    for number in count(1, 1 if request.config.getoption("--soak") else 2):
        order_id = world.order(ALICE, Line(SMALL, quantity=2))
        item = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
        before = world.site.balance(ALICE)
        died = die_once(world, monkeypatch, number, after=after)
        world.site.assert_balanced()
        world.poll()
        assert world.site.booked(order_id) == 20_000
        assert world.site.balance(ALICE) == before + 20_000
        world.site.assert_balanced()

        world.shop.refund(order_id, lines=[RefundLine(item, quantity=1, total="5.00")])
        die_once(world, monkeypatch, number, after=after)
        world.poll()
        assert world.site.booked(order_id) == 10_000
        assert world.site.balance(ALICE) == before + 10_000
        world.site.assert_balanced()
        if not died:
            break
    assert number > 25, "the poll of an order is that many statements at least"


def die_once(world: World, monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> bool:
    try:
        with dying_at(monkeypatch, number, after=after):
            world.poll()
    except Died:
        return True
    return False
