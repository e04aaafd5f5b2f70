"""Balances as WordPress keeps them: texts, duplicates, rows that others hold."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bridge.domain.ids import UserId
from bridge.store.tx import Tx
from bridge.store.wp_users import MetaWrite, lock_metas, write_metas
from tests.support.site import SiteDatabase
from tests.support.world import ALICE, BOB, World

KEY = "_aipkit_token_balance"


INSERT = "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)"


def put_balance(site: SiteDatabase, *values: str | None) -> None:
    for value in values:
        site.run(INSERT, (ALICE, KEY, value))


def balances(site: SiteDatabase) -> list[str]:
    sql = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
    return [row["meta_value"] for row in site.rows(sql + " ORDER BY umeta_id", (ALICE, KEY))]


@pytest.mark.parametrize(
    ("text", "effective"),
    [("", 0), ("abc", 0), ("-5", 0), ("12.7", 12), ("250", 250), (" 12", 12), (None, 0)],
)
def test_whatever_stands_there_a_grant_adds_to_its_effective_value(
    world: World, text: str | None, effective: int
) -> None:
    put_balance(world.site, text)
    world.order()

    world.poll()

    assert balances(world.site) == [str(effective + 10_000)]
    world.site.assert_balanced()


def test_duplicate_rows_that_differ_are_kept_as_a_finding_and_made_equal(world: World) -> None:
    put_balance(world.site, "300", "7000")
    world.order()

    world.poll()

    assert balances(world.site) == ["10300", "10300"]
    (finding,) = world.site.rows("SELECT * FROM wp_aipkit_bridge_findings")
    assert finding["kind"] == "duplicate_balance_rows"
    assert '"7000"' in finding["evidence"]
    world.site.assert_balanced()


def test_a_user_who_owns_nothing_gets_no_balance_row(world: World) -> None:
    world.order(0, email="guest@example.com")
    world.order(ALICE, status="pending")

    world.poll()

    assert balances(world.site) == []


def test_a_row_that_wordpress_adds_at_the_same_moment_is_added_to(world: World) -> None:
    seen: list[str | None] = []
    alice = UserId(ALICE)

    def add_five(tx: Tx) -> None:
        meta = lock_metas(tx, [alice], [KEY]).get(alice, {}).get(KEY)
        if not seen:
            put_balance(world.site, "30")
        seen.append(meta.value if meta else None)
        write_metas(tx, [MetaWrite(alice, KEY, str(int(seen[-1] or 0) + 5), meta)])

    world.bridge.db.transaction(add_five)

    assert seen == [None, "30"]
    assert balances(world.site) == ["35"]


@contextmanager
def held_by_another(site: SiteDatabase, user_id: int, seconds: float) -> Iterator[None]:
    """Have another connection hold a user's balance row until the block ends, or so long."""
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with site.server.connect(database=site.name) as connection:
            connection.begin()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT * FROM wp_usermeta FORCE INDEX (user_id)"
                    " WHERE user_id = %s AND meta_key = %s FOR UPDATE",
                    (user_id, KEY),
                )
                holding.set()
                release.wait(seconds)
            connection.commit()

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(5)
    yield
    release.set()
    holder.join()


def test_a_row_that_another_holds_for_six_seconds_delays_but_loses_nothing(world: World) -> None:
    put_balance(world.site, "100")
    world.order()

    with held_by_another(world.site, ALICE, seconds=6):
        world.poll()

    assert world.bridge.db.stats.repeats >= 1, "its lock wait ended after four seconds"
    assert balances(world.site) == ["10100"]
    world.site.assert_balanced()


def test_one_users_stuck_row_holds_up_nobody_else(world: World) -> None:
    put_balance(world.site, "100")
    order_id = world.order(BOB)

    with held_by_another(world.site, ALICE, seconds=60):
        world.poll()

    assert world.site.booked(order_id) == 10_000
    assert world.bridge.db.stats.repeats == 0


def test_a_balance_too_large_for_wordpress_makes_the_order_ask(world: World) -> None:
    put_balance(world.site, str(2**63 - 5_000))
    order_id = world.order()

    world.poll()

    world.site.assert_order(order_id, state="attention", reason_code="balance_too_large")
    assert balances(world.site) == [str(2**63 - 5_000)]
