"""A database that stands still, its connections open, while many call."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from demo.private_server import PrivateServer, free_port
from tests.support.processes import ServerTree, write_config
from tests.support.site import SiteDatabase, copy_template

CALLERS = 150
AT_ONCE_S = 1.0
PATIENCE_S = 30.0


@pytest.fixture
def tree(mortal: PrivateServer, tmp_path: Path) -> Iterator[ServerTree]:
    copy_template(mortal, "template", "frozen")
    with SiteDatabase(mortal, "frozen") as site:
        site.bridge()
        config = write_config(tmp_path, site, "http://127.0.0.1:9")
        tree = ServerTree(config, free_port(), "--no-worker", "--workers", "2")
        tree.start()
        yield tree
        tree.kill()


@contextmanager
def frozen(server: PrivateServer) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def call(port: int) -> socket.socket:
    """Ask for what needs the database; the answer is to be read later."""
    caller = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    caller.sendall(b"GET /readyz HTTP/1.1\r\nHost: bridge\r\n\r\n")
    return caller


def healthz(tree: ServerTree) -> float:
    """Return how long it took."""
    started = time.monotonic()
    assert requests.get(f"{tree.url}/healthz", timeout=PATIENCE_S).status_code == 200
    return time.monotonic() - started


def test_who_asks_whether_it_lives_is_answered_at_once(
    mortal: PrivateServer, tree: ServerTree
) -> None:
    with ExitStack() as callers:
        with frozen(mortal):
            waiting = [callers.enter_context(call(tree.port)) for _ in range(CALLERS)]
            took = [healthz(tree) for _ in range(20)]
            told = [caller.recv(4096).lower() for caller in waiting[-20:]]
        statuses = {caller.recv(4096)[9:12] for caller in waiting[:-20]}

    assert max(took) < AT_ONCE_S
    assert {answer[9:12] for answer in told} == {b"503"}
    assert all(b"\r\nretry-after: 2\r\n" in answer for answer in told)
    assert statuses <= {b"200", b"503"}
    assert requests.get(f"{tree.url}/readyz", timeout=PATIENCE_S).status_code == 200
