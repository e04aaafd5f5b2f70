"""An order's life: after each poll what is booked is what is due, and repeats change nothing."""

from structlog.testing import capture_logs

from shop_stand_in.state import Line, RefundLine
from tests.support.world import ALICE, BIG, BOB, MUG, SMALL, World


def assert_booked(world: World, order_id: int, credits: int, user_id: int = ALICE) -> None:
    """Poll twice more; the order, the balance and the ledger agree and stay."""
    ledger = None
    for _ in range(2):
        world.poll()
        assert world.site.booked(order_id) == credits
        assert world.site.balance(user_id) == credits
        world.site.assert_balanced()
        assert ledger is None or ledger == world.site.ledger()
        ledger = world.site.ledger()


def keys(world: World) -> list[str]:
    return [row["idempotency_key"] for row in world.site.ledger() if row["user_id"] == ALICE]


def test_an_orders_whole_life(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=4))
    item = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
    assert_booked(world, order_id, 40_000)

    world.shop.refund(order_id, lines=[RefundLine(item, quantity=1, total="5.00")])
    assert_booked(world, order_id, 30_000)

    world.site.set_amount(SMALL, "77")
    world.shop.touch(order_id)
    assert_booked(world, order_id, 30_000)

    world.shop.refund(order_id, "5.00")  # a quarter, by amount only
    assert_booked(world, order_id, 20_000)

    world.shop.set_status(order_id, "cancelled")
    assert_booked(world, order_id, 0)

    world.shop.set_status(order_id, "completed")
    assert_booked(world, order_id, 20_000)

    world.shop.set_status(order_id, "refunded")
    assert_booked(world, order_id, 0)

    world.shop.trash(order_id)
    assert_booked(world, order_id, 0)
    prefix = f"woocommerce_order_{order_id}"
    assert keys(world) == [
        f"{prefix}_purchase",
        f"{prefix}_clawback_1",
        f"{prefix}_clawback_2",
        f"{prefix}_clawback_3",
        f"{prefix}_regrant_1",
        f"{prefix}_clawback_4",
    ]


def test_a_status_that_neither_grants_nor_reverses_keeps_what_is_booked(world: World) -> None:
    order_id = world.order()
    world.poll()

    world.shop.set_status(order_id, "on-hold")

    assert_booked(world, order_id, 10_000)


def test_a_clawback_takes_what_is_left_and_shows_the_shortfall(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    world.poll()
    world.site.set_balance(ALICE, 3_000)

    world.shop.set_status(order_id, "cancelled")
    world.poll()

    world.site.assert_order(order_id, booked=17_000, shortfall=17_000)
    assert world.site.balance(ALICE) == 0
    world.site.assert_balanced()

    other = world.order(ALICE, Line(SMALL))
    world.poll()
    assert world.site.booked(other) == 10_000, "a shortfall is never collected from other orders"

    world.shop.set_status(order_id, "completed")
    world.poll()
    world.site.assert_order(order_id, booked=20_000, shortfall=0)
    assert world.site.balance(ALICE) == 13_000
    world.site.assert_balanced()


def test_with_allow_negative_what_is_missing_is_owed(world: World) -> None:
    world = world.with_settings(grants={"allow_negative": True})
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    world.poll()
    world.site.set_balance(ALICE, 3_000)

    world.shop.set_status(order_id, "cancelled")
    world.poll()

    world.site.assert_order(order_id, booked=0, shortfall=0)
    assert world.site.balance(ALICE) == 0
    assert world.site.value("SELECT debt FROM wp_aipkit_bridge_accounts") == 17_000
    last = world.site.ledger()[-1]
    assert last["credits_delta"] == -20_000
    assert '"balance_after":-17000' in last["meta"]
    world.site.assert_balanced()

    world.order(ALICE, Line(SMALL, quantity=2))
    world.poll()
    assert world.site.balance(ALICE) == 3_000, "the next credits pay the debt first"
    assert world.site.value("SELECT debt FROM wp_aipkit_bridge_accounts") == 0
    world.site.assert_balanced()


def test_refunds_ignore_never_takes_back_but_still_increases(world: World) -> None:
    world = world.with_settings(grants={"refunds": "ignore"})
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    item = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
    world.poll()

    world.shop.refund(order_id, lines=[RefundLine(item, quantity=1, total="5.00")])
    world.shop.set_status(order_id, "cancelled")
    assert_booked(world, order_id, 20_000)

    world.shop.set_status(order_id, "completed")
    world.shop.edit_line(order_id, item, quantity=3, moves_date=True)
    assert_booked(world, order_id, 30_000)


def test_line_edits_that_move_no_date_are_seen_within_the_hour(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    item = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
    world.poll()

    world.shop.edit_line(order_id, item, quantity=1)
    world.look_at_all()

    assert world.site.booked(order_id) == 10_000


def test_mixed_lines_grant_for_the_packs_only(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL), Line(MUG, quantity=3), Line(BIG), fee="2.00")

    assert_booked(world, order_id, 110_000)


def test_an_order_without_packs_leaves_no_trace(world: World) -> None:
    world.order(ALICE, Line(MUG))

    world.poll()

    assert world.site.rows("SELECT * FROM wp_aipkit_bridge_orders") == []
    assert world.site.rows("SELECT * FROM wp_aipkit_bridge_accounts") == []


def test_a_pack_bought_for_nothing_needs_no_payment_unless_told_so(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, total="0.00"))
    assert_booked(world, order_id, 10_000)

    strict = world.with_settings(grants={"require_payment": True})
    other = strict.order(BOB, Line(SMALL, total="0.00"))
    strict.poll()
    assert strict.site.booked(other) == 0


