"""Spending around the instants at which free limits start anew, in the site's own zone."""

import pytest

from tests.support.site import SiteDatabase
from tests.support.spending import Desk


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    desk = Desk(site)
    desk.give(0)
    return desk


def test_a_spend_before_midnight_is_yesterdays_one_after_it_todays(desk: Desk) -> None:
    desk.at_midnight(before_s=1)
    before = desk.record(units=900)
    assert desk.figures()["remaining"] == 100

    desk.advance(2)

    assert desk.figures()["remaining"] == 1000
    after = desk.record(units=300)
    assert (before["uncovered"], after["from_quota"], after["uncovered"]) == (0, 300, 0)
    assert desk.figures()["remaining"] == 700


def test_the_last_microsecond_is_still_yesterday(desk: Desk) -> None:
    desk.at_midnight(before_s=0.000001)
    desk.record(units=900)
    assert desk.figures()["remaining"] == 100

    desk.advance(0.000001)

    assert desk.figures()["remaining"] == 1000


def test_a_limit_used_up_denies_until_the_turn_and_allows_from_it(desk: Desk) -> None:
    desk.record(units=1000)
    assert desk.try_hold(units=1)[0] == 402
    desk.at_midnight(before_s=0)

    status, _ = desk.try_hold(units=1)

    assert status == 201


def test_guests_periods_turn_too(desk: Desk) -> None:
    guest = desk.of_guest("visitor")
    desk.at_midnight(before_s=1)
    guest.record(units=1000)

    desk.advance(2)
    guest.record(units=10)

    assert guest.guest_figures() == {"used": 10, "remaining": 990}


def test_a_stamp_of_the_future_counts_as_now(desk: Desk, site: SiteDatabase) -> None:
    desk.record(units=400)
    site.run(
        "UPDATE wp_usermeta SET meta_value = meta_value + 864000 WHERE meta_key LIKE %s",
        ("\\_aipkit\\_last\\_token\\_reset\\_%",),
    )

    desk.record(units=100)

    assert desk.figures()["remaining"] == 500
    desk.at_midnight(before_s=0)
    assert desk.figures()["remaining"] == 1000


def test_a_used_up_counter_without_a_stamp_does_turn(desk: Desk, site: SiteDatabase) -> None:
    desk.record(units=1000)
    site.run(
        "DELETE FROM wp_usermeta WHERE meta_key LIKE %s", ("\\_aipkit\\_last\\_token\\_reset\\_%",)
    )
    assert desk.record(units=1)["uncovered"] == 1  # and stamps it

    desk.at_midnight(before_s=0)

    assert desk.figures()["remaining"] == 1000
