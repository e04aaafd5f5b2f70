"""A process that dies between any two statements leaves nothing half-done."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bridge.demo.shop_state import Line, RefundLine
from bridge.store import db as store_db
from bridge.store.db import Args, Tx
from tests.support.world import ALICE, SMALL, World


class Died(BaseException):
    """The process is gone: nothing of it may catch this."""


@contextmanager
def dying_at(monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> Iterator[None]:
    """Cut the connection and die before, or right after, the *number*-th statement."""
    run, count = Tx.run, 0

    def counted(self: Tx, sql: str, args: Args = None) -> int:
        nonlocal count
        count += 1
        if count < number:
            return run(self, sql, args)
        if after and count == number:
            run(self, sql, args)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Tx, "run", counted)
        patch.setattr(store_db, "_roll_back", lambda connection, *_: connection.invalidate())
        yield


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_death_at_any_statement_is_mended_by_the_next_poll(
    world: World, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    deaths = 0
    while True:
        order_id = world.order(ALICE, Line(SMALL, quantity=2))
        item = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
        before = world.site.balance(ALICE)
        died = die_once(world, monkeypatch, deaths + 1, after=after)
        world.site.assert_balanced()
        world.poll()
        assert world.site.booked(order_id) == 20_000
        assert world.site.balance(ALICE) == before + 20_000
        world.site.assert_balanced()

        world.shop.refund(order_id, lines=[RefundLine(item, quantity=1, total="5.00")])
        die_once(world, monkeypatch, deaths + 1, after=after)
        world.poll()
        assert world.site.booked(order_id) == 10_000
        assert world.site.balance(ALICE) == before + 10_000
        world.site.assert_balanced()
        if not died:
            break
        deaths += 1
    assert deaths > 25, "the poll of an order is that many statements at least"


def die_once(world: World, monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> bool:
    try:
        with dying_at(monkeypatch, number, after=after):
            world.poll()
    except Died:
        return True
    return False
