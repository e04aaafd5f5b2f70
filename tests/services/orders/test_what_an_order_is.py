"""An order is what it says of itself: parts of others, lost variations, unlinked refunds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.services.orders.poll_shop import look_again
from shop_stand_in.state import Fault, Line, RefundLine
from tests.support.site import PRODUCTS
from tests.support.world import ALICE, BIG, BOB, MUG, SMALL, World, asking, state_of

PACK_OF_MANY = PRODUCTS["variable"]
PRO = PRODUCTS["variation_L"]


def items(world: World, order_id: int) -> list[dict[str, Any]]:
    order = world.shop.order(order_id)
    assert order is not None
    lines: list[dict[str, Any]] = order["line_items"]
    return lines


def keep_item(world: World, item_id: int, **metas: object) -> None:
    """Write an order item's metas as WooCommerce keeps them."""
    for key, value in metas.items():
        world.site.run(
            "INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value)"
            " VALUES (%s, %s, %s)",
            (item_id, f"_{key}", str(value)),
        )


# Marketplaces


def test_a_sub_order_is_granted_once_at_its_parent(world: World) -> None:
    parent = world.order(ALICE, Line(SMALL), Line(BIG))
    parts = [world.order(ALICE, Line(p), parent_id=parent) for p in (SMALL, BIG)]

    world.poll()

    assert world.site.booked(parent) == 110_000
    assert [state_of(world, one) for one in parts] == [("seen", "sub_order", 0)] * 2
    assert world.site.balance(ALICE) == 110_000


def test_a_sub_order_that_is_seen_before_its_parent_waits_for_it(world: World) -> None:
    start = datetime.now(UTC) - timedelta(minutes=5)
    parent = world.order(ALICE, Line(SMALL), status="processing", at=start + timedelta(minutes=1))
    part = world.order(ALICE, Line(SMALL), parent_id=parent, at=start)

    world.poll()
    assert state_of(world, part) == ("seen", "sub_order", 0)

    world.shop.set_status(parent, "completed")
    world.poll()
    assert world.site.balance(ALICE) == 10_000


def test_a_sub_order_of_a_parent_without_packages_is_judged_as_any_other(world: World) -> None:
    parent = world.order(ALICE, Line(MUG))
    part = world.order(ALICE, Line(SMALL), parent_id=parent)

    world.poll()

    assert state_of(world, part) == ("granted", "", 10_000)


def test_an_order_whose_parent_is_no_order_is_judged_as_any_other(world: World) -> None:
    of_a_post = world.order(ALICE, Line(SMALL), parent_id=5)

    world.poll()

    assert state_of(world, of_a_post) == ("granted", "", 10_000)


@pytest.mark.parametrize("key", ["_subscription_renewal", "_subscription_resubscribe"])
def test_a_renewal_has_a_parent_too_and_is_granted(world: World, key: str) -> None:
    first = world.order(ALICE)
    renewal = world.order(ALICE, parent_id=first, meta={key: "77"})

    world.poll()

    assert state_of(world, renewal) == ("granted", "", 10_000)


def test_a_sub_order_with_a_copied_marker_and_a_lost_line_asks_nobody(world: World) -> None:
    parent = world.order(ALICE, Line(SMALL))
    copied = {"_aipkit_tokens_granted": "10000"}
    part = world.order(ALICE, Line(SMALL), parent_id=parent, meta=copied)

    world.poll()

    assert state_of(world, part) == ("seen", "sub_order", 0)
    assert asking(world) == set()


def test_a_sub_order_that_has_a_booking_keeps_it(world: World) -> None:
    parent = world.order(ALICE, Line(SMALL), status="processing")
    part = world.order(ALICE, Line(SMALL))
    world.poll()
    order = world.shop.order(part)
    assert order is not None
    order["parent_id"] = parent
    world.shop.touch(part)

    world.poll()

    assert state_of(world, part) == ("granted", "", 10_000)


def test_a_parent_that_cannot_be_read_makes_its_part_ask(world: World) -> None:
    parent = world.order(ALICE, Line(MUG))
    part = world.order(ALICE, Line(SMALL), parent_id=parent)
    world.shop.odd.poisoned[parent] = Fault.server_error()

    world.poll()
    assert state_of(world, part) == ("attention", "unreadable", 0)

    world.shop.odd.poisoned.clear()
    world.look_at_all()
    assert state_of(world, part) == ("granted", "", 10_000)


# Variations


