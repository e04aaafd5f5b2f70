"""The job that deletes what is no longer needed."""

from bridge.services.books.prune import prune
from tests.support.site import SiteDatabase
from tests.support.spending import Desk

DAY = 86_400


def test_old_answers_settled_holds_and_idle_guests_go_and_nothing_else(
    site: SiteDatabase,
) -> None:
    desk = Desk(site)
    old = desk.hold(units=1, ttl_seconds=60)
    desk.commit(old, units=1)
    desk.hold(units=2, ttl_seconds=60)
    desk.of_guest("old-visitor").record(units=1)
    first = desk.record(units=3, key="old")

    desk.advance(399 * DAY)
    assert desk.record(units=3, key="old") == first
    desk.of_guest("new-visitor").record(units=1)
    young = desk.hold(units=4)
    desk.advance(2 * DAY)

    assert prune(desk.bridge.db) > 0

    assert desk.record(units=3, key="old")["entry_id"] != first["entry_id"]
    left = [row["hold_id"].hex() for row in site.rows("SELECT * FROM wp_aipkit_bridge_holds")]
    assert left == [young["hold_id"].removeprefix("hold_")]
    sessions = [row["session_id"] for row in site.rows("SELECT * FROM wp_aipkit_bridge_guests")]
    assert sessions == ["new-visitor"]
