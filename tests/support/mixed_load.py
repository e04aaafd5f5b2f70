"""All that a site does at once: customers spend, buy and want money back, people give credits."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event
from typing import TypeVar

from bridge.domain.errors import DatabaseUnavailableError
from bridge.domain.ids import Credits, UserId
from bridge.services.bulk.decide import start_bulk
from bridge.services.bulk.make import give_to_selected
from shop_stand_in.state import Line, RefundLine, ShopState
from tests.support.books import Books, Others, last_balance, rows_by_user
from tests.support.bulks import bulk_request
from tests.support.caller import Caller, call
from tests.support.crowd import Crowd
from tests.support.rush import Rush
from tests.support.site import SiteDatabase
from tests.support.waiting import wait_until
from tests.support.walk import Steps
from tests.support.world import MUG, SMALL, SMALL_CREDITS

T = TypeVar("T")

_PACKS = 3
RECOVERY_S = 90.0


class Buyers:
    """Customers of the shop who only buy: some of their orders are refunded, or fall through."""

    def __init__(self, site: SiteDatabase, shop: ShopState, users: range) -> None:
        """Put *users* into the site; *shop* is where they buy."""
        self.users = users
        self.due: dict[int, int] = {}
        self._of: dict[int, int] = {}
        self._packs: dict[int, int] = {}
        self._shop = shop
        for user_id in users:
            site.run(
                "INSERT INTO wp_users (ID, user_login, user_email, user_registered)"
                " VALUES (%s, %s, '', '2020-01-01')",
                (user_id, f"buyer-{user_id}"),
            )

    def buy(self, user_id: int, packs: int = _PACKS) -> int:
        """Complete an order of some packs."""
        order_id = self._shop.add_order(
            user_id, [Line(SMALL, quantity=packs), Line(MUG)], status="completed"
        )
        self._of[order_id], self._packs[order_id] = user_id, packs
        self.due[order_id] = packs * SMALL_CREDITS
        return order_id

    def act(self, chance: random.Random) -> None:
        """Buy, or have something happen to an earlier order."""
        own = [order_id for order_id, user_id in self._of.items() if user_id in self.users]
        roll = chance.random()
        if roll < 0.6 or not own:
            self.buy(chance.choice(self.users))
        elif roll < 0.8:
            self._refund_a_pack(chance.choice(own))
        else:
            self._move(chance.choice(own), chance.choice(("cancelled", "completed")))

    def credits(self) -> Counter[int]:
        """Return what each customer's orders are due."""
        credits: Counter[int] = Counter()
        for order_id, due in self.due.items():
            credits[self._of[order_id]] += due
        return credits

    def _refund_a_pack(self, order_id: int) -> None:
        order = self._shop.order(order_id)
        assert order is not None
        if self._packs[order_id] > 1 and order["status"] == "completed":
            item = order["line_items"][0]["id"]
            self._shop.refund(order_id, lines=[RefundLine(item, quantity=1)])
            self._packs[order_id] -= 1
            self.due[order_id] -= SMALL_CREDITS

    def _move(self, order_id: int, status: str) -> None:
        self._shop.set_status(order_id, status)
        is_due = status == "completed"
        self.due[order_id] = is_due * self._packs[order_id] * SMALL_CREDITS


