"""
Whatever happens to an order, and whichever of it the bridge sees: in the end it has its due.

A real shop over HTTP and a real database, against the second implementation of the rules.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from bridge.domain.ids import OrderId
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.services.orders.import_orders import import_orders
from shop_stand_in.state import Line, RefundLine
from tests.support import oracle
from tests.support.oracle import explore
from tests.support.world import ALICE, BIG, MUG, SMALL, World

Json = dict[str, Any]
Event = tuple[str, int, int]  # what happens, and two numbers to choose by

PACKS = (SMALL, BIG)
STATUSES = (
    "completed", "cancelled", "completed", "on-hold", "completed", "refunded", "completed",
    "failed", "completed", "processing",
)  # fmt: skip
AMOUNTS = (10_000, 333, 1, 77_777)
PLENTY = 10**12
"""Nobody spends: the balance always covers what is taken back."""


@dataclass
class Follower:
    """One order in the shop, and what the rules say it should have by now."""

    world: World
    order_id: int
    amounts: dict[int, int]  # by line: what one unit granted when the bridge first saw it
    rules: Json
    booked: int = 0
    seen: Any = None  # what the last poll found
    kept: list[tuple[int, Json]] = field(default_factory=list)  # fetches that were held up
    overtaken: set[int] = field(default_factory=set)  # of these, by one that was applied since

    @property
    def body(self) -> Json:
        body = self.world.shop.order(self.order_id)
        assert body is not None
        return body

    @property
    def refunds(self) -> list[Json]:
        return self.world.shop.refunds(self.order_id)

    def due(self, body: Json, refunds: list[Json], booked: int) -> int:
        return oracle.due(body, refunds, self.amounts, self.rules, booked=booked)

    def step(self, body: Json, refunds: list[Json], booked: int) -> int:
        """Return what stands booked once this state was applied."""
        account, order = {"stored": PLENTY, "debt": 0}, {"booked": booked, "shortfall": 0}
        after = oracle.book(account, order, self.due(body, refunds, booked), self.rules)
        return int(after["booked"])

    def check(self) -> None:
        """Assert that the bridge, which has just seen the order, booked what the rules say."""
        self.booked = self.step(self.body, self.refunds, self.booked)
        assert self.world.site.booked(self.order_id) == self.booked, self.body["status"]
        found = contents(self.body)
        if found != self.seen:  # so this fetch was applied
            self.overtaken = {number for number, _ in self.kept}
        self.seen = found

    # Events

    def poll(self, times: int, _: int) -> None:
        for _ in range(1 + times % 2):
            self.world.poll()
            self.check()

    def look(self, _: int, __: int) -> None:
        self.world.look_at_all()
        self.check()

    def hold_up(self, _: int, __: int) -> None:
        """Fetch the order, but do not apply it yet: a worker that was stopped in between."""
        bridge = self.world.bridge
        number = next_fetch_number(bridge.db)
        item = bridge.shop.get_order(OrderId(self.order_id), fetch_number=number)
        self.kept.append((number, deepcopy(dict(item))))

    def apply_late(self, which: int, _: int) -> None:
        """
        Apply a fetch that was held up, then poll.

        It is dropped if a later one was applied. A later one that saw nothing new was not
        applied: then the old one counts until the next poll, as if it had come in time.
        """
        if not self.kept:
            return
        number, item = self.kept.pop(which % len(self.kept))
        import_orders(self.world.bridge.import_context(), [item], fetch_number=number)
        if number in self.overtaken:
            assert self.world.site.booked(self.order_id) == self.booked, "it was dropped"
        self.world.poll()
        old = self.step(item, self.refunds if item["refunds"] else [], self.booked)
        possible = {self.step(self.body, self.refunds, before) for before in (self.booked, old)}
        self.booked = self.world.site.booked(self.order_id)
        assert self.booked in possible
        self.seen = contents(self.body)  # applied or not: who can say

    def refund_units(self, which: int, quantity: int) -> None:
        if line := self.line(which):
            units = 1 + quantity % line["quantity"]
            self.refund(lines=[RefundLine(line["id"], quantity=units)])

    def refund_part_of_a_line(self, which: int, cents: int) -> None:
        if line := self.line(which):
            total = f"{cents % 700 / 100:.2f}"
            self.refund(lines=[RefundLine(line["id"], total=total, tax=0)])

    def refund_money(self, _: int, cents: int) -> None:
        self.refund(amount=f"{cents % 2_500 / 100:.2f}")

    def refund_units_and_more(self, which: int, cents: int) -> None:
        if line := self.line(which):
            lines = [RefundLine(line["id"], quantity=1, total="1.00", tax=0)]
            self.refund(amount=f"{1 + cents % 900 / 100:.2f}", lines=lines)

    def refund_shipping(self, _: int, cents: int) -> None:
        for extra in self.body["shipping_lines"]:
            lines = [RefundLine(extra["id"], total=f"{cents % 400 / 100:.2f}", tax=0)]
            self.refund(lines=lines)

    def delete_refund(self, which: int, moves_date: int) -> None:
        if self.refunds:
            refund = self.refunds[which % len(self.refunds)]
            self.world.shop.delete_refund(
                self.order_id, refund["id"], moves_date=bool(moves_date % 2)
            )

    def change_status(self, which: int, _: int) -> None:
        if self.body["status"] != "trash":
            self.world.shop.set_status(self.order_id, STATUSES[which % len(STATUSES)])

    def trash_or_untrash(self, _: int, __: int) -> None:
        if self.body["status"] == "trash":
            self.world.shop.untrash(self.order_id)
        else:
            self.world.shop.trash(self.order_id)

    def edit_quantity(self, which: int, quantity: int) -> None:
        if line := self.line(which):
            self.world.shop.edit_line(
                self.order_id, line["id"], quantity=quantity % 5, moves_date=bool(which % 2)
            )

    def edit_total(self, which: int, cents: int) -> None:
        if line := self.line(which):
            total = f"{cents % 3_000 / 100:.2f}"
            self.world.shop.edit_line(self.order_id, line["id"], total=total)

    def change_amount(self, which: int, amount: int) -> None:
        """Change what the product grants: later orders' business, not this one's."""
        texts = (*map(str, AMOUNTS), "", "12.5", "many")
        self.world.site.set_amount(PACKS[which % 2], texts[amount % len(texts)])

    def touch(self, _: int, __: int) -> None:
        self.world.shop.touch(self.order_id)

    def line(self, which: int) -> Json | None:
        """Return one of its lines; None if it has none, or lies in the trash."""
        lines: list[Json] = self.body["line_items"]
        trashed = self.body["status"] == "trash"
        return None if trashed or not lines else lines[which % len(lines)]

    def refund(self, **what: Any) -> None:
        """Refund, unless WooCommerce refuses because so much is not left."""
        if self.body["status"] == "trash":
            return
        try:
            self.world.shop.refund(self.order_id, **what)
        except ValueError as error:
            assert "is left" in str(error)  # noqa: PT017  # any other is a fault of this test


EVENTS: dict[str, Callable[[Follower, int, int], None]] = {
    name: getattr(Follower, name)
    for name in (
        "poll", "look", "hold_up", "apply_late", "refund_units", "refund_part_of_a_line",
        "refund_money", "refund_units_and_more", "refund_shipping", "delete_refund",
        "change_status", "trash_or_untrash", "edit_quantity", "edit_total", "change_amount",
        "touch",
    )
}  # fmt: skip
numbers = st.integers(0, 999)
events = st.lists(
    st.tuples(st.sampled_from(sorted(EVENTS)), numbers, numbers), min_size=4, max_size=10
)
quantities = st.integers(1, 4)
packs = st.lists(st.tuples(st.sampled_from(PACKS), quantities), min_size=1, max_size=2)
mugs = st.lists(st.tuples(st.just(MUG), quantities), max_size=1)
order_lines = st.builds(list.__add__, packs, mugs)


def contents(body: Json) -> Any:
    """Return what of an order's body decides; a touch leaves it as it is."""
    return deepcopy([body[key] for key in ("status", "total", "line_items", "refunds")])


