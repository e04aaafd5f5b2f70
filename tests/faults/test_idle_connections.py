"""Connections that send nothing keep nobody else out."""

import socket
from contextlib import ExitStack
from pathlib import Path

import requests

from demo.private_server import free_port
from tests.support.processes import ServerTree, write_config
from tests.support.site import SiteDatabase
from tests.support.waiting import wait_until

CONNECTIONS = 600
SERVERS = 2


def listeners(port: int) -> int:
    """Return how many sockets listen on a port: each server process has one of its own."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def test_who_connects_and_says_nothing_blocks_nothing(site: SiteDatabase, tmp_path: Path) -> None:
    site.bridge()
    port = free_port()
    config = write_config(tmp_path, site, "http://127.0.0.1:9")
    tree = ServerTree(config, port, "--no-worker", "--workers", str(SERVERS))
    tree.start()
    wait_until(lambda: listeners(port) == SERVERS, "not all server processes listen", timeout_s=90)
    try:
        with ExitStack() as silent:
            for _ in range(CONNECTIONS):
                silent.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))

            answers = [requests.get(f"{tree.url}/readyz", timeout=10) for _ in range(8)]

        assert [answer.status_code for answer in answers] == [200] * 8
    finally:
        tree.kill()
