"""Callers spend while server and database are killed: no credit is lost, given, or stuck."""

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from bridge.demo.server import PrivateServer, free_port
from bridge.domain.errors import DatabaseUnavailableError
from bridge.services.expire_holds import expire_holds
from tests.support.books import Books
from tests.support.caller import HOLDS, Call, Caller, Journal, Json, call
from tests.support.client import api_key
from tests.support.crowd import Crowd
from tests.support.processes import ServerTree, write_config
from tests.support.site import SiteDatabase, copy_template
from tests.support.walk import LONG_S, Steps, Walker, other

CALLERS = 64
API_KEY_SECTION = f"""
[[security.api_keys]]
name = "tests"
sha256 = "{api_key()["api_keys"][0]["sha256"]}"
scopes = ["usage"]
"""


@pytest.fixture
def operations(request: pytest.FixtureRequest) -> int:
    """How many things the callers do: 500, and 20,000 in a soak."""
    return 20_000 if request.config.getoption("--soak") else 500


class Rush:
    """Many callers at once, of a bridge that can be killed, on a database that can be."""

    def __init__(self, site: SiteDatabase, tree: ServerTree, seed: int) -> None:
        self.site = site
        self.journal = Journal()
        self._bridge = site.bridge()  # another process of the same bridge, which makes its tables
        self._tree = tree
        self._chance = random.Random(seed)
        self._callers = [
            Caller(tree.url, self.journal, random.Random(self._chance.random()))
            for _ in range(CALLERS)
        ]

    def walk(self, crowd: Crowd, operations: int, kills: int) -> None:
        """Let all callers spend at random while one thing after another is killed."""
        steps = Steps(operations)
        holds: list[Json] = []
        walkers = [
            Walker(f"caller-{number}", caller, caller.chance, crowd.actors, holds)
            for number, caller in enumerate(self._callers)
        ]
        with ThreadPoolExecutor(CALLERS + 1) as pool:
            walks = [pool.submit(walker.walk, steps) for walker in walkers]
            job = pool.submit(self._end_holds_along, walks)
            self._kill_along(steps, kills, walks)
            for future in (*walks, job):
                future.result()
        self.site.reconnect()

    def ask_all(self, calls: Iterable[Call]) -> None:
        """Send calls, spread over the callers."""
        calls = list(calls)
        with ThreadPoolExecutor(CALLERS) as pool:
            asks = [
                pool.submit(caller.ask_each, calls[number::CALLERS])
                for number, caller in enumerate(self._callers)
            ]
            for ask in asks:
                ask.result()

    def let_holds_end(self) -> None:
        """Release the long holds, and let the worker's job notice the ends of the others."""
        first = self.journal.first
        held = [made for made in first if made.path == HOLDS and first[made].status == 201]
        long = [made for made in held if made.fields["ttl_seconds"] == LONG_S]
        self.ask_all(call(f"{HOLDS}/{first[made].body['hold_id']}/release", {}) for made in long)
        deadline = time.monotonic() + 30
        while self.site.rows("SELECT 1 FROM wp_aipkit_bridge_holds WHERE state = 'open'"):
            assert time.monotonic() < deadline, "there are holds that nobody was told of"
            expire_holds(self._bridge.db, self._bridge.spending)
            time.sleep(0.02)

    def _end_holds_along(self, walks: Sequence["Future[None]"]) -> None:
        """Do the worker's job, which meets the callers' own bookings."""
        while not all(walk.done() for walk in walks):
            with suppress(DatabaseUnavailableError):
                expire_holds(self._bridge.db, self._bridge.spending)
            time.sleep(0.5)

    def _kill_along(self, steps: Steps, kills: int, walks: Sequence["Future[None]"]) -> None:
        """Kill at random steps, so that callers are in the middle of something."""
        ways = [self._kill_tree, self._kill_database, self._kill_one_process]
        moments = sorted(self._chance.sample(range(steps.total // 10, steps.total), kills))
        for number, moment in enumerate(moments):
            while steps.made < moment and not any(walk.done() for walk in walks):
                time.sleep(0.002)
            ways[number % len(ways)]()

    def _kill_tree(self) -> None:
        self._tree.kill()
        self._tree.start()

    def _kill_database(self) -> None:
        self.site.server.kill()
        self.site.server.start()

    def _kill_one_process(self) -> None:
        self._tree.kill_one(self._chance.randrange(2))


@pytest.fixture
def rush(mortal: PrivateServer, tmp_path: Path) -> Iterator[Rush]:
    """A bridge on a fresh site of the mortal database."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    copy_template(mortal, "template", "killed")
    with SiteDatabase(mortal, "killed") as site:
        config = write_config(tmp_path, site, "http://127.0.0.1:9", more=API_KEY_SECTION)
        tree = ServerTree(config, free_port(), "--no-worker", "--workers", "2")
        rush = Rush(site, tree, seed)
        tree.start()
        yield rush
        tree.kill()


@pytest.mark.parametrize("accounts", [1, 10, 1000])
def test_kills_lose_give_and_hold_back_nothing(
    rush: Rush, accounts: int, operations: int, kills: int
) -> None:
    # Some can spend all they have, and some cannot.
    balance, limit = 15 * operations // accounts + 100, 5 * operations // accounts + 50
    crowd = Crowd(accounts, balance, limit)
    crowd.move_into(rush.site)

    rush.walk(crowd, operations, kills // 16)
    rush.let_holds_end()
    repeat_everything(rush)

    assert rush.journal.defects == []
    assert rush.journal.otherwise == []
    Books(rush.site, crowd, rush.journal).assert_right()


def repeat_everything(rush: Rush) -> None:
    """Ask everything again, and use some keys for something else."""
    first = rush.journal.first
    kept = [made for made, answer in first.items() if made.key and answer.status != 422]
    commits = [made for made in first if made.path.endswith("/commit")]
    misused = [other(made) for made in kept[::10]]
    rush.ask_all([*kept, *commits, *misused])
    assert {first[made].status for made in misused} == {422}
