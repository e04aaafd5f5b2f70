"""A shop with a past, in the site's tables and over HTTP alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.wiring import Bridge
from shop_stand_in.shop import RunningShop, serve_shop
from shop_stand_in.state import Line, ShopState
from tests.support.site import USERS, SiteDatabase
from tests.support.waiting import wait_until
from tests.support.world import SMALL, SMALL_CREDITS, stock

LONG_AGO = datetime(2025, 6, 1, tzinfo=UTC)
_ITEM_METAS = {
    "_product_id": "product_id",
    "_variation_id": "variation_id",
    "_qty": "quantity",
    "_line_total": "total",
    "_line_tax": "total_tax",
}


@dataclass
class PastShop:
    """Orders completed before `grants.since`, and a bridge that has not looked at them."""

    site: SiteDatabase
    shop: ShopState
    running: RunningShop
    bridge: Bridge
    balances: dict[int, int]
    placed: int = 0

    def order(self, customer: int, product: int, at: datetime | None = None) -> int:
        """Place a completed order, each a second after the one before."""
        self.placed += 1
        moment = at or LONG_AGO + timedelta(seconds=self.placed)
        lines = [Line(product)]
        order_id = self.shop.add_order(customer, lines, status="completed", at=moment)
        put_into_tables(self.site, [self.shop.order(order_id)])
        return order_id

    def orders(self, number: int) -> list[int]:
        """Place many orders of one small pack, of all customers in turn."""
        customers = list(USERS.values())
        ids = []
        for _ in range(number):
            self.placed += 1
            moment = LONG_AGO + timedelta(seconds=self.placed)
            customer = customers[self.placed % len(customers)]
            lines = [Line(SMALL)]
            ids.append(self.shop.add_order(customer, lines, status="completed", at=moment))
        put_into_tables(self.site, [self.shop.order(order_id) for order_id in ids])
        return ids

    def granted(self) -> int:
        """Return how many orders are granted so far."""
        sql = "SELECT COUNT(*) AS n FROM wp_aipkit_bridge_orders WHERE granted > 0"
        return int(self.site.value(sql))

    def wait_until_granted(self, number: int) -> int:
        """Wait for so many; return how many there are then."""
        wait_until(lambda: self.granted() >= number, "no progress", pause_s=0.002)
        return self.granted()

    def assert_each_granted_once(self, ids: Sequence[int]) -> None:
        """Assert: a row in the ledger for each, the balances of it, and nothing else."""
        rows = [row for row in self.site.ledger() if row["context_id"] in set(ids)]
        assert sorted(row["context_id"] for row in rows) == sorted(ids)
        assert {row["credits_delta"] for row in rows} == {SMALL_CREDITS}
        assert sum(self.site.balance(user) for user in USERS.values()) == (
            sum(self.balances.values()) + len(ids) * SMALL_CREDITS
        )
        self.site.assert_balanced()


def put_into_tables(site: SiteDatabase, orders: Sequence[Any]) -> None:
    """Write orders, as REST tells them, into the tables that WooCommerce keeps them in."""
    heads, operations, addresses, items, metas = [], [], [], [], []
    for order in orders:
        created, modified, paid, completed = (
            order[f"date_{name}_gmt"] for name in ("created", "modified", "paid", "completed")
        )
        number, email = order["id"], order["billing"]["email"]
        sold = (f"wc-{order['status']}", order["total"], order["customer_id"], email)
        heads.append((number, "shop_order", "USD", *sold, created, modified))
        operations.append((number, paid, completed))
        addresses.append((number, "billing", email))
        for item in order["line_items"]:
            items.append((item["id"], item["name"], "line_item", number))
            metas += [(item["id"], key, str(item[name])) for key, name in _ITEM_METAS.items()]
    _insert(
        site,
        "wc_orders (id, type, currency, status, total_amount, customer_id, billing_email,"
        " date_created_gmt, date_updated_gmt)",
        heads,
    )
    _insert(
        site, "wc_order_operational_data (order_id, date_paid_gmt, date_completed_gmt)", operations
    )
    _insert(site, "wc_order_addresses (order_id, address_type, email)", addresses)
    _insert(
        site,
        "woocommerce_order_items (order_item_id, order_item_name, order_item_type, order_id)",
        items,
    )
    _insert(site, "woocommerce_order_itemmeta (order_item_id, meta_key, meta_value)", metas)


def _insert(site: SiteDatabase, where: str, rows: Sequence[Sequence[object]]) -> None:
    marks = ", ".join(["(" + ", ".join(["%s"] * len(rows[0])) + ")"] * len(rows))
    site.run(f"INSERT INTO wp_{where} VALUES {marks}", [value for row in rows for value in row])


@pytest.fixture
def past(site: SiteDatabase) -> Iterator[PastShop]:
    """A past without the peer plugin, and with nothing in it yet."""
    shop = ShopState()
    stock(shop)
    running = serve_shop(shop)
    bridge = site.without_peer().bridge(running.url)
    balances = {user: site.balance(user) for user in USERS.values()}
    yield PastShop(site, shop, running, bridge, balances)
    running.stop()
