"""Whose an order is: guests, claims by e-mail, unknown users; and lines that cannot be judged."""

from typing import Any

from shop_stand_in.state import Line
from tests.support.site import PRODUCTS, USERS
from tests.support.world import ALICE, MUG, SMALL, World, state_of


def retry_is_due(world: World) -> None:
    """Let ten minutes pass for orders that ask for something."""
    world.site.run(
        "UPDATE wp_aipkit_bridge_orders"
        " SET look_again_at = look_again_at - INTERVAL 10 MINUTE WHERE look_again_at IS NOT NULL"
    )


def guest_order(world: World, email: str, **more: Any) -> int:
    return world.order(0, Line(SMALL), email=email, **more)


def test_a_guests_order_is_kept_unclaimed_until_it_gets_a_customer(world: World) -> None:
    order_id = guest_order(world, "alice@example.com")
    world.poll()
    assert state_of(world, order_id) == ("unclaimed", "guest_order", 0)

    world.shop.set_customer(order_id, ALICE)
    world.poll()

    assert state_of(world, order_id) == ("granted", "", 10_000)
    assert world.site.balance(ALICE) == 10_000


def test_claim_by_email_needs_an_account_older_than_the_order(world: World) -> None:
    world = world.with_settings(grants={"claim_by_email": True})
    order_id = guest_order(world, "alice@example.com")
    stranger = guest_order(world, "nobody@example.com")
    world.site.run("UPDATE wp_users SET user_registered = '2999-01-01' WHERE user_login = 'bob'")
    younger = guest_order(world, "bob@example.com")

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 10_000)
    assert '"claimed_as":"email"' in world.site.ledger()[-1]["meta"]
    assert state_of(world, stranger)[0] == "unclaimed"
    assert state_of(world, younger)[0] == "unclaimed"


def test_a_claimed_order_stays_where_it_is_when_the_customer_is_linked(world: World) -> None:
    world = world.with_settings(grants={"claim_by_email": True})
    order_id = guest_order(world, "alice@example.com")
    world.poll()

    world.shop.set_customer(order_id, ALICE)
    world.poll()

    assert state_of(world, order_id) == ("granted", "", 10_000)


def test_an_order_of_an_unknown_user_asks_and_is_granted_when_the_user_appears(
    world: World,
) -> None:
    order_id = world.order(4711)
    world.poll()
    assert state_of(world, order_id) == ("attention", "unknown_user", 0)

    world.site.run(
        "INSERT INTO wp_users (ID, user_login, user_email, user_registered)"
        " VALUES (4711, 'late', 'late@example.com', UTC_TIMESTAMP())"
    )
    retry_is_due(world)
    world.poll()

    assert state_of(world, order_id) == ("granted", "", 10_000)


def test_good_lines_are_granted_beside_one_without_an_amount(world: World) -> None:
    broken = PRODUCTS["no_amount"]
    world.shop.add_product(broken, "Broken pack", "1.00")
    order_id = world.order(ALICE, Line(SMALL), Line(broken, quantity=2))

    world.poll()
    assert state_of(world, order_id) == ("attention", "bad_amount", 10_000)

    world.site.run(
        "INSERT INTO wp_postmeta (post_id, meta_key, meta_value)"
        " VALUES (%s, '_aipkit_tokens_amount', '500')",
        (broken,),
    )
    retry_is_due(world)
    world.poll()

    assert state_of(world, order_id) == ("granted", "", 11_000)
    assert [row["operation"] for row in world.site.ledger()[-2:]] == ["purchase", "regrant"]


def test_a_product_gone_from_the_shop_is_judged_by_what_the_database_knows(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL))
    item = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
    world.shop.delete_product(SMALL)
    world.site.run(
        "INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value)"
        " VALUES (%s, '_product_id', %s), (%s, '_variation_id', '0')",
        (item + 100_000, str(SMALL), item + 100_000),
    )
    world.shop.edit_line(order_id, item, id=item + 100_000, moves_date=True)

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 10_000)


def test_a_lost_product_makes_the_order_ask(world: World) -> None:
    order_id = world.order(ALICE, Line(MUG))
    world.shop.delete_product(MUG)
    item = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
    world.site.run(
        "INSERT INTO wp_woocommerce_order_itemmeta (order_item_id, meta_key, meta_value)"
        " VALUES (%s, '_product_id', '999999')",
        (item,),
    )
    world.shop.touch(order_id)

    world.poll()

    assert state_of(world, order_id) == ("attention", "product_gone", 0)


def test_an_item_frozen_at_checkout_wins_over_the_product(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, meta={"_aipkit_tokens_amount": "123"}))

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 123)


def test_a_renewal_with_a_copied_marker_is_granted(world: World) -> None:
    copied = {"_aipkit_tokens_granted": "10000", "_subscription_renewal": "77"}
    order_id = world.order(ALICE, Line(SMALL), meta=copied)

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 10_000)


def test_a_marker_without_a_ledger_row_on_a_new_order_asks(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL), meta={"_aipkit_tokens_granted": "10000"})

    world.poll()

    assert state_of(world, order_id) == ("attention", "marker_without_ledger", 0)


def test_a_marker_older_than_the_ledger_is_adopted(world: World) -> None:
    from datetime import UTC, datetime

    order_id = world.order(
        USERS["bob"],
        Line(SMALL),
        meta={"_aipkit_tokens_granted": "9000"},
        at=datetime(2026, 2, 1, tzinfo=UTC),
    )

    world.poll()

    assert state_of(world, order_id) == ("granted", "", 9_000)
    assert [r for r in world.site.ledger() if r["context_id"] == order_id] == []
    world.shop.set_status(order_id, "cancelled")
    world.poll()
    assert state_of(world, order_id) == ("granted", "", 0)
    assert world.site.balance(USERS["bob"]) == 1_000