def place(world: World, lines: list[tuple[int, int]], start: int, rules: Json) -> Follower:
    """Place an order that the bridge sees once, so that its amounts are frozen."""
    grants = dict(zip(PACKS, (AMOUNTS[start % 4], AMOUNTS[start // 4 % 4]), strict=True))
    for product, amount in grants.items():
        world.site.set_amount(product, str(amount))
    order_id = world.order(
        ALICE,
        *(Line(product, quantity=quantity, tax="0.60") for product, quantity in lines),
        status=STATUSES[start % len(STATUSES)],
        shipping="4.00",
    )
    items = world.shop.order(order_id)["line_items"]  # type: ignore[index]  # it exists
    amounts = {i["id"]: grants[i["product_id"]] for i in items if i["product_id"] in grants}
    follower = Follower(world, order_id, amounts, rules)
    follower.poll(0, 0)
    return follower


def live(world: World, lines: list[tuple[int, int]], start: int, happens: list[Event]) -> Follower:
    """Let everything happen, then look at the order once more; it has its due."""
    # Hypothesis starts `random` anew for each example, so the client signs with nonces again.
    world.shop.nonces.clear()
    rules = oracle.policy(refunds=world.bridge.settings.grants.refunds)
    follower = place(world, lines, start, rules)
    for name, one, other in happens:
        EVENTS[name](follower, one, other)
    follower.look(0, 0)
    site, order_id = world.site, follower.order_id
    rows = [row for row in site.ledger() if row["context_id"] == order_id]
    assert sum(row["credits_delta"] for row in rows) == follower.booked
    assert len({row["idempotency_key"] for row in rows}) == len(rows)
    site.assert_balanced()
    ledger = site.ledger()
    world.poll()
    world.look_at_all()
    assert site.ledger() == ledger, "looking again changes nothing"
    return follower


# One database serves all examples, each with an order of its own, because making a fresh one
# costs more than the example. To explore: AIPKIT_TESTS_EXPLORE, see tests/support/oracle.py.
ONE_WORLD = HealthCheck.function_scoped_fixture


@explore(25, ONE_WORLD)
@given(order_lines, numbers, events)
@example([(SMALL, 3)], 0, [("refund_units", 0, 0), ("poll", 0, 0), ("delete_refund", 0, 0)])
@example([(SMALL, 2)], 0, [("change_status", 5, 0), ("poll", 0, 0), ("delete_refund", 0, 0)])
@example([(SMALL, 2)], 0, [("refund_part_of_a_line", 0, 250), ("refund_money", 0, 101)])
@example([(SMALL, 2), (MUG, 1)], 0, [("change_amount", 0, 3), ("edit_quantity", 0, 3)])
@example(  # one refund gives way to another of the same money, which names a line
    [(BIG, 2)],
    0,
    [
        ("refund_money", 0, 100),
        ("poll", 0, 0),
        ("delete_refund", 0, 0),
        ("refund_part_of_a_line", 0, 100),
    ],
)
@example(  # fetched while completed, applied when cancelled was seen and booked already
    [(SMALL, 2)],
    0,
    [("hold_up", 0, 0), ("change_status", 1, 0), ("poll", 0, 0), ("apply_late", 0, 0)],
)
@example(  # as before, but nothing newer was applied
    [(SMALL, 2)], 0, [("hold_up", 0, 0), ("change_status", 1, 0), ("apply_late", 0, 0)]
)
def test_property_an_order_ends_with_its_due_whatever_was_missed_in_between(
    world: World, lines: list[tuple[int, int]], start: int, happens: list[Event]
) -> None:
    follower = live(world, lines, start, happens)

    body, refunds = follower.body, follower.refunds
    assert follower.booked == follower.due(body, refunds, follower.booked)


@pytest.fixture
def ignoring(world: World) -> World:
    return world.with_settings(grants={"refunds": "ignore"})


@explore(10, ONE_WORLD)
@given(order_lines, numbers, events)
def test_property_with_refunds_ignored_nothing_is_ever_taken_back(
    ignoring: World, lines: list[tuple[int, int]], start: int, happens: list[Event]
) -> None:
    follower = live(ignoring, lines, start, happens)

    rows = [row for row in ignoring.site.ledger() if row["context_id"] == follower.order_id]
    assert all(row["credits_delta"] > 0 for row in rows)
