"""The list of accounts keeps up: with bookings at once, with other writers soon."""

from typing import Any

import pytest

from bridge.domain.account_queries import parse_query
from bridge.domain.ids import UserId
from bridge.domain.quotas import Module
from bridge.domain.site import Site
from bridge.services.accounts import keep_summaries as job
from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.services.accounts.list_accounts import AccountPage, list_accounts
from bridge.services.accounts.read_figures import Figures, read_figures
from bridge.services.reports.sum_balances import sum_balances
from bridge.services.spending.reset_periods import reset_periods
from bridge.store.tx import Tx
from tests.support.site import USERS, SiteDatabase
from tests.support.spending import NOON, Desk
from tests.support.world import ALICE, World

BOB = UserId(USERS["bob"])
SUM = "SELECT CAST(SUM(GREATEST(0, balance)) AS SIGNED) FROM wp_aipkit_bridge_summaries"
FORMS = {"module": "ai_forms", "context_id": None}


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    desk = Desk(site)
    desk.give(500)
    run(desk)
    return desk


def run(desk: Desk) -> int:
    return keep_summaries(desk.bridge.db, desk.bridge.site.get(), run_for_s=60)


def page(desk: Desk, **query: str) -> AccountPage:
    words = {"search": "", "sort": "", "order": "", "filter_text": "", **query}
    return list_accounts(desk.bridge.db, desk.bridge.site.get(), parse_query(**words))


def summary(site: SiteDatabase, user_id: int = BOB) -> dict[str, Any]:
    rows = site.rows("SELECT * FROM wp_aipkit_bridge_summaries WHERE user_id = %s", (user_id,))
    return rows[0] if rows else {}


def test_what_all_own_is_read_from_one_row_that_each_run_writes(site: SiteDatabase) -> None:
    bridge = site.bridge()

    def told() -> int | None:
        with bridge.db.reading() as tx:
            return sum_balances(tx).credits

    assert told() is None
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)
    first = told()
    site.run("UPDATE wp_aipkit_bridge_summaries SET balance = balance + 7 WHERE user_id = 2")
    assert told() == first == site.value(SUM) - 7
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=0)

    assert told() == site.value(SUM)


def test_what_is_spent_is_in_the_summary_at_once(desk: Desk, site: SiteDatabase) -> None:
    desk.record(units=620)  # 500 of the balance, 120 of the free limit
    spent = summary(site)
    desk.record(units=7)

    again = summary(site)
    assert (spent["balance"], spent["used_chat"]) == (0, 120)
    assert (again["balance"], again["used_chat"]) == (0, 127)
    assert again["last_activity_at"] == NOON.replace(tzinfo=None)
    assert again["turns_at"].isoformat() == "2026-11-24T21:00:00", "midnight in Istanbul"
    assert run(desk) == 0, "there was nothing to repair"


def test_holds_and_late_charges_are_in_it_too(desk: Desk, site: SiteDatabase) -> None:
    desk.hold(units=600, on_expiry="charge", ttl_seconds=60)
    held = summary(site)
    desk.advance(61)
    desk.record(units=1)

    charged = summary(site)
    assert (held["balance"], held["used_chat"]) == (500, 0), "what is held is not spent"
    assert (charged["balance"], charged["used_chat"]) == (0, 101)
    assert run(desk) == 0


def test_a_purchase_is_in_it_at_once(world: World) -> None:
    world.order()
    world.poll()

    row = summary(world.site, ALICE)
    assert row["balance"] == world.site.balance(ALICE)
    assert row["last_purchase_at"].year >= 2026
    assert row["last_activity_at"].year == 1970, "buying is no use"


def test_an_account_that_a_booking_lists_gets_its_name_from_the_job(
    desk: Desk, site: SiteDatabase
) -> None:
    site.run("DELETE FROM wp_aipkit_bridge_summaries")
    desk.record(units=1)
    before = summary(site)["login"]

    run(desk)

    assert (before, summary(site)["login"]) == ("", "bob")


def test_a_period_that_has_turned_counts_as_nothing(desk: Desk, site: SiteDatabase) -> None:
    desk.record(units=600)
    desk.at_midnight(before_s=-1)

    (line,) = page(desk, search="bob").items
    run(desk)

    assert line.used[Module.CHAT] == 0, "whatever the summary says"
    assert summary(site)["used_chat"] == 0
    assert desk.record(units=50)["from_quota"] == 50
    assert summary(site)["used_chat"] == 50
    assert run(desk) == 0


