"""The lines to the database and to the shop are cut, slow or frozen while a site is at work."""

import time
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from demo.private_server import PrivateServer
from tests.support.line import Line
from tests.support.mixed_site import MixedSite, mixed_site

WAYS = ("cut", "down", "slow", "frozen")
BEYOND_THE_DRIVERS_PATIENCE_S = 70


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How often each way is taken on either line: once, and 15 times in a soak."""
    return 15 if request.config.getoption("--soak") else 1


def break_line(line: Line, way: str, for_s: float) -> None:
    if way == "cut":
        line.cut()
        return
    ways: dict[str, AbstractContextManager[None]] = {
        "down": line.down(),
        "slow": line.slow(0.03),
        "frozen": line.frozen(),
    }
    with ways[way]:
        time.sleep(for_s)


def break_all(site: MixedSite, rounds: int) -> None:
    chance = site.load.rush.chance
    breaks = [
        (f"{name} {way}", line, way)
        for name, line in (("database", site.to_database), ("shop", site.to_shop))
        for way in WAYS
    ] * rounds
    chance.shuffle(breaks)
    for name, line, way in breaks:
        time.sleep(chance.uniform(0.1, 0.5))
        site.load.disturb(name, partial(break_line, line, way, chance.uniform(0.3, 1.5)))


def test_broken_lines_lose_and_double_nothing(
    mortal: PrivateServer, tmp_path: Path, rounds: int
) -> None:
    with mixed_site(mortal, tmp_path, "broken") as site:
        with site.load.at_work():
            break_all(site, rounds)
            if rounds > 1:
                freeze = partial(
                    break_line, site.to_database, "frozen", BEYOND_THE_DRIVERS_PATIENCE_S
                )
                site.load.disturb("database frozen for long", freeze)
            else:
                site.hurry()

        site.assert_right()
