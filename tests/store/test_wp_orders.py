"""Orders read by SQL are those that REST tells: field by field what the rules use."""

import json
from dataclasses import fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.ids import OrderId
from bridge.domain.orders import Order
from bridge.store import wp_orders
from bridge.woo.parse import parse_order
from tests.support.folders import FIXTURES
from tests.support.site import ORDERS, SiteDatabase

SECOND, LATER = timedelta(seconds=1), timedelta(minutes=30, seconds=7)
REFUNDS = {26: "refunds_alice", 41: "refunds_ivan", 44: "refunds_grace_amount_only"}


def body(name: str) -> Any:
    recorded = json.loads(Path(FIXTURES / f"site/rest/{name}.json").read_text("utf-8"))
    return recorded["body"]


def told_by_rest() -> dict[int, Order]:
    """Every recorded order, parsed with its refunds."""
    items = [*body("orders_modified_after_all_statuses"), body("order_trashed")]
    return {
        item["id"]: parse_order(item, body(REFUNDS[item["id"]]) if item["id"] in REFUNDS else ())
        for item in items
    }


REST = told_by_rest()


@pytest.fixture(params=["tables", "posts"])
def shop(request: pytest.FixtureRequest) -> SiteDatabase:
    """The recorded shop in each of the two storages."""
    name = "site" if request.param == "tables" else "posts_site"
    site: SiteDatabase = request.getfixturevalue(name)
    return site


def read(site: SiteDatabase) -> dict[int, Order]:
    """Read all orders of the shop by SQL."""
    with site.bridge().db.reading() as tx:
        tables = wp_orders.find_tables(tx)
        assert tables is not None
        heads = wp_orders.read_heads(tx, tables, after=0, last=10_000, limit=100)
        return {
            item["id"]: parse_order(item, wp_orders.read_refunds(tx, tables, item["id"]))
            for item in wp_orders.complete(tx, tables, heads)[0]
        }


def test_both_storages_hold_every_recorded_order(shop: SiteDatabase) -> None:
    """Those that were recorded, and no refund, draft or placeholder besides."""
    assert sorted(read(shop)) == sorted(REST) == sorted(ORDERS.values())


def test_each_order_in_tables_is_what_rest_tells_of_it(shared_site: SiteDatabase) -> None:
    found = read(shared_site)

    for order_id, told in REST.items():
        for field in fields(Order):
            expected = getattr(told, field.name)
            assert getattr(found[order_id], field.name) == expected, (order_id, field.name)
        assert found[order_id].digest() == told.digest()
        assert found[order_id].contents_digest() == told.contents_digest()


def test_each_order_as_posts_is_what_rest_tells_of_it(posts_site: SiteDatabase) -> None:
    """That shop was made anew for the recording: its dates lie half an hour later, each."""
    found = read(posts_site)

    for order_id, told in REST.items():
        for field in fields(Order):
            is_now, expected = (getattr(one, field.name) for one in (found[order_id], told))
            if isinstance(expected, datetime):
                later = is_now - expected
                assert LATER <= later <= LATER + 3 * SECOND, (order_id, field.name, later)
            elif field.name == "refunds":
                assert [replace(one, at=None) for one in is_now] == [
                    replace(one, at=None) for one in expected
                ]
                for one, told_one in zip(is_now, expected, strict=True):
                    assert LATER <= one.at - told_one.at <= LATER + 3 * SECOND
            else:
                assert is_now == expected, (order_id, field.name)
        assert found[order_id].contents_digest() == told.contents_digest()


def test_one_order_is_read_as_in_a_part_of_all(shop: SiteDatabase) -> None:
    with shop.bridge().db.reading() as tx:
        tables = wp_orders.find_tables(tx)
        assert tables is not None
        one = wp_orders.read_order(tx, tables, OrderId(ORDERS["erin_variations"]))
        none = wp_orders.read_order(tx, tables, OrderId(999_999))

    assert one is not None
    assert parse_order(one, ()) == read(shop)[ORDERS["erin_variations"]]
    assert none is None


def test_parts_of_all_are_divided_by_id(shared_site: SiteDatabase) -> None:
    with shared_site.bridge().db.reading() as tx:
        tables = wp_orders.find_tables(tx)
        assert tables is not None
        count, _, last = wp_orders.count_orders(tx, tables)
        parts, after = [], 0
        while part := wp_orders.read_heads(tx, tables, after=after, last=last, limit=4):
            parts.append([head["id"] for head in part])
            after = parts[-1][-1]

    assert count == len(ORDERS)
    assert last == max(ORDERS.values())
    assert [i for part in parts for i in part] == sorted(ORDERS.values())
    assert {len(part) for part in parts[:-1]} == {4}


def test_dates_of_old_versions_are_read_by_the_sites_clock(posts_site: SiteDatabase) -> None:
    """WooCommerce before 3.0 wrote them as local time and nothing else."""
    order_id = ORDERS["alice_small_x2"]
    before = read(posts_site)[order_id]
    posts_site.run(
        "DELETE FROM wp_postmeta WHERE post_id = %s AND meta_key IN"
        " ('_date_completed', '_date_paid', '_paid_date')",
        (order_id,),
    )

    order = read(posts_site)[order_id]

    assert order.completed_at == before.completed_at, "the same, written as Istanbul's time"
    assert order.paid_at is None


def test_tax_of_a_refunded_shipping_line_counts(site: SiteDatabase) -> None:
    """Newer versions have it in a meta of its own, older ones only by rate."""
    refund = site.value(
        "SELECT id FROM wp_wc_orders WHERE parent_order_id = %s", (ORDERS["alice_small_x2"],)
    )
    for number, tax in enumerate(({"total_tax": "-0.7"}, {}), start=900):
        site.run(
            "INSERT INTO wp_woocommerce_order_items VALUES (%s, 'Post', 'shipping', %s)",
            (number, refund),
        )
        metas = {"cost": "-3.5", "taxes": 'a:1:{s:5:"total";a:1:{i:1;s:4:"-0.7";}}', **tax}
        for key, value in metas.items():
            site.run(
                "INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value)"
                " VALUES (%s, %s, %s)",
                (number, key, value),
            )

    order = read(site)[ORDERS["alice_small_x2"]]

    assert order.refunds[0].other_lines == Decimal("8.40")


def test_metas_that_the_rules_use_are_read_in_both_storages(shop: SiteDatabase) -> None:
    """A renewal is told by them, and the number that customers see; the first of equals counts."""
    order_id = ORDERS["carol_processing"]
    in_tables = shop.value("SELECT COUNT(*) AS n FROM wp_wc_orders") > 0
    where = "wp_wc_orders_meta (order_id" if in_tables else "wp_postmeta (post_id"
    metas = [
        ("_subscription_renewal", "7"),
        ("_order_number", "2026-0815"),
        ("_order_number", "2026-0816"),
        ("_AIPKIT_tokens_granted", "5"),  # another key, though SQL takes it for the marker
    ]
    for key, value in metas:
        shop.run(
            f"INSERT INTO {where}, meta_key, meta_value) VALUES (%s, %s, %s)",
            (order_id, key, value),
        )

    order = read(shop)[order_id]

    assert (order.is_renewal, order.number, order.marker) == (True, "2026-0815", 0)


def test_drafts_are_no_orders(site: SiteDatabase) -> None:
    order_id = ORDERS["carol_processing"]
    site.run("UPDATE wp_wc_orders SET status = 'auto-draft' WHERE id = %s", (order_id,))

    assert sorted(read(site)) == sorted(set(ORDERS.values()) - {order_id})
