"""Callers spend while server and database are killed: no credit is lost, given, or stuck."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.private_server import PrivateServer, free_port
from tests.support.books import Books
from tests.support.crowd import Crowd
from tests.support.processes import ServerTree, write_config
from tests.support.rush import API_KEY_SECTION, Rush
from tests.support.site import SiteDatabase, copy_template


@pytest.fixture
def callers(request: pytest.FixtureRequest) -> int:
    """How many call at the same time: 32, and 64 in a soak."""
    return 64 if request.config.getoption("--soak") else 32


@pytest.fixture
def operations(request: pytest.FixtureRequest) -> int:
    """How many things the callers do: 128, and 20,000 in a soak."""
    return 20_000 if request.config.getoption("--soak") else 128


@pytest.fixture
def rush(mortal: PrivateServer, tmp_path: Path, callers: int) -> Iterator[Rush]:
    """A bridge on a fresh site of the mortal database."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    copy_template(mortal, "template", "killed")
    with SiteDatabase(mortal, "killed") as site:
        config = write_config(tmp_path, site, "http://127.0.0.1:9", more=API_KEY_SECTION)
        tree = ServerTree(config, free_port(), "--no-worker", "--workers", "2")
        rush = Rush(site, tree, seed, callers)
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

    rush.walk(crowd, operations, kills // 10)
    rush.let_holds_end()
    rush.repeat_everything()

    assert rush.journal.defects == []
    assert rush.journal.otherwise == []
    Books(rush.site, crowd, rush.journal).assert_right()
