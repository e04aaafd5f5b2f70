"""What happens is told to those who listen: found in ledger and orders, delivered once (R34)."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from bridge.domain.ids import Actor, Credits, UserId
from bridge.services.events import deliver as deliver_module
from bridge.services.events.deliver import deliver_events, deliveries_are_due, list_deliveries
from bridge.services.events.watch import watch_events
from bridge.services.spending.adjust import Adjustment, ByDelta, adjust
from bridge.webhooks.post import post
from shop_stand_in.state import Line
from tests.support.deaths import Died, dying_at
from tests.support.receiver import Receiver, receiving
from tests.support.world import ALICE, BIG, MUG, SMALL, SMALL_CREDITS, World


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


@pytest.fixture
def told(world: World, receiver: Receiver) -> World:
    """A world whose receiver listens from now on."""
    listening = world.with_settings(webhooks=[receiver.setting()])
    watch(listening)
    return listening


def watch(world: World) -> int:
    return watch_events(world.bridge.db, world.bridge.channels)


def deliver(world: World) -> int:
    return deliver_events(world.bridge.db, world.bridge.webhooks, world.bridge.settings.site.url)


def tell(world: World) -> None:
    """As the worker does, until all that is found has been tried."""
    watch(world)
    while deliveries_are_due(world.bridge.db, world.bridge.webhooks):
        deliver(world)


def take(world: World, credits: int) -> None:
    bridge = world.bridge
    change = ByDelta(Credits(-credits))
    adjustment = Adjustment(actor=Actor(UserId(ALICE)), change=change, reason="spent", by="cli:me")
    adjust(bridge.db, bridge.spending, adjustment)


def deliveries(world: World) -> Sequence[Any]:
    return list_deliveries(world.bridge.db, world.bridge.webhooks, None).items


def make_all_due(world: World) -> None:
    world.site.run(
        "UPDATE wp_aipkit_bridge_deliveries SET next_try_at = UTC_TIMESTAMP(6)"
        " WHERE next_try_at IS NOT NULL"
    )


def test_a_grant_and_its_reversal_are_told(told: World, receiver: Receiver) -> None:
    order_id = told.order(ALICE, Line(SMALL))
    told.poll()
    tell(told)
    told.shop.set_status(order_id, "cancelled")
    told.poll()
    tell(told)

    granted, reversed_, *rest = receiver.arrived
    assert granted["type"] == "credits.granted"
    assert granted["site"] == told.bridge.settings.site.url
    about = {"user_id": ALICE, "order_id": order_id, "credits": SMALL_CREDITS}
    assert granted["data"].items() >= {**about, "balance_after": SMALL_CREDITS}.items()
    assert granted["data"]["entry"].startswith("led_")
    assert reversed_["type"] == "credits.reversed"
    assert reversed_["data"].items() >= {**about, "balance_after": 0}.items()
    assert [one["type"] for one in rest] == ["balance.empty"]
    assert len(set(receiver.ids)) == 3


def test_a_balance_that_runs_low_and_out_is_told_once_each(
    told: World, receiver: Receiver
) -> None:
    told.order(ALICE, Line(SMALL))
    told.poll()
    for credits in (5000, 4001, 100, 899):  # left: 5000, 999, 899, 0
        take(told, credits)
        tell(told)

    assert receiver.types == ["credits.granted", "balance.low", "balance.empty"]
    assert receiver.arrived[1]["data"]["balance"] == 999
    assert receiver.arrived[1]["data"]["last_package"] == SMALL_CREDITS


def test_orders_that_need_a_person_are_told_once_a_reason(told: World, receiver: Receiver) -> None:
    guests = told.order(0, Line(SMALL))
    told.poll()
    tell(told)
    told.look_at_all()
    tell(told)

    (event,) = receiver.arrived
    assert event["type"] == "order.attention"
    assert event["data"]["order_id"] == guests
    assert (event["data"]["state"], event["data"]["reason_code"]) == ("unclaimed", "guest_order")
    assert event["data"]["credits"] == SMALL_CREDITS


def test_what_was_before_anybody_listened_is_told_to_nobody(
    world: World, receiver: Receiver
) -> None:
    world.order(ALICE, Line(SMALL))
    world.order(0, Line(SMALL))
    world.poll()
    told = world.with_settings(webhooks=[receiver.setting()])
    tell(told)
    tell(told)
    assert receiver.arrived == []

    silent = world.with_settings()
    watch(silent)
    silent.order(ALICE, Line(SMALL))
    silent.poll()
    watch(silent)
    tell(told)
    assert receiver.arrived == []

    told.order(ALICE, Line(BIG))
    told.poll()
    tell(told)
    assert receiver.types == ["credits.granted"]


def test_who_is_added_later_is_told_of_what_happens_from_then_on(
    told: World, receiver: Receiver
) -> None:
    told.order(ALICE, Line(SMALL))
    told.poll()
    tell(told)
    told.order(ALICE, Line(SMALL))
    told.order(0, Line(SMALL))
    told.poll()  # nobody has looked for events yet
    with receiving() as added:
        both = told.with_settings(webhooks=[receiver.setting(), added.setting()])
        tell(both)
        tell(both)
        assert added.arrived == []
        assert receiver.types == ["credits.granted", "credits.granted", "order.attention"]

        both.order(ALICE, Line(BIG))
        both.poll()
        tell(both)
        assert added.types == ["credits.granted"]
        assert added.arrived == receiver.arrived[-1:]


def test_who_listened_to_a_version_before_goes_on(told: World, receiver: Receiver) -> None:
    told.site.run(
        "UPDATE wp_aipkit_bridge_state SET value = JSON_REMOVE(value, '$.channels')"
        " WHERE name = 'events'"
    )
    told.order(ALICE, Line(SMALL))
    told.poll()
    tell(told)

    assert receiver.types == ["credits.granted"]


def test_past_orders_are_no_news(told: World, receiver: Receiver) -> None:
    """A backfill of thousands must not write to each customer; what happens to them later is."""
    bought = told.order(ALICE, Line(SMALL))
    guests = told.order(0, Line(SMALL))
    told.poll()
    told.site.run("UPDATE wp_aipkit_bridge_orders SET backfilled = 1")
    tell(told)
    assert receiver.arrived == []

    told.shop.set_status(bought, "cancelled")
    told.poll()
    tell(told)
    assert receiver.types == ["credits.reversed", "balance.empty"]
    assert guests not in [one["data"]["order_id"] for one in receiver.arrived[:1]]


def test_a_receiver_gets_the_kinds_it_asked_for(world: World, receiver: Receiver) -> None:
    told = world.with_settings(webhooks=[receiver.setting(events=["order.attention"])])
    watch(told)
    told.order(ALICE, Line(SMALL))
    told.order(0, Line(SMALL))
    told.poll()
    tell(told)

    assert receiver.types == ["order.attention"]


def test_an_id_that_commits_late_is_found(told: World, receiver: Receiver) -> None:
    """Another program's transaction holds a lower id open while later rows are read."""
    with told.site.server.connect(database=told.site.name) as connection:
        cursor = connection.cursor()
        connection.begin()
        cursor.execute(
            "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, context_type,"
            " context_id, operation, credits_delta, entry_type, created_at) VALUES"
            " (%s, 'user', 'woocommerce', 'order', 99, 'purchase', 7, 'purchase', NOW())",
            (ALICE,),
        )
        told.order(ALICE, Line(SMALL))
        told.poll()
        tell(told)
        connection.commit()
    tell(told)

    assert sorted(one["data"]["credits"] for one in receiver.arrived) == [7, SMALL_CREDITS]