def test_the_job_that_writes_counters_back_leaves_the_summary_right(
    desk: Desk, site: SiteDatabase
) -> None:
    desk.record(units=600)
    desk.at_midnight(before_s=-1)
    reset_periods(desk.bridge.db, desk.bridge.site.get(), desk.bridge.spending)

    run(desk)

    assert summary(site)["used_chat"] == 0
    assert run(desk) == 0


@pytest.mark.parametrize(
    ("sql", "field", "wanted"),
    [
        ("UPDATE wp_users SET display_name = 'Robert' WHERE ID = 3", "name", "Robert"),
        ("UPDATE wp_users SET user_email = 'b@new.test' WHERE ID = 3", "email", "b@new.test"),
        ("UPDATE wp_usermeta SET meta_value = '77' WHERE user_id = 3"
         " AND meta_key = '_aipkit_token_balance'", "balance", 77),
        ("DELETE FROM wp_usermeta WHERE user_id = 3 AND meta_key = '_aipkit_token_balance'",
         "balance", 0),
    ],
)  # fmt: skip
def test_what_others_write_is_found(
    desk: Desk, site: SiteDatabase, sql: str, field: str, wanted: object
) -> None:
    site.run(sql)

    run(desk)

    assert summary(site)[field] == wanted


def test_roles_follow(desk: Desk, site: SiteDatabase) -> None:
    before = page(desk, filter_text="role:author").total
    site.run(
        "UPDATE wp_usermeta SET meta_value = 'a:1:{s:6:\"author\";b:1;}'"
        " WHERE user_id = 3 AND meta_key = 'wp_capabilities'"
    )

    run(desk)

    assert before == 0
    assert [line.user_id for line in page(desk, filter_text="role:author").items] == [BOB]


def test_a_deleted_user_leaves_the_list(desk: Desk, site: SiteDatabase) -> None:
    before = page(desk, search="bob").total
    site.run("DELETE FROM wp_users WHERE ID = 3")
    at_once = page(desk, search="bob")

    run(desk)

    assert (before, at_once.items) == (1, ())
    assert summary(site) == {}
    assert site.value("SELECT COUNT(*) FROM wp_aipkit_bridge_roles WHERE user_id = 3") == 0


def test_what_is_booked_while_the_job_looks_is_not_undone(
    desk: Desk, site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.run("UPDATE wp_users SET display_name = 'Robert' WHERE ID = 3")

    def read_and_spend(tx: Tx, seen: Site, user_ids: Any) -> dict[UserId, Figures]:
        figures = read_figures(tx, seen, user_ids)
        desk.record(units=100)
        return figures

    monkeypatch.setattr(job, "read_figures", read_and_spend)
    job.repair_summaries(desk.bridge.db, desk.bridge.site.get(), [BOB])

    assert (summary(site)["balance"], summary(site)["name"]) == (400, "Robert")


def test_a_pass_of_many_chunks_sees_everybody(
    desk: Desk, site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.run("DELETE FROM wp_aipkit_bridge_summaries")
    site.run("DELETE FROM wp_aipkit_bridge_state WHERE name = 'summaries'")
    monkeypatch.setattr(job, "_USERS", 2)
    monkeypatch.setattr(job, "_LEDGER_IDS", 3)
    unknown = page(desk).order_as_of

    run(desk)

    found = page(desk)
    assert unknown is None
    assert found.order_as_of == NOON
    assert found.total == len(found.items) >= 4


def test_pages_go_back_as_they_went_forth(desk: Desk) -> None:
    bridge = desk.bridge
    query = parse_query(search="", sort="balance", order="desc", filter_text="")
    pages, cursor = [], ""
    while True:
        found = list_accounts(bridge.db, bridge.site.get(), query, cursor=cursor, limit=1)
        pages.append(found)
        if found.next_cursor is None:
            break
        cursor = found.next_cursor

    back = [pages[-1]]
    while (before := back[-1].previous_cursor) is not None:
        back.append(list_accounts(bridge.db, bridge.site.get(), query, cursor=before, limit=1))

    assert len(pages) > 2
    assert [page.items for page in reversed(back)] == [page.items for page in pages]
    assert [page.next_cursor is None for page in reversed(back)] == [
        page.next_cursor is None for page in pages
    ]