def order_of_a_lost_variation(world: World, variation: int = 999_999) -> int:
    world.shop.add_product(PACK_OF_MANY, "Packs", "5.00")
    order_id = world.order(ALICE, Line(PACK_OF_MANY, 2))
    keep_item(
        world, items(world, order_id)[0]["id"], product_id=PACK_OF_MANY, variation_id=variation
    )
    return order_id


def test_a_variation_deleted_before_the_first_look_is_never_paid_as_its_parent(
    world: World,
) -> None:
    order_id = order_of_a_lost_variation(world)

    world.poll()

    assert state_of(world, order_id) == ("attention", "variation_gone", 0)


def test_a_variation_that_only_rest_has_lost_grants_its_own_amount(world: World) -> None:
    order_id = order_of_a_lost_variation(world, PRO)

    world.poll()

    amount = int(
        world.site.value(
            "SELECT meta_value FROM wp_postmeta WHERE post_id = %s"
            " AND meta_key = '_aipkit_tokens_amount'",
            (PRO,),
        )
    )
    assert state_of(world, order_id) == ("granted", "", 2 * amount)


def test_a_variation_deleted_afterwards_keeps_its_frozen_amount(world: World) -> None:
    world.shop.add_product(PACK_OF_MANY, "Packs", "5.00")
    world.shop.add_product(PRO, "Pro", "5.00", parent_id=PACK_OF_MANY)
    order_id = world.order(ALICE, Line(PACK_OF_MANY, variation_id=PRO))
    world.poll()
    before = state_of(world, order_id)
    line = items(world, order_id)[0]["id"]
    keep_item(world, line, product_id=PACK_OF_MANY, variation_id=PRO)
    world.site.run("DELETE FROM wp_posts WHERE ID = %s", (PRO,))
    world.shop.edit_line(order_id, line, variation_id=0, moves_date=True)

    world.poll()

    assert state_of(world, order_id) == before
    assert before[0] == "granted"


def test_a_lost_variation_of_what_is_no_package_asks_nobody(world: World) -> None:
    order_id = world.order(ALICE, Line(MUG), Line(SMALL))
    keep_item(world, items(world, order_id)[0]["id"], product_id=MUG, variation_id=999_999)

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 10_000)


def test_the_first_of_two_equal_item_metas_counts(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, meta={"_aipkit_tokens_amount": "123"}))
    line = items(world, order_id)[0]
    line["meta_data"].append({"id": 9, "key": "_aipkit_tokens_amount", "value": "456"})
    lost = world.order(ALICE, Line(0))
    keep_item(world, items(world, lost)[0]["id"], product_id=SMALL)
    keep_item(world, items(world, lost)[0]["id"], product_id=BIG)

    world.poll()

    assert world.site.booked(order_id) == 123
    assert world.site.booked(lost) == 10_000


# Items that never had a product


@pytest.mark.parametrize("metas", [{"product_id": 0}, {}, {"qty": 1, "line_total": "3.50"}])
def test_what_was_typed_in_at_a_till_is_no_package_and_no_problem(
    world: World, metas: dict[str, object]
) -> None:
    alone = world.order(ALICE, Line(0, name="Coffee", total="3.50"))
    beside = world.order(ALICE, Line(SMALL), Line(0, name="Coffee", total="3.50"))
    keep_item(world, items(world, alone)[0]["id"], **metas)
    keep_item(world, items(world, beside)[1]["id"], **metas)

    world.poll()

    assert world.site.order(alone) is None
    assert state_of(world, beside) == ("granted", "", 10_000)


# Refunds


def unlink(world: World, order_id: int) -> None:
    for refund in world.shop.refunds(order_id):
        for line in refund["line_items"]:
            line["meta_data"] = []


def test_a_refund_that_names_no_item_is_of_the_one_line_that_fits(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=3), Line(BIG), Line(MUG))
    line = items(world, order_id)[0]["id"]
    world.shop.refund(order_id, lines=[RefundLine(line, quantity=1)])
    unlink(world, order_id)

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 120_000)


def test_a_refund_that_fits_two_lines_asks_and_books_nothing(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=3), Line(SMALL))
    booked = world.order(BOB, Line(SMALL), Line(SMALL))
    world.shop.refund(order_id, lines=[RefundLine(items(world, order_id)[0]["id"], quantity=1)])
    unlink(world, order_id)
    world.poll()
    assert state_of(world, order_id) == ("attention", "refund_unlinked", 0)

    world.shop.refund(booked, lines=[RefundLine(items(world, booked)[0]["id"], quantity=1)])
    unlink(world, booked)
    world.poll()
    assert state_of(world, booked) == ("attention", "refund_unlinked", 20_000)

    refund = world.shop.refunds(booked)[0]["id"]
    world.shop.delete_refund(booked, refund)
    world.look_at_all()
    assert state_of(world, booked) == ("granted", "", 20_000)


