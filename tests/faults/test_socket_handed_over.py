"""`serve` on a socket that somebody else holds: a restart refuses nobody."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
import requests

from tests.support.processes import ServerTree, write_config
from tests.support.site import SiteDatabase

CALLERS = 8


@pytest.fixture
def restarts(request: pytest.FixtureRequest) -> int:
    return 20 if request.config.getoption("--soak") else 1


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        yield listener


@pytest.fixture
def config(site: SiteDatabase, tmp_path: Path) -> Path:
    site.bridge()
    return write_config(tmp_path, site, "http://127.0.0.1:9")


def call_until(over: Event, url: str) -> tuple[int, list[str]]:
    """Call by a new connection each time; return how many answers there were, and the failures."""
    answers, failures = 0, []
    while not over.is_set():
        try:
            assert requests.get(f"{url}/readyz", timeout=60).status_code == 200
            answers += 1
        except requests.RequestException as error:
            failures.append(str(error))
    return answers, failures


def test_restarts_under_load_refuse_nobody(
    listener: socket.socket, config: Path, restarts: int
) -> None:
    port = listener.getsockname()[1]
    tree = ServerTree(config, port, "--no-worker", "--workers", "2", listener=listener)
    over = Event()
    tree.start()
    try:
        with ThreadPoolExecutor(CALLERS) as pool:
            callers = [pool.submit(call_until, over, tree.url) for _ in range(CALLERS)]
            for _ in range(restarts):
                time.sleep(0.5)  # of load before each
                tree.end()
                tree.start()
            over.set()
        results = [caller.result() for caller in callers]
    finally:
        tree.kill()

    assert [failure for _, failures in results for failure in failures] == []
    assert all(answers > 10 for answers, _ in results)


def test_what_cannot_be_served_is_refused(config: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        tree = ServerTree(config, 1, listener=listener)

        with pytest.raises(AssertionError, match="exactly one TCP socket"):
            tree.start()
