"""A shop, a site and a bridge between them, for tests of what happens to orders."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.services.orders.import_orders import ImportResult
from bridge.services.orders.poll_shop import poll_shop
from bridge.wiring import Bridge
from shop_stand_in.shop import RunningShop, serve_shop
from shop_stand_in.state import Line, ShopState
from tests.support.site import PRODUCTS, USERS, SiteDatabase

SMALL, BIG, MUG = PRODUCTS["small"], PRODUCTS["big"], PRODUCTS["mug"]
ALICE, BOB = USERS["alice"], USERS["bob"]
SMALL_CREDITS = 10_000


@dataclass
class World:
    """One shop with the recorded site's packs, and the bridge that polls it."""

    site: SiteDatabase
    shop: ShopState
    running: RunningShop
    bridge: Bridge

    def poll(self) -> ImportResult:
        return poll_shop(self.bridge.import_context(), self.bridge.shop)

    def look_at_all(self) -> ImportResult:
        """Poll as if an hour had gone by: every known order is fetched again."""
        self.site.run("UPDATE wp_aipkit_bridge_orders SET look_again_at = UTC_TIMESTAMP(6)")
        return self.poll()

    def order(self, customer: int = ALICE, *lines: Line, **more: Any) -> int:
        """Place a completed order, of one small pack unless told otherwise."""
        more.setdefault("status", "completed")
        return self.shop.add_order(customer, lines or (Line(SMALL),), **more)

    def with_settings(self, **sections: Any) -> "World":
        """Return the same world with another configuration."""
        bridge = self.site.bridge(self.running.url, **sections)
        return World(self.site, self.shop, self.running, bridge)


def state_of(world: World, order_id: int) -> tuple[str, str, int]:
    """Return how an order stands, why, and what is booked for it."""
    row = world.site.assert_order(order_id)
    return row["state"], row["reason_code"], row["booked"]


def asking(world: World) -> set[int]:
    """Return the orders that need people."""
    rows = world.site.rows("SELECT order_id FROM wp_aipkit_bridge_orders WHERE state='attention'")
    return {row["order_id"] for row in rows}


def stock(shop: ShopState) -> None:
    """
    Put the recorded products on the shop's shelves; amounts are in the site's database.

    Ids go on where the recorded site's end: its ledger knows some of the lower ones.
    """
    shop.skip_ids(1000)
    shop.add_product(SMALL, "10k Token Pack", "5.00", credits=SMALL_CREDITS)
    shop.add_product(BIG, "100k Token Pack", "40.00", credits=100_000)
    shop.add_product(MUG, "Mug", "12.00")


@pytest.fixture
def world(site: SiteDatabase) -> Iterator[World]:
    """A world without the peer plugin."""
    shop = ShopState()
    stock(shop)
    running = serve_shop(shop)
    yield World(site, shop, running, site.without_peer().bridge(running.url))
    running.stop()
