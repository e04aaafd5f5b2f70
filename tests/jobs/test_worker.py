"""The worker's jobs: one process at a time, on the record, never down."""

from collections.abc import Callable

import pytest

from bridge.domain.errors import BridgeError, LeaseLostError
from bridge.domain.jobs import JobView
from bridge.jobs.runner import LEASE, LEASE_TTL_S, Job, Leadership, run_job
from bridge.jobs.scheduler import timetable
from bridge.services.hold_lease import take_lease
from bridge.store import jobs, leases
from bridge.store.leases import Fence
from bridge.wiring import Bridge
from tests.support.site import SiteDatabase
from tests.support.world import World


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    return site.without_peer().bridge()


def leader(bridge: Bridge, name: str = "one") -> Leadership:
    leadership = Leadership(bridge, name)
    leadership.renew()
    return leadership


def recorded(bridge: Bridge, name: str) -> JobView:
    with bridge.db.reading() as tx:
        return next(job for job in jobs.list_jobs(tx) if job.name == name)


def expire(site: SiteDatabase) -> None:
    site.run("UPDATE wp_aipkit_bridge_leases SET expires_at = UTC_TIMESTAMP(6)")


def test_one_process_leads_and_the_other_stands_by(bridge: Bridge) -> None:
    one, two = leader(bridge, "one"), leader(bridge, "two")

    assert one.fence() is not None
    assert two.fence() is None


def test_a_stand_by_takes_over_when_the_lease_runs_out_and_fences_the_old_holder_off(
    bridge: Bridge, site: SiteDatabase
) -> None:
    one = leader(bridge, "one")
    old = one.fence()
    assert old is not None
    expire(site)
    two = leader(bridge, "two")
    new = two.fence()
    assert new is not None

    assert new.token > old.token
    bridge.db.transaction(new.check)
    with pytest.raises(LeaseLostError):
        bridge.db.transaction(old.check)
    one.renew()
    assert one.fence() is None


def test_a_lease_of_before_the_clock_went_back_does_not_last_an_hour(
    bridge: Bridge, site: SiteDatabase
) -> None:
    first = take_lease(bridge.db, "work", "first", 20)
    site.run("UPDATE wp_aipkit_bridge_leases SET expires_at = expires_at + INTERVAL 1 HOUR")

    second = take_lease(bridge.db, "work", "second", 20)

    assert first is not None
    assert second is not None
    with pytest.raises(LeaseLostError):
        bridge.db.transaction(first.check)
    bridge.db.transaction(second.check)
    assert take_lease(bridge.db, "work", "third", 20) is None


def test_a_lease_that_was_given_up_is_free_at_once(bridge: Bridge) -> None:
    one = leader(bridge, "one")
    one.give_up()

    assert one.fence() is None
    assert leader(bridge, "two").fence() is not None


def test_a_holder_that_cannot_renew_stops_before_the_lease_runs_out(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("bridge.jobs.runner.time.monotonic", lambda: now[0])
    one = leader(bridge)
    assert one.fence() is not None

    now[0] += LEASE_TTL_S - 5

    assert one.fence() is None


def test_what_a_deposed_holder_wrote_is_rolled_back(world: World) -> None:
    one = leader(world.bridge, "one")
    fence = one.fence()
    assert fence is not None
    order_id = world.order()
    expire(world.site)
    leader(world.bridge, "two")

    from bridge.services.orders.poll_shop import poll_shop

    with pytest.raises(LeaseLostError):
        poll_shop(world.bridge.import_context(fence), world.bridge.shop)

    assert world.site.booked(order_id) == 0
    assert all(row["context_id"] != order_id for row in world.site.ledger())


def fail(error: Exception) -> Callable[[Fence], object]:
    def task(_: Fence) -> None:
        raise error

    return task


def test_a_job_that_fails_is_recorded_and_raises_nothing(bridge: Bridge) -> None:
    one = leader(bridge)

    run_job(bridge, one, Job("sad", 1, fail(BridgeError("The remedy."))))
    run_job(bridge, one, Job("broken", 1, fail(ValueError("secret"))))

    assert recorded(bridge, "sad").last_error == "The remedy."
    assert recorded(bridge, "sad").succeeded_at is None
    assert recorded(bridge, "broken").last_error == "ValueError: see the log"


def test_a_job_that_recovers_keeps_when_it_last_failed(bridge: Bridge) -> None:
    one = leader(bridge)
    run_job(bridge, one, Job("moody", 1, fail(BridgeError("Oh."))))

    run_job(bridge, one, Job("moody", 1, lambda _: None))

    view = recorded(bridge, "moody")
    assert (view.runs, view.last_error) == (2, "")
    assert view.failed_at is not None
    assert view.succeeded_at is not None


def test_a_stand_by_runs_nothing(bridge: Bridge) -> None:
    leader(bridge, "one")
    ran: list[Fence] = []

    run_job(bridge, leader(bridge, "two"), Job("work", 1, ran.append))

    assert ran == []


def test_every_job_runs_on_a_site_without_orders(world: World) -> None:
    one = leader(world.bridge)
    for job in timetable(world.bridge):
        run_job(world.bridge, one, Job(job.name, job.every_s, job.task))

    with world.bridge.db.reading() as tx:
        assert {job.last_error for job in jobs.list_jobs(tx)} == {""}


def test_jobs_rest_while_the_shop_asks_for_it(world: World) -> None:
    from bridge.woo.errors import ShopError
    from shop_stand_in.state import Fault

    world.shop.faults = [Fault.too_many(600)]
    with pytest.raises(ShopError):
        world.poll()
    asked = world.shop.counts["all"]
    one = leader(world.bridge)

    for job in timetable(world.bridge):
        run_job(world.bridge, one, job)

    assert world.shop.counts["all"] == asked


def test_leases_are_named_and_listed(bridge: Bridge) -> None:
    leader(bridge, "one")

    with bridge.db.reading() as tx:
        (view,) = leases.list_leases(tx)
    assert (view.name, view.owner, view.held) == (LEASE, "one", True)
