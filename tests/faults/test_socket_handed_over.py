"""`serve` on a socket that somebody else holds: a restart refuses nobody."""

import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
import requests

from tests.support.processes import ServerTree, write_config
from tests.support.site import SiteDatabase
from tests.support.waiting import wait_until

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


@dataclass
class Caller:
    """Somebody who calls by a new connection each time."""

    url: str
    answers: int = 0
    failures: list[str] = field(default_factory=list)

    def call_until(self, over: Event) -> None:
        while not over.is_set():
            try:
                assert requests.get(f"{self.url}/readyz", timeout=60).status_code == 200
                self.answers += 1
            except requests.RequestException as error:
                self.failures.append(str(error))


def wait_for_load(callers: Sequence[Caller]) -> None:
    """Wait until each has had some answers more: all are at work, however busy the machine is."""
    wanted = [caller.answers + 5 for caller in callers]
    wait_until(
        lambda: all(one.answers >= least for one, least in zip(callers, wanted, strict=True)),
        lambda: f"answers: {[caller.answers for caller in callers]}, wanted: {wanted}",
        timeout_s=60,
    )


def test_restarts_under_load_refuse_nobody(
    listener: socket.socket, config: Path, restarts: int
) -> None:
    port = listener.getsockname()[1]
    tree = ServerTree(config, port, "--no-worker", "--workers", "2", listener=listener)
    over, callers = Event(), [Caller(tree.url) for _ in range(CALLERS)]
    tree.start()
    try:
        with ThreadPoolExecutor(CALLERS) as pool:
            calling = [pool.submit(caller.call_until, over) for caller in callers]
            try:
                for _ in range(restarts):
                    wait_for_load(callers)
                    tree.end()
                    tree.start()
                wait_for_load(callers)
            finally:
                over.set()
        for one in calling:
            one.result()
    finally:
        tree.kill()

    assert [failure for caller in callers for failure in caller.failures] == []


def test_what_cannot_be_served_is_refused(config: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        tree = ServerTree(config, 1, listener=listener)

        with pytest.raises(AssertionError, match="exactly one TCP socket"):
            tree.start()
