"""A real bridge beside the test's WordPress that only spends: without shop and worker."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import requests

from demo.private_server import free_port
from demo.waiting import is_up, new_instance
from tests.support.processes import finish, spawn
from tests.support.waiting import wait_until

from .bridge_stand_in import SECRET
from .here import run_here
from .shop import make_chatbot
from .site import DATABASE, WordPressSite

KEY = "an-api-key-of-a-back-end"


@dataclass
class SpendingBridge:
    """A running bridge, and the chatbot that it knows."""

    url: str
    bot: int
    _numbers: Iterator[int]

    def record(self, http: requests.Session, user: int, units: int) -> None:
        """Book one use of the chatbot."""
        actor: dict[str, Any] = {"user_id": user}
        answer = http.post(
            f"{self.url}/v1/usage/record",
            json={"actor": actor, "module": "chat", "context_id": self.bot, "units": units},
            headers={
                "Authorization": f"Bearer {KEY}",
                "Idempotency-Key": str(next(self._numbers)),
            },
        )
        assert answer.status_code == 201, answer.text


class _InAProcess(NamedTuple):
    url: str


@contextmanager
def run_spending_bridge(
    site: WordPressSite, folder: Path, *, in_a_process: bool = False
) -> Iterator[SpendingBridge]:
    """
    Run a bridge for the site, with tables of its own; see `WordPressSite.kept`.

    It runs here, or *in_a_process* of its own, for those who measure how long it takes.
    """
    bot = make_chatbot(site, "Support assistant", "1000000")
    port = free_port()
    config = folder / "config.toml"
    config.write_text(
        f"""
[site]
url = "{site.url}"
[database]
url = "mysql://root@/{DATABASE}?unix_socket={site.database.socket}"
[woocommerce]
consumer_key = "ck_none"
consumer_secret = "cs_none"
[server]
port = {port}
[security]
shared_secret = "{SECRET}"
[[security.api_keys]]
name = "tests"
sha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"
scopes = ["usage"]
"""
    )
    run = _run_in_a_process(config, port) if in_a_process else run_here(config)
    with run as running:
        yield SpendingBridge(running.url, bot, count())


@contextmanager
def _run_in_a_process(config: Path, port: int) -> Iterator[_InAProcess]:
    assert finish(spawn(config, "migrate"))[0] == 0
    instance = new_instance()
    process = spawn(config, "serve", "--workers", "1", "--no-worker", "--instance", instance)
    try:
        wait_until_ready(port, instance)
        yield _InAProcess(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        finish(process)


def wait_until_ready(port: int, instance: str) -> None:
    """Wait for the bridge that was started under that name, and for no other."""
    url = f"http://127.0.0.1:{port}/readyz"
    wait_until(lambda: is_up(url, instance), "the bridge does not become ready")
