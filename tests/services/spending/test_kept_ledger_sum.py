"""While a balance is unsettled each booking knows the ledger's sum, and seldom adds it up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from bridge.services.books.settle_differences import settle_differences
from tests.support.site import USERS, SiteDatabase
from tests.support.spending import Desk

BOB = USERS["bob"]
IDS = range(100_000, 100_100)
ROW = (
    "INSERT INTO wp_aipkit_token_ledger (id, user_id, actor_type, module, operation, entry_type,"
    " credits_delta, created_at) VALUES (%s, %s, 'user', 'chat', 'chat', 'usage', %s, %s)"
)
KEPT = "SELECT summed, entries FROM wp_aipkit_bridge_ledger_state WHERE user_id = %s"
FOUND = (
    "SELECT CAST(SUM(credits_delta) AS SIGNED) AS summed, COUNT(*) AS entries"
    " FROM wp_aipkit_token_ledger WHERE user_id = %s"
)


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    """Bob, whose balance somebody has just changed without a row."""
    desk = Desk(site)
    desk.give(5_000)
    desk.record(units=10)
    return desk


def kept(desk: Desk) -> dict[str, int]:
    return desk.site.rows(KEPT, (BOB,))[0]


def is_settled(desk: Desk) -> bool:
    sql = "SELECT differs_since IS NULL FROM wp_aipkit_bridge_ledger_state WHERE user_id = %s"
    return bool(desk.site.value(sql, (BOB,)))


@dataclass
class Others:
    """Who writes balances and rows beside the bridge."""

    desk: Desk
    chosen: Random
    rows: list[int] = field(default_factory=list)

    def write_row(self) -> None:
        """With a lower id, or an older date, than rows that are there: it was committed late."""
        self.rows.append(self.chosen.choice([n for n in IDS if n not in self.rows]))
        date = self.chosen.choice(("2020-01-01", "2026-11-24 08:59:59", "2027-01-01"))
        self.desk.site.run(ROW, (self.rows[-1], BOB, self.chosen.randrange(-50, 50), date))

    def lose_row(self) -> None:
        if self.rows:
            row = (self.rows.pop(),)
            self.desk.site.run("DELETE FROM wp_aipkit_token_ledger WHERE id = %s", row)

    def write_balance(self) -> None:
        balance = self.desk.site.balance(BOB) + self.chosen.randrange(-99, 99)
        self.desk.site.set_balance(BOB, max(0, balance))

    def unsettle(self) -> None:
        """In what is settled only a balance tells that others have written."""
        while is_settled(self.desk):
            balance = self.desk.site.balance(BOB) + self.chosen.randrange(1, 99)
            self.desk.site.set_balance(BOB, balance)
            self.desk.record(units=1)


def settle(desk: Desk) -> None:
    desk.advance(700)
    settle_differences(desk.bridge.db)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_kept_is_the_sum_of_the_rows_whatever_others_write(desk: Desk, seed: int) -> None:
    chosen = Random(seed)
    others = Others(desk, chosen)
    desk.site.run(ROW, (IDS.stop, BOB, 0, "2026-11-24"))
    acts: tuple[Callable[[], object], ...] = (
        others.write_row,
        others.lose_row,
        others.write_balance,
        lambda: desk.record(units=chosen.randrange(40)),
        lambda: desk.commit(desk.hold(units=9), units=chosen.randrange(20)),
        lambda: settle(desk),
    )
    for _ in range(25):
        others.unsettle()
        chosen.choice(acts)()
        desk.record(units=chosen.randrange(3))
        desk.site.assert_balanced()
        if kept(desk)["entries"] is not None:
            assert kept(desk) == desk.site.rows(FOUND, (BOB,))[0]


def test_the_rows_are_added_up_again_only_if_there_are_others(desk: Desk) -> None:
    """Nobody changes a row; one that was changed all the same shows who has looked at it."""
    sql = "UPDATE wp_aipkit_token_ledger SET credits_delta = credits_delta - 7 WHERE user_id = %s"
    desk.site.run(f"{sql} LIMIT 1", (BOB,))
    before = kept(desk)

    desk.record(units=10)
    not_read = kept(desk)
    desk.site.run(ROW, (100_000, BOB, 0, "2026-11-24"))
    desk.record(units=10)

    assert not_read == {"summed": before["summed"] - 10, "entries": before["entries"] + 1}
    assert kept(desk) == desk.site.rows(FOUND, (BOB,))[0]
    desk.site.assert_balanced()


def test_settling_adds_all_rows_up_and_bookings_after_it_ask_for_none(desk: Desk) -> None:
    sql = "UPDATE wp_aipkit_token_ledger SET credits_delta = credits_delta - 7 WHERE user_id = %s"
    desk.site.run(f"{sql} LIMIT 1", (BOB,))

    settle(desk)
    settled = kept(desk)
    desk.record(units=10)

    assert settled["entries"] is not None
    assert kept(desk) == {"summed": None, "entries": None}
    desk.site.assert_balanced()
