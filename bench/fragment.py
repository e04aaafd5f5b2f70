"""The row of fragments: the visitor's page over HTTP, against a handler with one query."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import jwt

from bench.bare import URL_VARIABLE
from bench.load import Load, ask
from bench.members import MEMBERS
from bench.results import Result, Round, rate
from bench.stage import SECRET, Stage, running, running_stage
from demo.private_server import free_port

CONNECTIONS = 32
REGULARS = MEMBERS[:1000]
"""Whose pages the service has rendered before; those of all members are more than it keeps."""
_WARM_UP_S = 5


def measure(rounds: int, seconds: int) -> Sequence[Result]:
    """Let the bare handler and the service take turns on one stage."""
    with running_stage() as stage, _bare_handler(stage) as bare_url:
        ask(bare_url, Load("bare", CONNECTIONS, REGULARS), _WARM_UP_S)
        ask(stage.url, fragments(stage, REGULARS), _WARM_UP_S)
        turns = [_turn(stage, bare_url, seconds) for _ in range(rounds)]
    what = f"pages, {CONNECTIONS} connections, 1,000 accounts"
    return [rate("fragment", what, turns, reach_percent=50)]


def _turn(stage: Stage, bare_url: str, seconds: int) -> Round:
    bare = ask(bare_url, Load("bare", CONNECTIONS, REGULARS), seconds)
    pages = ask(stage.url, fragments(stage, REGULARS), seconds)
    others = ask(stage.url, fragments(stage, MEMBERS), seconds)
    details = {
        "p50_ms": pages.p50_ms,
        "p99_ms": pages.p99_ms,
        "of_10000_accounts_per_second": round(others.per_second, 1),
    }
    return Round(pages.per_second, bare.per_second, details)


def fragments(stage: Stage, users: range) -> Load:
    """Return the load of visitors' pages, with tokens that are good for two minutes from now."""
    now = int(time.time())
    claims = {"iss": stage.site_url, "aud": "aipkit-bridge", "scope": "fragment",
              "iat": now, "exp": now + 120}  # fmt: skip
    tokens = [jwt.encode({**claims, "sub": str(user)}, SECRET) for user in users]
    path = stage.folder / "tokens"
    path.write_text("\n".join(tokens), "utf-8")
    return Load("fragment", CONNECTIONS, users, str(path))


@contextmanager
def _bare_handler(stage: Stage) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "bench.bare", "--port", str(port)]
    environ = {**os.environ, URL_VARIABLE: stage.database_url}
    with running(command, stage.folder / "bare.log", f"{url}/{MEMBERS[0]}", environ):
        yield url
