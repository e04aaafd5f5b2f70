"""Web, worker and database are killed at random while a whole site is at work."""

import time
from functools import partial
from pathlib import Path

import pytest

from demo.private_server import PrivateServer
from tests.support.mixed_load import RECOVERY_S, MixedLoad
from tests.support.mixed_site import mixed_site
from tests.support.waiting import wait_until

WAYS = {"web": 60, "database": 60, "worker": 40, "serve": 20, "everything": 20}


@pytest.fixture
def is_soak(request: pytest.FixtureRequest) -> bool:
    """Whether to kill 200 times; else once in each way."""
    return bool(request.config.getoption("--soak"))


def kill(load: MixedLoad, way: str) -> None:
    """Kill something; what starts it again is `serve`, or this test in systemd's place."""
    rush = load.rush
    if way == "web":
        rush.kill_web()
    elif way == "database":
        rush.kill_database()
        rush.site.reconnect()
    elif way == "worker":
        wait_until(rush.tree.kill_worker, "there is no worker", timeout_s=RECOVERY_S)
    elif way == "serve":
        rush.kill_tree()
    else:  # as a power cut; what comes up first finds no database
        rush.tree.kill()
        rush.site.server.kill()
        rush.tree.start()
        rush.site.server.start()
        rush.site.reconnect()


def test_kills_of_everything_lose_and_double_nothing(
    mortal: PrivateServer, tmp_path: Path, is_soak: bool
) -> None:
    with mixed_site(mortal, tmp_path, "mixed") as site:
        load = site.load
        ways = [way for way, times in WAYS.items() for _ in range(times if is_soak else 1)]
        load.rush.chance.shuffle(ways)

        with load.at_work():
            for number, way in enumerate(ways):
                time.sleep(load.rush.chance.uniform(0.1, 1.0))  # to somewhere in the middle
                load.disturb(way, partial(kill, load, way))
                if number % 25 == 24:
                    load.wait_for_worker("the worker, after its lease has run out")
                    print(load.report(), flush=True)
            if not is_soak:
                site.hurry()

        site.assert_right()
