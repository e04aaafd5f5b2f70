"""Orders booked together leave the rows that they leave when each has a transaction of its own."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from bridge.domain.ids import MAX_BALANCE, OrderId
from bridge.services.orders import book_groups
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.services.orders.import_orders import import_orders
from bridge.store import db as store_db
from bridge.wiring import Bridge
from demo.private_server import PrivateServer
from shop_stand_in.state import Line, RefundLine, ShopState
from tests.support.oracle import explore
from tests.support.site import PRODUCTS, USERS, SiteDatabase
from tests.support.snapshot import Snapshot
from tests.support.world import ALICE, BIG, BOB, MUG, SMALL, World, stock

NOW = datetime(2026, 12, 1, tzinfo=UTC)
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
SOLD = (SMALL, BIG, MUG, PRODUCTS["no_amount"], SMALL, 4_711)
CUSTOMERS = (ALICE, BOB, ALICE, USERS["carol"], 0, ALICE, 999_999, USERS["erin"])
STATUSES = ("completed", "completed", "processing", "completed", "cancelled", "refunded")
RULES: tuple[dict[str, Any], ...] = (
    {},
    {"allow_negative": True},
    {"claim_by_email": True},
    {"refunds": "ignore"},
)
TABLES = {
    "orders": "order_id",
    "order_lines": "order_id, line_id",
    "order_sums": "slot_at, currency, shard",
    "accounts": "user_id",
    "ledger_state": "user_id",
    "summaries": "user_id",
    "holds": "hold_id",
    "findings": "kind, order_id, user_id",
}
COUNTS = {"seq", "finding_id", "summed", "entries"}
"""What only tells how often something was written, in which order, or what was summed for it."""

ANNOTATIONS = """
    SELECT l.idempotency_key, a.order_id, a.credits_delta, a.balance_after, marker, marker_before
      FROM wp_aipkit_bridge_annotations a JOIN wp_aipkit_token_ledger l ON l.id = a.entry_id
     ORDER BY 1
"""
ADD_BALANCE = """
    INSERT INTO wp_usermeta (user_id, meta_key, meta_value)
    VALUES (%s, '_aipkit_token_balance', %s)
