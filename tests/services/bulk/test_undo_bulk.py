"""A change of many accounts that is taken back: each line once, whatever happens in between."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.domain.bulks import BulkState
from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import UserId
from bridge.services.bulk.decide import discard_bulk, start_bulk
from bridge.services.bulk.make import undo_bulk
from bridge.services.bulk.read import bulks_to_read, read_bulks
from bridge.services.bulk.view import get_bulk, view_bulk
from bridge.services.spending.undo import UndoRequest, undo
from bridge.wiring import Bridge
from tests.support.bulks import add_crowd, book_all, give
from tests.support.deaths import Died, dying_at
from tests.support.site import SITE_URL, SiteDatabase

FEW = range(1001, 1005)
MANY = range(1001, 1601)


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    return site.bridge()


def booked(bridge: Bridge, users: range, credits: int = 50) -> int:
    bulk_id = give(bridge, users, credits)
    book_all(bridge)
    return bulk_id


def asked(bridge: Bridge, bulk_id: int) -> int:
    """Ask for all of it to be taken back, and have it read."""
    undoing = undo_bulk(bridge.db, bulk_id, "A mistake", by="admin:1")
    while bulks_to_read(bridge.db):
        read_bulks(bridge.db)
    return undoing


def taken_back(bridge: Bridge, bulk_id: int) -> int:
    undoing = asked(bridge, bulk_id)
    start_bulk(bridge.db, undoing, by="admin:2")
    book_all(bridge)
    return undoing


def balances(site: SiteDatabase, users: range) -> set[int]:
    return {site.balance(user) for user in users}


def test_every_line_is_taken_back_by_a_row_that_says_so(
    bridge: Bridge, site: SiteDatabase
) -> None:
    add_crowd(site, MANY[0], MANY[-1])
    bulk_id = booked(bridge, MANY)
    assert balances(site, MANY) == {150}

    undoing = taken_back(bridge, bulk_id)

    assert balances(site, MANY) == {100}
    bulk = get_bulk(bridge.db, undoing)
    assert (bulk.state, bulk.booked_lines, bulk.refused_lines) == (BulkState.DONE, 600, 0)
    row = site.ledger()[-1]
    meta = json.loads(row["meta"])
    assert (row["credits_delta"], row["reference_id"]) == (-50, "admin:2")
    assert (meta["bulk_id"], meta["reason"]) == (undoing, "A mistake")
    assert len({r["idempotency_key"] for r in site.ledger()[-600:]}) == 600
    site.assert_balanced()


def test_the_page_keeps_lines_sums_and_reason(bridge: Bridge, site: SiteDatabase) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    bulk_id = booked(bridge, FEW)
    before = view_bulk(bridge.db, bulk_id)

    undoing = taken_back(bridge, bulk_id)

    assert [one.line.user_id for one in before.examples] == list(FEW)
    assert (before.booked, before.undone_by) == ((200, 0), None)
    after = view_bulk(bridge.db, bulk_id)
    assert after.undone_by
    assert after.undone_by.bulk_id == undoing
    assert view_bulk(bridge.db, undoing).booked == (0, 200)


def test_who_asks_twice_gets_the_same_and_after_discarding_another(
    bridge: Bridge, site: SiteDatabase
) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    bulk_id = booked(bridge, FEW)

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda _: undo_bulk(bridge.db, bulk_id, "x", by="admin:1"), range(8)))

    (first,) = made
    discard_bulk(bridge.db, first)
    second = taken_back(bridge, bulk_id)
    assert second != first
    assert asked(bridge, bulk_id) == second
    assert balances(site, FEW) == {100}


def test_what_was_undone_by_itself_is_not_undone_again(bridge: Bridge, site: SiteDatabase) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    bulk_id = booked(bridge, FEW)
    entry = next(r["id"] for r in site.ledger() if r["user_id"] == FEW[0])
    wanted = UndoRequest(UserId(FEW[0]), entry, "Alone", "admin:1")
    undo(bridge.db, bridge.spending, SITE_URL, wanted)

    taken_back(bridge, bulk_id)
    undo(bridge.db, bridge.spending, SITE_URL, wanted)

    assert balances(site, FEW) == {100}
    site.assert_balanced()


def test_what_is_spent_is_listed_and_the_others_go_back(
    bridge: Bridge, site: SiteDatabase
) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    bulk_id = booked(bridge, FEW)
    site.set_balance(FEW[0], 20)

    undoing = taken_back(bridge, bulk_id)

    bulk = get_bulk(bridge.db, undoing)
    assert (bulk.booked_lines, bulk.refused_lines) == (3, 1)
    (problem,) = view_bulk(bridge.db, undoing).problems
    assert problem.line.problem == "The balance is 20 by now; 50 is too much."
    assert balances(site, FEW) == {20, 100}


def test_a_worker_that_dies_at_any_statement_takes_nothing_back_twice(
    bridge: Bridge, site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    deaths = 0
    for number in range(1, 100):
        undoing = asked(bridge, booked(bridge, FEW))
        start_bulk(bridge.db, undoing, by="admin:2")
        try:
            with dying_at(monkeypatch, number, after=True):
                book_all(bridge)
        except Died:
            deaths += 1
            bridge = site.bridge()
        book_all(bridge)

        assert balances(site, FEW) == {100}, number
        assert get_bulk(bridge.db, undoing).booked_lines == len(FEW), number
        if deaths < number:
            break

    assert deaths > 10
    site.assert_balanced()


def test_what_is_not_booked_to_its_end_cannot_be_undone(
    bridge: Bridge, site: SiteDatabase
) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    bulk_id = give(bridge, FEW)

    with pytest.raises(InvalidInputError, match="once it is booked"):
        undo_bulk(bridge.db, bulk_id, "x", by="admin:1")


def test_lines_of_an_older_version_are_left_out(bridge: Bridge, site: SiteDatabase) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    bulk_id = booked(bridge, FEW)
    site.run("UPDATE wp_aipkit_bridge_bulk_lines SET entry_id = 0 WHERE line_no = %s", (FEW[0],))

    taken_back(bridge, bulk_id)

    assert balances(site, FEW) == {100, 150}
