"""Markers and notes in the shop's orders: tried until they stick, never blocking grants."""

from bridge.services.orders.annotate import AnnotationRun, annotate_orders
from shop_stand_in.state import Fault, Line
from tests.support.world import ALICE, SMALL, World


def annotate(world: World) -> AnnotationRun:
    return annotate_orders(world.bridge.db, world.bridge.shop)


def try_again_now(world: World) -> None:
    world.site.run(
        "UPDATE wp_aipkit_bridge_annotations SET next_try_at = UTC_TIMESTAMP(6)"
        " WHERE next_try_at IS NOT NULL"
    )


def marker(world: World, order_id: int) -> str | None:
    order = world.shop.order(order_id)
    assert order is not None
    metas = {meta["key"]: meta["value"] for meta in order["meta_data"]}
    return metas.get("_aipkit_tokens_granted")


def our_notes(world: World, order_id: int) -> list[str]:
    return [n["note"] for n in world.shop.notes(order_id) if "[aipkit-bridge " in n["note"]]


def test_a_grant_leaves_marker_and_note(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL))
    world.poll()
    assert marker(world, order_id) is None

    assert annotate(world) == AnnotationRun(done=1)

    assert marker(world, order_id) == "10000"
    (note,) = our_notes(world, order_id)
    assert note.startswith("Granted 10,000 tokens. New balance: 10,000.")
    assert annotate(world) == AnnotationRun()


def test_its_own_echo_changes_nothing(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL))
    world.poll()
    annotate(world)
    ledger = world.site.ledger()

    world.poll()

    assert world.site.ledger() == ledger
    assert annotate(world) == AnnotationRun()
    assert world.site.booked(order_id) == 10_000


def test_a_note_that_got_through_before_a_death_is_not_written_twice(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL))
    world.poll()
    world.shop.faults = [None, Fault.cut(after=True)]  # the note is kept, its answer lost
    assert annotate(world) == AnnotationRun(failed=1)
    assert len(our_notes(world, order_id)) == 1
    try_again_now(world)

    assert annotate(world) == AnnotationRun(done=1)

    assert len(our_notes(world, order_id)) == 1
    assert marker(world, order_id) == "10000"


def test_a_shop_that_refuses_writes_blocks_no_grants(world: World) -> None:
    world.shop.keys[0] = type(world.shop.keys[0])(
        world.shop.keys[0].consumer_key, world.shop.keys[0].consumer_secret, "read"
    )
    first = world.order(ALICE, Line(SMALL))
    world.poll()
    assert annotate(world) == AnnotationRun(failed=1)

    second = world.order(ALICE, Line(SMALL))
    world.poll()

    assert {world.site.booked(i) for i in (first, second)} == {10_000}
    row = world.site.rows("SELECT * FROM wp_aipkit_bridge_annotations ORDER BY entry_id")[0]
    assert "read and write" in row["last_error"]


def test_only_the_newest_row_of_an_order_writes_the_marker(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL, quantity=2))
    world.poll()
    world.shop.refund(order_id, "5.00")
    world.poll()

    annotate(world)

    assert marker(world, order_id) == "10000"
    assert len(our_notes(world, order_id)) == 2


def test_a_foreign_later_marker_is_left_alone(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL))
    world.poll()
    world.shop.write_meta(order_id, [{"key": "_aipkit_tokens_granted", "value": "777"}])

    assert annotate(world) == AnnotationRun(done=1)

    assert marker(world, order_id) == "777"


def test_without_annotate_orders_nothing_is_written(world: World) -> None:
    quiet = world.with_settings(grants={"annotate_orders": False})
    order_id = quiet.order(ALICE, Line(SMALL))
    quiet.poll()

    assert annotate(quiet) == AnnotationRun()
    assert our_notes(quiet, order_id) == []