def test_a_refund_of_a_package_that_no_line_has_asks(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL), Line(MUG))
    line = items(world, order_id)[1]
    world.shop.refund(order_id, lines=[RefundLine(line["id"], quantity=1)])
    unlink(world, order_id)
    world.shop.refunds(order_id)[0]["line_items"][0]["product_id"] = BIG

    world.poll()

    assert state_of(world, order_id) == ("attention", "refund_unlinked", 0)


def test_an_unlinked_refund_of_what_is_no_package_asks_nobody(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL), Line(MUG), Line(MUG))
    world.shop.refund(order_id, lines=[RefundLine(items(world, order_id)[1]["id"], quantity=1)])
    unlink(world, order_id)

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 10_000)


def test_what_refunds_take_of_a_line_is_capped_at_that_line(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=2), Line(BIG))
    line = items(world, order_id)[0]["id"]
    world.shop.refund(order_id, lines=[RefundLine(line, quantity=2, total="5.00")])
    world.shop.refund(order_id, lines=[RefundLine(line, quantity=2, total="5.00")])

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 100_000)


# Deleted orders


def test_a_trashed_and_fully_taken_back_order_that_is_deleted_asks_nobody(world: World) -> None:
    order_id = world.order()
    world.poll()
    world.shop.trash(order_id)
    world.poll()
    world.shop.delete(order_id)

    world.look_at_all()

    row = world.site.assert_order(order_id, state="seen", reason_code="order_vanished")
    assert "taken back" in row["reason"]
    assert "stay" not in row["reason"]


def test_a_deleted_order_with_credits_is_listed_with_how_many_stay(world: World) -> None:
    order_id = world.order()
    world.poll()
    world.shop.delete(order_id)

    world.look_at_all()

    row = world.site.assert_order(order_id, state="attention", reason_code="order_vanished")
    assert "10,000 tokens stay" in row["reason"]


def test_a_deleted_order_with_nothing_booked_leaves_no_trace(world: World) -> None:
    order_id = world.order(0, email="nobody@example.com")
    world.poll()
    world.shop.delete(order_id)

    world.look_at_all()

    assert world.site.order(order_id) is None


# The list of orders that need people


def test_an_order_of_a_deleted_user_says_that_the_tokens_went_with_the_account(
    world: World,
) -> None:
    order_id = world.order()
    world.poll()
    world.site.run("DELETE FROM wp_users WHERE ID = %s", (ALICE,))
    world.shop.touch(order_id)
    world.look_at_all()

    world.site.assert_order(order_id, state="granted", reason_code="")
    world.shop.set_status(order_id, "on-hold")
    world.poll()

    row = world.site.assert_order(order_id, reason_code="customer_changed")
    assert "was deleted" in row["reason"]
    assert "stay" not in row["reason"]


def test_a_taken_back_order_whose_customer_changes_asks_nobody(world: World) -> None:
    order_id = world.order()
    world.poll()
    world.shop.set_status(order_id, "cancelled")
    world.poll()
    world.shop.set_customer(order_id, BOB)

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 0)


def test_a_broken_amount_of_an_order_item_names_the_remedy_that_works(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, meta={"_aipkit_tokens_amount": "many"}))

    world.poll()

    row = world.site.assert_order(order_id, reason_code="bad_amount")
    assert "by hand" in row["reason"]
    assert "enter" not in row["reason"]


# Users without a date


@pytest.mark.parametrize("date", ["0000-00-00 00:00:00", "1970-01-01 00:00:00"])
def test_a_user_whose_registration_date_is_zero_claims_nothing(world: World, date: str) -> None:
    world = world.with_settings(grants={"claim_by_email": True})
    world.site.run("SET SESSION sql_mode = ''")
    world.site.run("UPDATE wp_users SET user_registered = %s WHERE ID = %s", (date, ALICE))
    order_id = world.order(0, Line(SMALL), email="alice@example.com")

    world.poll()

    assert state_of(world, order_id) == ("unclaimed", "guest_order", 0)


# Second looks


def let_pass(world: World, minutes: int) -> None:
    world.site.run(
        "UPDATE wp_aipkit_bridge_orders"
        " SET look_again_at = look_again_at - INTERVAL %s MINUTE WHERE look_again_at IS NOT NULL",
        (minutes,),
    )