class MixedLoad:
    """Everybody at work on one site, while things are killed or cut; the books afterwards."""

    def __init__(self, rush: Rush, crowd: Crowd, buyers: Buyers) -> None:
        """Start nothing yet."""
        self.rush, self.crowd, self.buyers = rush, crowd, buyers
        self.recovered_s: dict[str, list[float]] = {}
        self._bulks: dict[int, Counter[int]] = {}
        self._numbers = count()
        self._probe = rush.new_caller()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let everybody work until the block ends."""
        steps, stop = Steps(10**9), Event()
        walkers = self.rush.walkers(self.crowd)
        with ThreadPoolExecutor(len(walkers) + 3) as pool:
            work: list[Future[None]] = [pool.submit(walker.walk, steps) for walker in walkers]
            for act, pause_s in ((self._adjust, 0.1), (self._shop, 0.5), (self._give, 2.0)):
                chance = random.Random(self.rush.chance.random())
                work.append(pool.submit(_repeat, act, chance, pause_s, stop))
            try:
                yield
            finally:
                steps.end()
                stop.set()
            for future in work:
                future.result()

    def disturb(self, name: str, disturb: Callable[[], object]) -> None:
        """Disturb something; measure how long it takes until a new use is booked again."""
        started = time.monotonic()
        disturb()
        self.book_one()
        self.recovered_s.setdefault(name, []).append(time.monotonic() - started)

    def book_one(self) -> None:
        """Have one new use booked, however long it takes."""
        actor = {"user_id": self.crowd.users[-1]}
        body = {"actor": actor, "module": "image_generator", "units": 1}
        self._probe.ask(call("/v1/usage/record", body, f"probe-{next(self._numbers)}"))

    def wait_for_worker(self, name: str) -> None:
        """Measure how long it takes until an order that is placed now is granted."""
        started = time.monotonic()
        order_id = self.buyers.buy(self.buyers.users[0])
        site = self.rush.site
        wait_until(
            lambda: site.booked(order_id) > 0,
            lambda: self._worker_state(order_id),
            timeout_s=RECOVERY_S,
        )
        self.recovered_s.setdefault(name, []).append(time.monotonic() - started)

    def settle(self) -> None:
        """Let all that was asked for come to its end, by the worker alone."""
        site = self.rush.site
        site.reconnect()
        self.rush.let_holds_end()
        wait_until(
            lambda: not self._orders_to_come(),
            lambda: "\n".join(map(self._worker_state, self._orders_to_come())),
            timeout_s=RECOVERY_S,
        )
        unfinished = "SELECT 1 FROM wp_aipkit_bridge_bulks WHERE state <> 'done'"
        wait_until(
            lambda: not site.rows(unfinished),
            "changes of many accounts are not done",
            timeout_s=RECOVERY_S,
        )
        self.rush.repeat_everything()

    def assert_right(self) -> None:
        """Assert that nothing is lost or doubled, of whatever kind."""
        journal, site = self.rush.journal, self.rush.site
        assert journal.defects == []
        assert journal.otherwise == []
        given = self.buyers.credits()
        for users in self._bulks.values():
            given += users
        for made, answer in journal.first.items():
            if made.path.endswith("/adjustments"):
                assert answer.status == 201
                given[_account_of(made.path)] += made.fields["delta"]
        self._assert_told()
        lines = sum(len(users) for users in self._bulks.values())
        Books(site, self.crowd, journal, Others(given, lines)).assert_right()
        rows = rows_by_user(site)
        for user_id in self.buyers.users:
            assert site.balance(user_id) == last_balance(0, rows[user_id]) == given[user_id]
        self._assert_orders()

    def report(self) -> str:
        """Return what was done so far, and how long things took to recover."""
        first = [*self.rush.journal.first]  # others may be writing into it
        kinds = Counter(made.path.rpartition("/")[2] for made in first)
        lines = [
            f"answered {len(first)}, of them repeated {self.rush.journal.repeats}: {dict(kinds)};"
            f" {len(self.buyers.due)} orders, {len(self._bulks)} changes of many accounts"
        ]
        for name, seconds in sorted(self.recovered_s.items()):
            median, longest = sorted(seconds)[len(seconds) // 2], max(seconds)
            lines.append(f"{name}: {len(seconds)} times, {median:.1f} s, at most {longest:.1f} s")
        return "\n".join(lines)

    def _worker_state(self, order_id: int) -> str:
        """Return what tells why the worker does not work."""
        site = self.rush.site
        asked = (
            f"SELECT * FROM wp_aipkit_bridge_orders WHERE order_id = {order_id}",
            "SELECT *, UTC_TIMESTAMP(6) AS now FROM wp_aipkit_bridge_leases",
            "SELECT * FROM wp_aipkit_bridge_jobs",
            "SELECT * FROM wp_aipkit_bridge_state",
            "SELECT * FROM wp_aipkit_bridge_cursors",
        )
        return "\n".join(str(row) for sql in asked for row in site.rows(sql))

    def _orders_to_come(self) -> list[int]:
        due, booked = self.buyers.due, self.rush.site.booked
        return [order_id for order_id, credits in due.items() if booked(order_id) != credits]

    def _adjust(self, chance: random.Random) -> None:
        """Give by hand, through the API."""
        user_id = chance.choice([*self.crowd.users, *self.buyers.users])
        body = {"delta": chance.randrange(1, 50), "reason": "for the trouble"}
        path = f"/v1/accounts/{user_id}/adjustments"
        caller: Caller = chance.choice(self.rush.callers)
        Caller(caller.url, caller.journal, chance).ask(
            call(path, body, f"adjust-{next(self._numbers)}")
        )

    def _shop(self, chance: random.Random) -> None:
        if chance.random() < 0.2:
            self.buyers.buy(chance.choice(self.crowd.users), packs=1)
        else:
            self.buyers.act(chance)

    def _give(self, chance: random.Random) -> None:
        """Give to many at once, as the screen does; what it asked twice it is given once."""
        users = chance.sample([*self.crowd.users, *self.buyers.users], 8)
        asked, credits, db = bulk_request(), chance.randrange(1, 30), self.rush.bridge.db
        chosen = [UserId(user) for user in users]
        bulk_id = _until_answered(lambda: give_to_selected(db, asked, chosen, Credits(credits)))
        _until_answered(lambda: start_bulk(db, bulk_id, by=asked.by))
        self._bulks[bulk_id] = Counter(dict.fromkeys(users, credits))

    def _assert_told(self) -> None:
        """What an adjustment was answered is what its row says."""
        rows = {
            f"led_{row['id']}": (row["user_id"], row["credits_delta"])
            for row in self.rush.site.rows(
                "SELECT * FROM wp_aipkit_token_ledger WHERE operation = 'manual_adjustment'"
                " AND reference_id LIKE 'api:%'"
            )
        }
        told = {
            answer.body["entry_id"]: (_account_of(made.path), made.fields["delta"])
            for made, answer in self.rush.journal.first.items()
            if made.path.endswith("/adjustments")
        }
        assert told == rows

    def _assert_orders(self) -> None:
        site = self.rush.site
        for order_id, due in self.buyers.due.items():
            rows = site.rows(
                "SELECT credits_delta, idempotency_key FROM wp_aipkit_token_ledger"
                " WHERE module = 'woocommerce' AND context_id = %s",
                (order_id,),
            )
            keys = {row["idempotency_key"] for row in rows}
            assert sum(row["credits_delta"] for row in rows) == site.booked(order_id) == due
            assert len(keys) == len(rows)


def _account_of(path: str) -> int:
    return int(path.split("/")[3])


def _repeat(
    act: Callable[[random.Random], None], chance: random.Random, pause_s: float, stop: Event
) -> None:
    while not stop.wait(chance.uniform(0, 2 * pause_s)):
        act(chance)


def _until_answered(ask: Callable[[], T]) -> T:
    give_up_at = time.monotonic() + RECOVERY_S
    while True:
        try:
            return ask()
        except DatabaseUnavailableError:
            assert time.monotonic() < give_up_at, "the database did not come back"
            time.sleep(0.1)