def test_orders_completed_before_since_are_left_alone(world: World) -> None:
    later = world.with_settings(grants={"since": "2999-01-01T00:00:00Z"})
    order_id = later.order()

    later.poll()

    assert later.site.booked(order_id) == 0


def test_an_order_deleted_in_the_shop_keeps_its_credits_and_is_listed(world: World) -> None:
    order_id = world.order()
    world.poll()
    ledger = world.site.ledger()

    world.shop.delete(order_id)
    world.look_at_all()
    world.look_at_all()

    world.site.assert_order(
        order_id, state="attention", reason_code="order_vanished", booked=10_000
    )
    assert world.site.ledger() == ledger


def test_a_trashed_order_is_no_vanished_order(world: World) -> None:
    order_id = world.order()
    world.poll()

    world.shop.trash(order_id)
    world.look_at_all()

    world.site.assert_order(order_id, status="trash", booked=0, reason_code="")


def test_an_order_that_changes_hands_keeps_its_booking_where_it_was(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    world.poll()

    world.shop.set_customer(order_id, BOB)
    item = world.shop.order(order_id)["line_items"][0]["id"]  # type: ignore[index]  # it exists
    world.shop.edit_line(order_id, item, quantity=3, moves_date=True)
    world.poll()

    world.site.assert_order(order_id, state="attention", reason_code="customer_changed")
    assert world.site.balance(ALICE) == 30_000
    assert world.site.balance(BOB) == 10_000, "what bob had before"


def test_a_fetch_read_before_a_refund_but_applied_after_it_changes_nothing(world: World) -> None:
    from bridge.services.orders.fetch_numbers import next_fetch_number
    from bridge.services.orders.import_orders import import_orders

    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    world.poll()
    old_number = next_fetch_number(world.bridge.db)
    old_fetch = world.bridge.shop.get_order(order_id, fetch_number=old_number)  # type: ignore[arg-type]  # an int
    world.shop.refund(order_id, "5.00")
    world.poll()
    assert world.site.booked(order_id) == 10_000
    ledger = world.site.ledger()

    old_fetch["date_modified_gmt"] = "2027-01-01T00:00:00"
    import_orders(world.bridge.import_context(), [old_fetch], fetch_number=old_number)

    assert world.site.booked(order_id) == 10_000
    assert world.site.ledger() == ledger


def test_a_clawback_from_a_deleted_user_makes_no_row_for_nobody(world: World) -> None:
    order_id = world.order()
    world.poll()
    world.site.run("DELETE FROM wp_users WHERE ID = %s", (ALICE,))
    world.site.run("DELETE FROM wp_usermeta WHERE user_id = %s", (ALICE,))

    world.shop.set_status(order_id, "cancelled")
    world.poll()

    world.site.assert_order(order_id, booked=10_000, shortfall=10_000)
    assert world.site.rows("SELECT * FROM wp_usermeta WHERE user_id = %s", (ALICE,)) == []


def test_the_log_tells_of_each_booking_and_of_nothing_else(world: World) -> None:
    with capture_logs() as seen:
        order_id = world.order(ALICE)
        world.poll()
        world.poll()
        world.shop.set_status(order_id, "cancelled")
        world.poll()

    told = [line for line in seen if line["event"] == "order_booked"]
    assert [(line["order_id"], line["user_id"], line["credits"]) for line in told] == [
        (order_id, ALICE, 10_000),
        (order_id, ALICE, -10_000),
    ]