def look(world: World) -> None:
    """Do the job that reads no lists: what is found is found by its id."""
    look_again(world.bridge.import_context(), world.bridge.shop)


@pytest.mark.parametrize("status", ["pending", "processing", "on-hold"])
def test_a_completion_that_moved_no_date_is_found_within_a_quarter_of_an_hour(
    world: World, status: str
) -> None:
    order_id = world.order(ALICE, status=status)
    world.poll()
    order = world.shop.order(order_id)
    assert order is not None
    order["status"] = "completed"

    let_pass(world, 14)
    look(world)
    assert world.site.booked(order_id) == 0

    let_pass(world, 1)
    look(world)
    assert world.site.booked(order_id) == 10_000


def test_unchanged_orders_are_looked_at_again_and_again_for_a_week(world: World) -> None:
    young = world.order(ALICE, status="processing")
    old = world.order(
        ALICE, status="processing", at=datetime.now(UTC) - timedelta(days=7, minutes=1)
    )
    final = world.order(ALICE, status="cancelled")
    mug = world.order(ALICE, Line(MUG), status="processing")
    world.poll()

    for _ in range(3):
        let_pass(world, 15)
        world.shop.requests.clear()
        look(world)

        asked = [r.params["include"] for r in world.shop.requests if "include" in r.params]
        assert asked == [str(young)]

    assert world.site.order(mug) is None
    rows = [world.site.order(one) for one in (old, final)]
    assert [row["look_again_at"] for row in rows if row] == [None, None]


# Translations

ORIGINAL, TRANSLATION = SMALL, 70_001


def add_translation(world: World) -> int:
    world.site.run("SET SESSION sql_mode = ''")
    world.site.run(
        "INSERT INTO wp_posts (ID, post_type, post_status, post_title)"
        " VALUES (%s, 'product', 'publish', 'Paket')",
        (TRANSLATION,),
    )
    world.shop.add_product(TRANSLATION, "Paket", "5.00")
    return world.order(ALICE, Line(TRANSLATION))


def with_wpml(world: World) -> None:
    world.site.run(
        "CREATE TABLE wp_icl_translations (translation_id INT AUTO_INCREMENT PRIMARY KEY,"
        " element_type VARCHAR(60), element_id BIGINT, trid BIGINT, language_code VARCHAR(7),"
        " source_language_code VARCHAR(7))"
    )
    world.site.run(
        "INSERT INTO wp_icl_translations (element_type, element_id, trid, language_code,"
        " source_language_code) VALUES ('post_product', %s, 1, 'en', NULL),"
        " ('post_product', %s, 1, 'de', 'en')",
        (ORIGINAL, TRANSLATION),
    )


def with_polylang(world: World) -> None:
    world.site.run(
        "CREATE TABLE wp_term_relationships (object_id BIGINT, term_taxonomy_id BIGINT,"
        " term_order INT DEFAULT 0)"
    )
    world.site.run(
        "CREATE TABLE wp_term_taxonomy (term_taxonomy_id BIGINT, term_id BIGINT,"
        " taxonomy VARCHAR(32), description LONGTEXT)"
    )
    group = f'a:2:{{s:2:"de";i:{TRANSLATION};s:2:"en";i:{ORIGINAL};}}'
    world.site.run("INSERT INTO wp_term_taxonomy VALUES (9, 9, 'post_translations', %s)", (group,))
    world.site.run(
        "INSERT INTO wp_term_relationships VALUES (%s, 9, 0), (%s, 9, 0)", (ORIGINAL, TRANSLATION)
    )


@pytest.mark.parametrize("plugin", [with_wpml, with_polylang], ids=["WPML", "Polylang"])
def test_a_translation_without_metas_has_its_originals(world: World, plugin: Any) -> None:
    plugin(world)
    order_id = add_translation(world)

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 10_000)


@pytest.mark.parametrize("plugin", [with_wpml, with_polylang], ids=["WPML", "Polylang"])
def test_a_translation_with_metas_of_its_own_keeps_them(world: World, plugin: Any) -> None:
    plugin(world)
    order_id = add_translation(world)
    world.site.run(
        "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES"
        " (%s, '_aipkit_is_token_package', 'yes'), (%s, '_aipkit_tokens_amount', '77')",
        (TRANSLATION, TRANSLATION),
    )

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 77)


def test_without_such_a_plugin_a_product_without_metas_is_no_package(world: World) -> None:
    order_id = add_translation(world)

    world.poll()

    assert world.site.order(order_id) is None