@pytest.mark.parametrize("status", [500, 404, 301])
def test_what_is_not_taken_is_sent_again_with_the_same_id(
    told: World, receiver: Receiver, status: int
) -> None:
    receiver.statuses = [status]
    told.order(ALICE, Line(SMALL))
    told.poll()
    tell(told)

    (waiting,) = deliveries(told)
    assert (waiting.attempts, waiting.last_error) == (
        1, f"The address answers HTTP {status}.",
    )  # fmt: skip
    make_all_due(told)
    tell(told)

    assert len(receiver.arrived) == 2
    assert len(set(receiver.ids)) == 1
    (done,) = deliveries(told)
    assert done.arrived_at is not None


def test_who_is_gone_is_asked_no_more(told: World, receiver: Receiver) -> None:
    receiver.statuses = [410]
    told.order(ALICE, Line(SMALL))
    told.poll()
    tell(told)

    (ended,) = deliveries(told)
    assert (ended.next_try_at, ended.arrived_at) == (None, None)


def test_after_three_days_it_is_given_up(told: World, receiver: Receiver) -> None:
    receiver.statuses = [500] * 20
    told.order(ALICE, Line(SMALL))
    told.poll()
    watch(told)
    while deliveries_are_due(told.bridge.db, told.bridge.webhooks):
        deliver(told)
        make_all_due(told)

    assert len(receiver.arrived) == 10
    assert deliveries(told)[0].next_try_at is None


def test_an_address_that_fails_keeps_no_other_waiting(world: World, receiver: Receiver) -> None:
    with receiving() as other:
        told = world.with_settings(webhooks=[receiver.setting(), other.setting()])
        watch(told)
        for _ in range(3):
            told.order(ALICE, Line(SMALL))
        told.poll()
        watch(told)
        receiver.statuses = [500]
        deliver(told)

        assert len(receiver.arrived) == 1  # the rest of the run goes by without it
        assert len(other.arrived) == 3


def test_nothing_is_lost_or_told_as_another_event_whatever_dies(
    told: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies before and after each of its statements, and starts again."""
    told.order(ALICE, Line(SMALL))
    told.order(0, Line(MUG), Line(SMALL))
    told.poll()
    number, lived = 0, False
    while not lived:
        number += 1
        for after in (False, True):
            try:
                with dying_at(monkeypatch, number, after=after):
                    watch(told)
                    deliver(told)
                lived = True
            except Died:
                make_all_due(told)  # its claim has ended
    tell(told)

    assert number > 5
    assert set(receiver.types) == {"credits.granted", "order.attention"}
    assert len(set(receiver.ids)) == 2
    assert {one.arrived_at is not None for one in deliveries(told)} == {True}


def test_a_receiver_that_hears_while_the_worker_dies_hears_the_same_again(
    told: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:

    def post_and_die(*args: Any) -> None:
        post(*args)
        raise Died

    told.order(ALICE, Line(SMALL))
    told.poll()
    watch(told)
    with monkeypatch.context() as patch:
        patch.setattr(deliver_module, "post", post_and_die)
        with pytest.raises(Died):
            deliver(told)
    assert deliver(told) == 0, "it is claimed"
    make_all_due(told)
    deliver(told)

    assert receiver.arrived[0] == receiver.arrived[1]
    assert len(set(receiver.ids)) == 1