"""
numbers = st.integers(0, 999)
Sale = tuple[int, int, int]
sales = st.lists(st.tuples(numbers, numbers, numbers), min_size=2, max_size=14)
changes = st.lists(
    st.tuples(
        st.sampled_from(
            ("refund_a_unit", "refund_money", "status", "customer", "quantity", "drop", "touch")
        ),
        numbers,
        numbers,
    ),
    max_size=8,
)
before_all = st.lists(
    st.tuples(
        st.sampled_from(("spend", "hold", "debt", "foreign", "marker", "rich", "twice")),
        numbers,
        numbers,
    ),
    max_size=4,
)
Event = tuple[str, int, int]


@dataclass
class Sellers:
    """A shop that sells the same in every run, and whatever others did to the site meanwhile."""

    site: SiteDatabase
    bridge: Bridge
    shop: ShopState = field(default_factory=lambda: ShopState(lambda: NOW))
    ids: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        stock(self.shop)

    def sell(self, sold: Sequence[Sale]) -> None:
        for number, (one, two, three) in enumerate(sold):
            lines = [Line(SOLD[one % len(SOLD)], quantity=1 + two % 3)]
            if three % 3 == 0:
                lines.append(Line(SOLD[three % len(SOLD)], tax="0.50"))
            self.ids.append(
                self.shop.add_order(
                    CUSTOMERS[(one + two) % len(CUSTOMERS)],
                    lines,
                    status=STATUSES[three % len(STATUSES)],
                    email=f"{sorted(USERS)[two % 4]}@example.com",
                    at=FIRST + timedelta(minutes=number),
                    parent_id=self.ids[0] if number and three % 11 == 0 else 0,
                    meta={"_subscription_renewal": "1"} if one % 13 == 0 else None,
                )
            )

    def refund_a_unit(self, order: dict[str, Any], _: int) -> None:
        self._refund(order["id"], lines=[RefundLine(order["line_items"][0]["id"], quantity=1)])

    def refund_money(self, order: dict[str, Any], cents: int) -> None:
        self._refund(order["id"], amount=f"{1 + cents % 400 / 100:.2f}")

    def _refund(self, order_id: int, **what: Any) -> None:
        try:
            self.shop.refund(order_id, **what)
        except ValueError as error:
            assert "is left" in str(error)  # noqa: PT017  # any other is a fault of this test

    def status(self, order: dict[str, Any], which: int) -> None:
        self.shop.set_status(order["id"], STATUSES[which % len(STATUSES)])

    def customer(self, order: dict[str, Any], which: int) -> None:
        order["customer_id"] = CUSTOMERS[which % len(CUSTOMERS)]

    def quantity(self, order: dict[str, Any], quantity: int) -> None:
        line = order["line_items"][0]["id"]
        self.shop.edit_line(order["id"], line, quantity=quantity % 5)

    def drop(self, order: dict[str, Any], _: int) -> None:
        order["line_items"].pop()

    def touch(self, order: dict[str, Any], _: int) -> None:
        self.shop.touch(order["id"])

    def spend(self, user: int, credits: int) -> None:
        self.site.set_balance(user, credits)

    def twice(self, user: int, credits: int) -> None:
        self.site.run(ADD_BALANCE, (user, credits))

    def rich(self, user: int, less: int) -> None:
        """One more pack is more than WordPress can store."""
        self.site.set_balance(user, MAX_BALANCE - 100 * less)

    def hold(self, user: int, credits: int) -> None:
        if self.site.rows("SELECT 1 FROM wp_aipkit_bridge_holds WHERE user_id = %s", (user,)):
            return
        self.open_account(user)
        self.site.hold(user, credits)
        self.site.run(
            "UPDATE wp_aipkit_bridge_holds SET on_expiry = 'charge', usage_context = %s,"
            " hold_id = UNHEX(MD5(user_id)), created_at = %s, expires_at = %s WHERE user_id = %s",
            (json.dumps({"scope": None, "units": credits}), FIRST, FIRST, user),
        )

    def debt(self, user: int, credits: int) -> None:
        self.open_account(user)
        sql = "UPDATE wp_aipkit_bridge_accounts SET debt = %s WHERE user_id = %s"
        self.site.run(sql, (100 * credits, user))

    def open_account(self, user: int) -> None:
        sql = (
            "INSERT IGNORE INTO wp_aipkit_bridge_accounts (user_id, created_at, changed_at)"
            " VALUES (%s, %s, %s)"
        )
        self.site.run(sql, (user, FIRST, FIRST))

    def foreign(self, user: int, which: int) -> None:
        """The other plugin has granted an order."""
        order_id = self.ids[which % len(self.ids)]
        sql = (
            "INSERT IGNORE INTO wp_aipkit_token_ledger (user_id, actor_type, module, operation,"
            " credits_delta, entry_type, idempotency_key, created_at)"
            " VALUES (%s, 'user', 'woocommerce', 'purchase', 7000, 'purchase', %s, %s)"
        )
        self.site.run(sql, (user, f"woocommerce_order_{order_id}_purchase", FIRST))

    def marker(self, _: int, which: int) -> None:
        sql = (
            "INSERT INTO wp_wc_orders_meta (order_id, meta_key, meta_value)"
            " VALUES (%s, '_aipkit_tokens_granted', '500')"
        )
        self.site.run(sql, (self.ids[which % len(self.ids)],))

    def happen(self, events: Sequence[Event]) -> None:
        for name, which, number in events:
            order = self.shop.order(self.ids[which % len(self.ids)])
            assert order is not None
            if order["line_items"]:
                getattr(self, name)(order, number)

    def meddle(self, events: Sequence[Event]) -> None:
        for name, which, number in events:
            getattr(self, name)((ALICE, BOB)[which % 2], number)

    def take(self) -> None:
        """Let the bridge import all orders in one page."""
        number = next_fetch_number(self.bridge.db)
        items = [self.shop.order(order_id) for order_id in self.ids]
        context = replace(self.bridge.import_context(), shop=self)
        import_orders(context, items, fetch_number=number)

    # What the import asks the shop for

    def get_order(self, order_id: OrderId, *, fetch_number: int) -> Any:
        return self.shop.order(order_id)

    def list_refunds(self, order_id: OrderId, *, fetch_number: int) -> Any:
        return self.shop.refunds(order_id)

    def rows(self) -> dict[str, Any]:
        """Return all that orders and accounts are in the database, but for counts and ids."""
        tables = {
            name: [
                {k: v for k, v in row.items() if k not in COUNTS}
                for row in self.site.rows(
                    f"SELECT * FROM wp_aipkit_bridge_{name} ORDER BY {order}"
                )
            ]
            for name, order in TABLES.items()
        }
        ledger = sorted(
            ({k: v for k, v in row.items() if k != "id"} for row in self.site.ledger()),
            key=lambda row: (row["user_id"] or 0, row["idempotency_key"] or "", str(row)),
        )
        metas = self.site.rows("SELECT * FROM wp_usermeta ORDER BY user_id, meta_key, umeta_id")
        balances = [
            {k: v for k, v in row.items() if k != "umeta_id"}
            for row in metas
            if row["meta_key"] == "_aipkit_token_balance"
        ]
        return tables | {
            "ledger": ledger,
            "balances": balances,
            "annotations": self.site.rows(ANNOTATIONS),
        }


@pytest.fixture(scope="module")
def kept(shared_site: SiteDatabase, server: PrivateServer) -> Iterator[Snapshot]:
    shared_site.without_peer().bridge(now=NOW)
    snapshot = Snapshot(server, shared_site.name, state="of_groups")
    yield snapshot
    snapshot.drop()


@explore(6, HealthCheck.function_scoped_fixture)
@given(st.sampled_from(RULES), sales, before_all, changes)
@example({}, [(0, 0, 0), (0, 0, 1)], [("rich", 0, 150)], [])
@example({}, [(0, 0, 0), (0, 0, 1)], [], [("status", 0, 4), ("status", 1, 4)])
@example({"allow_negative": True}, [(0, 0, 0), (4, 4, 1)], [("debt", 0, 500)], [("status", 0, 4)])
@example(  # what others credited pays the debt after the first order, so the second finds less
    {},
    [(0, 0, 0), (0, 0, 1)],
    [("debt", 0, 500), ("spend", 0, 900)],
    [("quantity", 0, 3), ("status", 1, 4)],
)
@example({}, [(0, 2, 3), (0, 0, 1)], [("hold", 0, 900)], [("drop", 0, 0), ("customer", 1, 6)])
def test_property_a_group_leaves_the_rows_of_orders_one_by_one(
    kept: Snapshot,
    shared_site: SiteDatabase,
    monkeypatch: pytest.MonkeyPatch,
    rules: dict[str, Any],
    sold: list[Sale],
    before: list[Event],
    happens: list[Event],
) -> None:
    left = []
    for size in (1, 250, 3):
        monkeypatch.setattr(book_groups, "MAX_ORDERS", size)
        kept.put_back()
        bridge = shared_site.bridge(now=NOW, grants=rules)
        sellers = Sellers(shared_site, bridge)
        sellers.sell(sold)
        sellers.meddle(before)
        sellers.take()
        shared_site.assert_balanced()
        first = sellers.rows()
        sellers.happen(happens)
        sellers.meddle(before)
        sellers.take()
        left.append(first | {f"{name}, later": rows for name, rows in sellers.rows().items()})
        shared_site.close_bridges()

    for name, rows in left[0].items():
        assert left[1][name] == rows, name
        assert left[2][name] == rows, name


def place(world: World, number: int) -> list[int]:
    """Place orders of two customers in turn, a second apart."""
    return [
        world.order((ALICE, BOB)[i % 2], at=FIRST + timedelta(seconds=i)) for i in range(number)
    ]


def test_a_page_of_orders_takes_few_transactions(world: World) -> None:
    ids = place(world, 100)
    world.bridge.site.get()
    before = world.bridge.db.stats.transactions

    world.poll()

    assert {world.site.booked(order_id) for order_id in ids} == {10_000}
    assert world.bridge.db.stats.transactions - before < 25
    world.site.assert_balanced()


def test_one_bad_order_among_many_is_recorded_alone(world: World) -> None:
    ids = place(world, 60)
    rich = USERS["carol"]
    world.site.run(ADD_BALANCE, (rich, MAX_BALANCE))
    bad = world.order(rich, at=FIRST)

    world.poll()

    assert {world.site.booked(order_id) for order_id in ids} == {10_000}
    world.site.assert_order(bad, state="attention", reason_code="balance_too_large")
    world.site.assert_balanced()


def test_a_customer_whose_rows_are_locked_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the order that stands alone at the end is waited for, then put off."""
    monkeypatch.setattr(store_db, "_PATIENCE_S", 0.3)
    ids = place(world, 30)
    theirs = [order_id for number, order_id in enumerate(ids) if number % 2 == 0]
    with world.site.server.connect(database=world.site.name) as other, other.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute("SELECT * FROM wp_usermeta WHERE user_id = %s FOR UPDATE", (ALICE,))
        world.poll()
        cursor.execute("ROLLBACK")

    assert {world.site.booked(order_id) for order_id in theirs} == {0}
    assert {world.site.booked(order_id) for order_id in set(ids) - set(theirs)} == {10_000}
    world.look_at_all()
    assert {world.site.booked(order_id) for order_id in ids} == {10_000}
    world.site.assert_balanced()
