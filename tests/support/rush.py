"""Many callers at once, of a bridge that can be killed, on a database that can be."""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from bridge.domain.errors import DatabaseUnavailableError
from bridge.services.spending.expire_holds import expire_holds
from tests.support.caller import HOLDS, Call, Caller, Journal, Json, call
from tests.support.client import api_key
from tests.support.crowd import Crowd
from tests.support.processes import ServerTree
from tests.support.site import SiteDatabase
from tests.support.waiting import wait_until
from tests.support.walk import LONG_S, Steps, Walker, other

API_KEY_SECTION = f"""
[[security.api_keys]]
name = "tests"
sha256 = "{api_key()["api_keys"][0]["sha256"]}"
scopes = ["usage", "read", "admin"]
"""


class Rush:
    """The callers, what they were told, and the means to kill what they call."""

    def __init__(self, site: SiteDatabase, tree: ServerTree, seed: int, callers: int) -> None:
        """Make the bridge's tables; *seed* decides all that is left to chance."""
        self.site, self.tree = site, tree
        self.journal = Journal()
        self.bridge = site.bridge()  # another process of the same bridge
        self.chance = random.Random(seed)
        self.callers = [self.new_caller() for _ in range(callers)]

    def new_caller(self) -> Caller:
        return Caller(self.tree.url, self.journal, random.Random(self.chance.random()))

    def walkers(self, crowd: Crowd) -> list[Walker]:
        """Return one walker for each caller; they share their holds."""
        holds: list[Json] = []
        return [
            Walker(f"caller-{number}", caller, caller.chance, crowd.actors, holds)
            for number, caller in enumerate(self.callers)
        ]

    def walk(self, crowd: Crowd, operations: int, kills: int) -> None:
        """Let all callers spend at random while one thing after another is killed."""
        steps = Steps(operations)
        with ThreadPoolExecutor(len(self.callers) + 1) as pool:
            walks = [pool.submit(walker.walk, steps) for walker in self.walkers(crowd)]
            job = pool.submit(self._end_holds_along, walks)
            self._kill_along(steps, kills, walks)
            for future in (*walks, job):
                future.result()
        self.site.reconnect()

    def ask_all(self, calls: Iterable[Call]) -> None:
        """Send calls, spread over the callers."""
        calls = list(calls)
        with ThreadPoolExecutor(len(self.callers)) as pool:
            asks = [
                pool.submit(caller.ask_each, calls[number :: len(self.callers)])
                for number, caller in enumerate(self.callers)
            ]
            for ask in asks:
                ask.result()

    def let_holds_end(self) -> None:
        """Release the long holds, and let the worker's job notice the ends of the others."""
        first = self.journal.first
        held = [made for made in first if made.path == HOLDS and first[made].status == 201]
        long = [made for made in held if made.fields["ttl_seconds"] == LONG_S]
        self.ask_all(call(f"{HOLDS}/{first[made].body['hold_id']}/release", {}) for made in long)

        def no_hold_is_open() -> bool:
            self._end_holds()
            return not self.site.rows("SELECT 1 FROM wp_aipkit_bridge_holds WHERE state = 'open'")

        wait_until(no_hold_is_open, "there are holds that nobody was told of", pause_s=0.02)

    def repeat_everything(self) -> None:
        """Ask everything again, and use some keys for something else."""
        first = self.journal.first
        kept = [made for made, answer in first.items() if made.key and answer.status != 422]
        commits = [made for made in first if made.path.endswith("/commit")]
        misused = [other(made) for made in kept[::10] if "units" in made.fields]
        self.ask_all([*kept, *commits, *misused])
        assert {first[made].status for made in misused} == {422}

    def _end_holds_along(self, walks: Sequence["Future[None]"]) -> None:
        """Do the worker's job, which meets the callers' own bookings."""
        while not all(walk.done() for walk in walks):
            self._end_holds()
            time.sleep(0.5)

    def _end_holds(self) -> None:
        with suppress(DatabaseUnavailableError):
            expire_holds(self.bridge.db, self.bridge.spending)

    def _kill_along(self, steps: Steps, kills: int, walks: Sequence["Future[None]"]) -> None:
        """Kill at random steps, so that callers are in the middle of something."""
        ways: list[Callable[[], None]] = [self.kill_tree, self.kill_database, self.kill_web]
        moments = sorted(self.chance.sample(range(steps.total // 10, steps.total), kills))
        for number, moment in enumerate(moments):
            while steps.made < moment and not any(walk.done() for walk in walks):
                time.sleep(0.002)
            ways[number % len(ways)]()

    def kill_tree(self) -> None:
        """Kill `serve` with all its processes, and start it anew."""
        self.tree.kill()
        self.tree.start()

    def kill_database(self) -> None:
        """Kill the database, and start it anew."""
        self.site.server.kill()
        self.site.server.start()

    def kill_web(self) -> None:
        """Kill one server process, which `serve` replaces."""
        self.tree.kill_one(self.chance.randrange(2))
