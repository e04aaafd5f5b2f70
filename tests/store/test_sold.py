"""What was paid for orders that were booked before the bridge kept it."""

from bridge.store.migrate import migrate
from shop_stand_in.state import Line
from tests.support.world import ALICE, BOB, MUG, SMALL, World

SOLD_FOR = "SELECT order_id, sold_for FROM wp_aipkit_bridge_orders ORDER BY order_id"


def test_the_migration_finds_for_old_orders_what_is_kept_for_new_ones(world: World) -> None:
    whole = world.order(ALICE, Line(SMALL, 3), Line(MUG))
    partly = world.order(ALICE, Line(SMALL, 3))
    again = world.order(BOB, Line(SMALL))
    adopted = world.order(BOB, Line(SMALL))
    world.order(0, Line(SMALL))
    world.site.run(
        "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, operation, entry_type,"
        " credits_delta, idempotency_key, created_at) VALUES (%s, 'user', 'woocommerce',"
        " 'purchase', 'purchase', 7500, %s, UTC_TIMESTAMP())",
        (BOB, f"woocommerce_order_{adopted}_purchase"),
    )
    world.poll()
    world.shop.refund(partly, "5.00")
    world.shop.refund(adopted, "2.00")
    world.shop.set_status(again, "cancelled")
    world.poll()
    world.shop.set_status(again, "completed")
    world.poll()
    kept = world.site.rows(SOLD_FOR)

    world.site.run("UPDATE wp_aipkit_bridge_orders SET sold_for = NULL")
    world.site.run("DELETE FROM wp_aipkit_bridge_migrations WHERE name = '0007_sold'")
    migrate(world.bridge.db)

    by_id = {row["order_id"]: row["sold_for"] for row in kept}
    assert (by_id[whole], by_id[partly], by_id[again], by_id[adopted]) == (15, 10, 5, 3)
    assert world.site.rows(SOLD_FOR) == kept
