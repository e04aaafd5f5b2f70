"""Past orders that the tables show to have no package: passed by, as if they had been read."""

import pytest

from bridge.domain.backfills import BackfillReport, Outcome
from bridge.services.orders import orders_in_tables
from bridge.store import wp_orders
from demo.private_server import PrivateServer
from tests.services.orders.test_backfill import kept_rows
from tests.support.backfills import backfill
from tests.support.past_shop import PastShop
from tests.support.site import PRODUCTS
from tests.support.snapshot import Snapshot
from tests.support.world import ALICE, BIG, MUG, SMALL

META = "UPDATE wp_woocommerce_order_itemmeta SET meta_value = {} WHERE meta_key = '{}' AND {}"
ADD = (
    "INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value)"
    " SELECT order_item_id, {}, {} FROM wp_woocommerce_order_items item WHERE order_id = %s"
)
HEAD = "UPDATE wp_wc_orders SET {} WHERE id = %s"
OF_ORDER = (
    "order_item_id = (SELECT order_item_id FROM wp_woocommerce_order_items WHERE order_id = %s)"
)
ODDITIES = {
    "a fraction": META.format("'1.5'", "_qty", OF_ORDER),
    "no number": META.format("'many'", "_qty", OF_ORDER),
    "less than none": META.format("'-1'", "_qty", OF_ORDER),
    "a huge amount": META.format("REPEAT('9', 40)", "_line_total", OF_ORDER),
    "a pack behind": ADD.format("'_product_id'", f"'{SMALL}'"),
    "a mug behind": ADD.format("'_product_id'", f"'{MUG}'"),
    "an amount of its own": ADD.format("'_aipkit_tokens_amount'", "'700'"),
    "an empty amount of its own": ADD.format("'_aipkit_tokens_amount'", "''"),
    "a key in capitals": ADD.format("'_PRODUCT_ID'", f"'{SMALL}'"),
    "a product that is gone": META.format("'4711'", "_product_id", OF_ORDER),
    "a variation that is gone": META.format("'4711'", "_variation_id", OF_ORDER),
    "a variation": META.format(f"'{PRODUCTS['variation_S']}'", "_variation_id", OF_ORDER),
    "a product without amount": META.format(f"'{PRODUCTS['no_amount']}'", "_product_id", OF_ORDER),
    "no product": META.format("'0'", "_product_id", OF_ORDER),
    "a product that is a text": META.format("'12x'", "_product_id", OF_ORDER),
    "a product with a blank": META.format(f"'{BIG} '", "_product_id", OF_ORDER),
    "no metas": f"DELETE FROM wp_woocommerce_order_itemmeta WHERE {OF_ORDER}",
    "no lines": "DELETE FROM wp_woocommerce_order_items WHERE order_id = %s",
    "a shipping line": (
        "UPDATE wp_woocommerce_order_items SET order_item_type = 'shipping' WHERE order_id = %s"
    ),
    "no date": HEAD.format("date_created_gmt = NULL"),
    "a date before all": HEAD.format("date_updated_gmt = '1969-05-05'"),
    "no status": HEAD.format("status = ''"),
    "a marker": (
        "INSERT INTO wp_wc_orders_meta (order_id, meta_key, meta_value)"
        " VALUES (%s, '_aipkit_tokens_granted', '500')"
    ),
    "a refund": (
        "INSERT INTO wp_wc_orders (id, type, status, parent_order_id, total_amount)"
        " VALUES (%s + 500000, 'shop_order_refund', 'wc-completed', %s, -1)"
    ),
    "a ledger row": (
        "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, operation,"
        " credits_delta, entry_type, idempotency_key) VALUES (2, 'user', 'woocommerce',"
        " 'purchase', 7000, 'purchase', CONCAT('woocommerce_order_', %s, '_purchase'))"
    ),
}


@pytest.fixture
def odd(past: PastShop) -> PastShop:
    """A past of mugs and packs, where one order each has an oddity."""
    for sql in ODDITIES.values():
        past.order(ALICE, MUG)
        for product in (SMALL, MUG):
            order_id = past.order(ALICE, product)
            past.site.run(sql, (order_id,) * sql.count("%s"))
    return past


def read_all(past: PastShop, monkeypatch: pytest.MonkeyPatch, *, apply: bool) -> BackfillReport:
    """Run a backfill that reads each order whole."""
    with monkeypatch.context() as patch:
        patch.setattr(wp_orders, "find_plain", lambda *_: set())
        return backfill(past.bridge, apply=apply)


def test_the_report_and_the_rows_are_those_of_orders_read_whole(
    odd: PastShop, server: PrivateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_in_tables, "CHUNK", 7)
    before = Snapshot(server, odd.site.name, state="before_plain")
    try:
        foreseen = read_all(odd, monkeypatch, apply=False)
        done = read_all(odd, monkeypatch, apply=True)
        rows = kept_rows(odd.site)
        before.put_back()
        assert backfill(odd.bridge, apply=False) == foreseen
        assert backfill(odd.bridge) == done
    finally:
        before.drop()

    assert kept_rows(odd.site) == rows


def test_orders_without_packages_are_not_read_whole(
    past: PastShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders_in_tables, "CHUNK", 5)
    for product in (MUG,) * 15 + (SMALL,):
        past.order(ALICE, product)
    read: list[int] = []
    complete = wp_orders.complete

    def noting(*args: object) -> object:
        items, sold = complete(*args)  # type: ignore[arg-type]  # as it comes
        read.extend(item["id"] for item in items)
        return items, sold

    monkeypatch.setattr(wp_orders, "complete", noting)
    report = backfill(past.bridge)

    assert len(read) <= 5 + 1, "the first part is how mugs are learned"
    assert report.orders == {Outcome.NO_PACKAGE: 15, Outcome.GRANTED: 1}


def test_a_product_that_becomes_a_package_is_noticed(
    past: PastShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known of products is forgotten after seconds, here at once."""
    monkeypatch.setattr(orders_in_tables, "CHUNK", 1)
    monkeypatch.setattr(orders_in_tables, "_KNOWN_FOR_S", 0.0)
    past.order(ALICE, MUG)
    second = past.order(ALICE, MUG)
    complete = wp_orders.complete

    def marking(*args: object) -> object:
        past.site.run(
            "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES"
            " (%s, '_aipkit_is_token_package', 'yes'), (%s, '_aipkit_tokens_amount', '50')",
            (MUG, MUG),
        )
        return complete(*args)  # type: ignore[arg-type]  # as it comes

    monkeypatch.setattr(wp_orders, "complete", marking)
    backfill(past.bridge)

    assert past.site.booked(second) == 50
