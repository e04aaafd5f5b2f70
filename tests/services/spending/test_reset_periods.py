"""The job that writes idle accounts' counters back after their period has turned."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from bridge.domain.quotas import Module
from bridge.services.spending.reset_periods import reset_periods
from bridge.store import counters
from tests.support.site import USERS, SiteDatabase
from tests.support.spending import BOT, Desk

BOB, CAROL = USERS["bob"], USERS["carol"]
CHAT = (f"_aipkit_token_usage_{BOT}", f"_aipkit_last_token_reset_{BOT}")
IMAGES = ("_aipkit_img_tokens_used", "_aipkit_img_tokens_reset")
FORMS = ("_aipkit_aiforms_tokens_used", "_aipkit_aiforms_tokens_reset")


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    """A site whose counters are all daily."""
    desk = Desk(site)
    assert desk.bridge
    for module in (Module.IMAGE_GENERATOR, Module.AI_FORMS):
        desk.limit_module(module, 1000)
    site.run("DELETE FROM wp_usermeta WHERE meta_key LIKE '\\_aipkit\\_%%tokens\\_%%'")
    site.run("DELETE FROM wp_usermeta WHERE meta_key LIKE '%%token\\_usage%%'")
    site.run("DELETE FROM wp_usermeta WHERE meta_key LIKE '%%last\\_token\\_reset%%'")
    site.run("DELETE FROM wp_aipkit_guest_token_usage")
    return desk


def run(desk: Desk) -> int:
    return reset_periods(desk.bridge.db, desk.bridge.site.get(), desk.bridge.spending)


def write(site: SiteDatabase, user_id: int, keys: tuple[str, str], *values: object) -> None:
    for key, value in zip(keys, values, strict=False):
        site.run(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)",
            (user_id, key, value),
        )


def read(site: SiteDatabase, user_id: int, keys: tuple[str, str]) -> tuple[str | None, ...]:
    sql = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
    return tuple(site.value(sql, (user_id, key)) for key in keys)


def test_all_three_modules_and_guests_turn(desk: Desk, site: SiteDatabase) -> None:
    yesterday = int(desk.clock.now.timestamp()) - 86_400
    for keys in (CHAT, IMAGES, FORMS):
        write(site, BOB, keys, 300, yesterday)
    for bot_id in (BOT, 0, 1):
        site.run(
            "INSERT INTO wp_aipkit_guest_token_usage"
            " (session_id, bot_id, tokens_used, last_reset_timestamp) VALUES ('Seen', %s, 30, %s)",
            (bot_id, yesterday),
        )

    assert run(desk) == 2

    now = str(int(desk.clock.now.timestamp()))
    assert [read(site, BOB, keys) for keys in (CHAT, IMAGES, FORMS)] == [("0", now)] * 3
    rows = site.rows("SELECT * FROM wp_aipkit_guest_token_usage")
    figures = [(r["session_id"], r["tokens_used"], str(r["last_reset_timestamp"])) for r in rows]
    assert figures == [("Seen", 0, now)] * 3


def test_what_is_not_due_stays_and_what_has_no_stamp_gets_one(
    desk: Desk, site: SiteDatabase
) -> None:
    today = int(desk.clock.now.timestamp()) - 60
    write(site, BOB, CHAT, 300, today)
    write(site, CAROL, CHAT, 200)

    assert run(desk) == 1

    assert read(site, BOB, CHAT) == ("300", str(today))
    assert read(site, CAROL, CHAT) == ("200", str(int(desk.clock.now.timestamp())))


def test_a_pass_begins_only_when_a_period_has_turned(desk: Desk, site: SiteDatabase) -> None:
    write(site, BOB, CHAT, 300, int(desk.clock.now.timestamp()))
    assert run(desk) == 0

    desk.at_midnight(before_s=1)
    assert run(desk) == 0
    desk.advance(1)

    assert run(desk) == 1
    assert read(site, BOB, CHAT)[0] == "0"


def test_a_large_usermeta_is_read_in_chunks(
    desk: Desk, site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_SPAN", 7)
    yesterday = int(desk.clock.now.timestamp()) - 86_400
    for user_id in (BOB, CAROL, USERS["dave"]):
        write(site, user_id, CHAT, 300, yesterday)

    assert run(desk) == 3


def test_a_busy_account_is_left_alone_and_done_by_whoever_is_at_it(
    desk: Desk, site: SiteDatabase
) -> None:
    yesterday = int(desk.clock.now.timestamp()) - 86_400
    write(site, BOB, CHAT, 300, yesterday)
    write(site, CAROL, CHAT, 300, yesterday)

    with held(site, BOB):
        run(desk)

    assert [read(site, user_id, CHAT)[0] for user_id in (BOB, CAROL)] == ["300", "0"]
    desk.give(0)
    desk.record(units=10)
    assert read(site, BOB, CHAT)[0] == "10"


def test_spends_during_a_reset_are_neither_lost_nor_counted_twice(
    desk: Desk, site: SiteDatabase
) -> None:
    """Yesterday's 500 go, today's 200 stay, whenever each spend meets the job."""
    desk.give(0)
    write(site, BOB, CHAT, 500, int(desk.clock.now.timestamp()) - 86_400)
    spent = Event()

    def spend() -> None:
        for _ in range(200):
            desk.record(units=1)
        spent.set()

    def reset() -> None:
        while not spent.is_set():
            site_state = "DELETE FROM wp_aipkit_bridge_state WHERE name = 'reset_periods'"
            desk.bridge.db.run(site_state)
            run(desk)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(spend), pool.submit(reset)]:
            done.result()

    assert read(site, BOB, CHAT)[0] == "200"
    assert sum(row["usage_total_units"] for row in desk.ledger()) == 200


@contextmanager
def held(site: SiteDatabase, user_id: int) -> Iterator[None]:
    """Hold a user's metas as another program's transaction does."""
    with site.server.connect(database=site.name) as connection, connection.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute("SELECT * FROM wp_usermeta WHERE user_id = %s FOR UPDATE", (user_id,))
        yield
        cursor.execute("ROLLBACK")
