"""Changes of many accounts are booked exactly once, whoever dies, repeats or interferes."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.domain.accounts import Account
from bridge.domain.answers import Adjusted
from bridge.domain.bulks import BulkState
from bridge.domain.errors import DatabaseBusyError
from bridge.domain.ids import Credits, UserId
from bridge.services.books.prune import prune
from bridge.services.bulk import book as book_bulk
from bridge.services.bulk.book import book_bulks
from bridge.services.bulk.decide import BulkNotReadyError, discard_bulk, start_bulk
from bridge.services.bulk.make import give_to_selected
from bridge.services.bulk.read import read_bulks
from bridge.services.bulk.view import get_bulk, list_problems
from bridge.services.spending import group_commit
from bridge.services.spending.adjust import Adjustment
from bridge.services.spending.outcomes import PendingAnswer
from bridge.wiring import Bridge
from tests.support.bulks import add_crowd, book_all, bulk_request, give, read_file
from tests.support.deaths import Died, dying_at
from tests.support.site import SITE_URL, USERS, SiteDatabase

FEW = range(1001, 1005)
MANY = range(1001, 1251)


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    return site.bridge()


def credits_of(site: SiteDatabase, users: range) -> set[int]:
    return {site.balance(user) for user in users}


def rows_of(site: SiteDatabase, users: range) -> list[int]:
    """The users of the rows that were booked by hand, one for each."""
    return sorted(
        row["user_id"]
        for row in site.ledger()
        if row["entry_type"] == "admin_adjustment" and row["user_id"] in users
    )


def test_each_account_gets_its_credits_and_a_row_that_says_why(
    bridge: Bridge, site: SiteDatabase
) -> None:
    add_crowd(site, MANY[0], MANY[-2])
    add_crowd(site, MANY[-1], MANY[-1], balance=None)
    bulk_id = give(bridge, MANY)

    book_all(bridge)

    bulk = get_bulk(bridge.db, bulk_id)
    assert (bulk.state, bulk.booked_lines, bulk.refused_lines) == (BulkState.DONE, 250, 0)
    assert credits_of(site, MANY[:-1]) == {150}
    assert site.balance(MANY[-1]) == 50, "who owned nothing has a balance now"
    assert rows_of(site, MANY) == list(MANY)
    row = site.ledger()[-1]
    meta = json.loads(row["meta"])
    assert (row["reference_id"], meta["reason"], meta["bulk_id"]) == (
        "admin:1", "Spring gift", bulk_id,
    )  # fmt: skip
    site.assert_balanced()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_worker_that_dies_at_any_statement_books_nothing_twice_and_loses_nothing(
    bridge: Bridge, site: SiteDatabase, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    add_crowd(site, FEW[0], FEW[1])
    add_crowd(site, FEW[2], FEW[3], balance=None)
    expected = {user: site.balance(user) for user in FEW}
    deaths = 0
    for number in range(1, 100):
        bulk_id = give(bridge, FEW, credits=7)
        try:
            with dying_at(monkeypatch, number, after=after):
                book_all(bridge)
        except Died:
            deaths += 1
            bridge = site.bridge()
        book_all(bridge)

        expected = {user: balance + 7 for user, balance in expected.items()}
        assert {user: site.balance(user) for user in FEW} == expected, number
        assert get_bulk(bridge.db, bulk_id).booked_lines == len(FEW), number
        if deaths < number:
            break

    assert deaths > 15, "every statement was the last one once"
    site.assert_balanced()


def test_two_workers_at_once_book_every_line_once(bridge: Bridge, site: SiteDatabase) -> None:
    add_crowd(site, MANY[0], MANY[-1])
    bulk_id = give(bridge, MANY)
    others = [site.bridge() for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(book_all, [bridge, *others]))

    bulk = get_bulk(bridge.db, bulk_id)
    assert (bulk.booked_lines, bulk.refused_lines) == (250, 0)
    assert credits_of(site, MANY) == {150}
    assert rows_of(site, MANY) == list(MANY)
    site.assert_balanced()


def test_a_run_ends_in_time_and_the_next_one_goes_on(
    bridge: Bridge, site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_crowd(site, MANY[0], MANY[-1])
    bulk_id = give(bridge, MANY)
    monkeypatch.setattr(book_bulk, "_CHUNK", 100)
    monkeypatch.setattr(time, "monotonic", iter(range(1000)).__next__)

    book_bulks(bridge.db, bridge.spending, SITE_URL, run_for_s=2)

    assert get_bulk(bridge.db, bulk_id).booked_lines == 100
    monkeypatch.undo()
    book_all(bridge)
    assert credits_of(site, MANY) == {150}


def test_who_has_less_by_now_or_is_gone_is_left_out_and_told(
    bridge: Bridge, site: SiteDatabase
) -> None:
    add_crowd(site, 1001, 1004)
    bulk = read_file(bridge, "user_id,change\n1001,-100\n1002,-100\n1003,5\n1004,-1\n")
    site.set_balance(1001, 40)
    site.run("DELETE FROM wp_users WHERE ID = 1003")
    start_bulk(bridge.db, bulk.bulk_id, by="admin:1")

    book_all(bridge)

    done = get_bulk(bridge.db, bulk.bulk_id)
    assert (done.state, done.booked_lines, done.refused_lines) == (BulkState.DONE, 2, 2)
    assert [site.balance(user) for user in (1001, 1002, 1004)] == [40, 0, 99]
    text = "".join(list_problems(bridge.db, bulk.bulk_id))
    assert "2,1001,crowd1001,-100,,The balance is 40 by now; 100 is too much." in text
    assert "4,1003,,5,,There is no user 1003." in text


def test_a_balance_that_changed_since_it_was_looked_at_is_not_overwritten(
    bridge: Bridge, site: SiteDatabase
) -> None:
    add_crowd(site, 1001, 1002)
    bulk = read_file(bridge, "user_id,balance\n1001,500\n1002,500\n")
    site.set_balance(1002, 90)
    start_bulk(bridge.db, bulk.bulk_id, by="admin:1")

    book_all(bridge)

    assert [site.balance(user) for user in (1001, 1002)] == [500, 90]
    heading, problem = list_problems(bridge.db, bulk.bulk_id)
    assert heading.startswith("line,user_id,login,balance,")
    assert "1002,crowd1002,500,,The balance is 90 by now; it was 100 when looked at." in problem


def test_what_was_not_started_is_never_booked(bridge: Bridge, site: SiteDatabase) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    users = [UserId(user) for user in FEW]
    waiting, discarded = (
        give_to_selected(bridge.db, bulk_request(), users, Credits(50)) for _ in range(2)
    )
    discard_bulk(bridge.db, discarded)

    with pytest.raises(BulkNotReadyError):
        start_bulk(bridge.db, discarded, by="admin:1")
    book_all(bridge)
    site.run(
        "UPDATE wp_aipkit_bridge_bulks SET made_at = UTC_TIMESTAMP(6) - INTERVAL 8 DAY"
        " WHERE bulk_id = %s",
        (waiting,),
    )
    prune(bridge.db)

    assert credits_of(site, FEW) == {100}
    states = {number: get_bulk(bridge.db, number).state for number in (waiting, discarded)}
    assert set(states.values()) == {BulkState.DISCARDED}
    assert not site.value("SELECT COUNT(*) FROM wp_aipkit_bridge_bulk_lines")


def test_lines_are_kept_for_ninety_days_after_the_booking(
    bridge: Bridge, site: SiteDatabase
) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    old, young = (give(bridge, FEW) for _ in range(2))
    book_all(bridge)
    sql = (
        "UPDATE wp_aipkit_bridge_bulks SET finished_at = UTC_TIMESTAMP(6) - INTERVAL %s DAY"
        " WHERE bulk_id = %s"
    )
    site.run(sql, (91, old))
    site.run(sql, (89, young))

    prune(bridge.db)

    kept = site.rows("SELECT DISTINCT bulk_id FROM wp_aipkit_bridge_bulk_lines")
    assert [row["bulk_id"] for row in kept] == [young]
    assert get_bulk(bridge.db, old).booked_lines == len(FEW), "what was done is still told"


def test_what_was_started_can_be_started_again_and_not_be_discarded(
    bridge: Bridge, site: SiteDatabase
) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    bulk_id = give(bridge, FEW)

    start_bulk(bridge.db, bulk_id, by="admin:2")
    with pytest.raises(BulkNotReadyError):
        discard_bulk(bridge.db, bulk_id)
    book_all(bridge)
    start_bulk(bridge.db, bulk_id, by="admin:2")
    book_all(bridge)

    assert get_bulk(bridge.db, bulk_id).started_by == "admin:1"
    assert credits_of(site, FEW) == {150}


def test_an_account_that_another_program_holds_is_booked_when_it_lets_go(
    bridge: Bridge, site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    bulk_id = give(bridge, FEW)
    monkeypatch.setattr(group_commit, "_RETRY_FOR_S", 0.1)
    with site.server.connect(database=site.name) as other:
        cursor = other.cursor()
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM wp_usermeta WHERE user_id = 1002 FOR UPDATE")
        with pytest.raises(DatabaseBusyError):
            book_all(bridge)
        meanwhile = get_bulk(bridge.db, bulk_id)
        cursor.execute("ROLLBACK")

    assert (meanwhile.state, meanwhile.booked_lines) == (BulkState.BOOKING, len(FEW) - 1)
    book_all(bridge)
    assert get_bulk(bridge.db, bulk_id).booked_lines == len(FEW)
    assert credits_of(site, FEW) == {150}


def test_a_reader_that_dies_at_any_statement_finds_every_line_once(
    bridge: Bridge, site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_crowd(site, 1001, 1050)
    text = "user_id,change\n" + "".join(f"{user},5\n" for user in range(1001, 1051))
    monkeypatch.setattr("bridge.services.bulk.read._CHUNK", 20)
    deaths = 0
    for number in range(1, 100):
        try:
            with dying_at(monkeypatch, number, after=True):
                read_file(bridge, text)
        except Died:
            deaths += 1
            bridge = site.bridge()
            read_bulks(bridge.db, run_for_s=60)
        if deaths < number:
            break

    bulks = site.rows("SELECT * FROM wp_aipkit_bridge_bulks")
    assert deaths > 15
    assert {(row["state"], row["ready_lines"], row["added"]) for row in bulks} == {
        ("ready", 50, 250)
    }
    assert not site.value("SELECT COUNT(*) FROM wp_aipkit_bridge_bulk_files")
    counts = site.rows("SELECT COUNT(*) AS n FROM wp_aipkit_bridge_bulk_lines GROUP BY bulk_id")
    assert {row["n"] for row in counts} == {50}


def test_nobody_else_gets_anything(bridge: Bridge, site: SiteDatabase) -> None:
    before = site.balance(USERS["bob"])
    add_crowd(site, FEW[0], FEW[-1])
    give(bridge, FEW)

    book_all(bridge)

    assert site.balance(USERS["bob"]) == before


def test_a_line_that_crashes_is_listed_and_stops_no_other(
    bridge: Bridge, site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_crowd(site, FEW[0], FEW[-1])
    bulk_id, bad = give(bridge, FEW, credits=7), FEW[1]
    decide = Adjustment.decide

    def fail(adjustment: Adjustment, account: Account) -> PendingAnswer[Adjusted]:
        if adjustment.user_id == bad:
            raise RuntimeError("as a defect would")
        return decide(adjustment, account)

    monkeypatch.setattr(Adjustment, "decide", fail)
    book_all(bridge)

    bulk = get_bulk(bridge.db, bulk_id)
    assert (bulk.state, bulk.booked_lines, bulk.refused_lines) == (BulkState.DONE, 3, 1)
    assert rows_of(site, FEW) == [user for user in FEW if user != bad]
