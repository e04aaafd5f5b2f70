"""Everything a measurement needs: a durable database, a site with members, the service itself."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench.bare import URL_VARIABLE
from bench.members import add_members
from bridge.config import load_settings
from bridge.store.migrate import migrate
from bridge.wiring import Bridge, build
from demo.private_server import PrivateServer, free_port
from demo.site import DATABASE, DemoSite
from demo.waiting import is_up, new_instance
from shop_stand_in.shop import serve_shop
from shop_stand_in.state import Key, ShopState

ROOT = Path(__file__).parent.parent
API_KEY = "an-api-key-for-benchmarks"
CONFIG = "config.toml"
SECRET = "bench-secret-bench-secret-bench-secret"
LOOP_DATABASE = "loops"
_LOOP_TABLES = ("wp_usermeta", "wp_aipkit_token_ledger")
_START_TIMEOUT_S = 60.0
# A shop's database server, not a toy one: every commit is on disk, and the tables fit in memory.
_DATABASE_OPTIONS = (
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-size=2G",
    "--innodb-log-file-size=512M",
)


class BenchError(Exception):
    """The run proves nothing: something failed on the way."""


@dataclass(frozen=True)
class Stage:
    """The running parts."""

    folder: Path
    server: PrivateServer
    site_url: str
    url: str  # the bridge's
    process: "subprocess.Popen[bytes]"

    @property
    def database_url(self) -> str:
        """The `database.url` of the site."""
        return self.server.url(DATABASE)

    @property
    def database_pid(self) -> int:
        """The database server's process."""
        return int((self.server.folder / "db.pid").read_text())

    @property
    def loop_url(self) -> str:
        """The `database.url` of the loops: a copy of the same tables on the same server."""
        return self.server.url(LOOP_DATABASE)

    def value(self, sql: str, *args: object) -> Any:
        """Return the first column of the first row."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, args)
            row = cursor.fetchone()
        return row[0] if row else None

    @cached_property
    def _connection(self) -> Any:
        return self.server.connect(database=DATABASE)


Fill = Callable[[PrivateServer, Bridge], None]


def fill_members(server: PrivateServer, _: Bridge) -> None:
    """Add the members, and copies of the tables for loops."""
    with server.connect(database=DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        add_members(cursor)
        cursor.execute("COMMIT")
        cursor.execute(f"CREATE DATABASE {LOOP_DATABASE} CHARACTER SET utf8mb4")
        for table in _LOOP_TABLES:
            cursor.execute(f"CREATE TABLE {LOOP_DATABASE}.{table} LIKE {table}")
            cursor.execute(f"INSERT INTO {LOOP_DATABASE}.{table} SELECT * FROM {table}")
        cursor.execute(f"ANALYZE TABLE wp_usermeta, {LOOP_DATABASE}.wp_usermeta")


@contextmanager
def running_stage(fill: Fill = fill_members) -> Iterator[Stage]:
    """
    Start everything; stop it and remove its folder at the end.

    Args:
        fill: Puts into the site what is measured; members and the loops' tables, if not told.
    """
    with tempfile.TemporaryDirectory(prefix="aipkit-bridge-bench-") as name:
        folder = Path(name)
        server = PrivateServer(folder / "db", options=_DATABASE_OPTIONS)
        server.start()
        try:
            with serve_shop(ShopState()) as shop:
                site = DemoSite(server)
                site.build(shop.url)
                url = f"http://127.0.0.1:{free_port()}"
                _configure(folder, site, shop.url, url)
                _set_up(folder, server, fill)
                with _service(folder, url) as process:
                    yield Stage(folder, server, shop.url, url, process)
        finally:
            server.stop()


def _configure(folder: Path, site: DemoSite, shop_url: str, url: str) -> None:
    key = Key()
    (folder / CONFIG).write_text(
        f"""
[site]
url = "{shop_url}"
[database]
url = "{site.database_url}"
[woocommerce]
consumer_key = "{key.consumer_key}"
consumer_secret = "{key.consumer_secret}"
[server]
port = {url.rpartition(":")[2]}
[security]
shared_secret = "{SECRET}"
[[security.api_keys]]
name = "bench"
sha256 = "{sha256(API_KEY.encode()).hexdigest()}"
scopes = ["usage", "read"]
""",
        "utf-8",
    )


def _set_up(folder: Path, server: PrivateServer, fill: Fill) -> None:
    bridge = build(load_settings(folder / CONFIG, environ={}))
    migrate(bridge.db)
    fill(server, bridge)
    bridge.close()


@contextmanager
def _service(folder: Path, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `serve` as it comes, its worker with it."""
    name = new_instance()
    command = [sys.executable, "-m", "bridge", "--config", str(folder / CONFIG), "serve"]
    command += ["--instance", name]
    with running(command, folder / "bridge.log", f"{url}/readyz", instance=name) as process:
        yield process


@contextmanager
def running(
    command: list[str],
    log: Path,
    ready_url: str,
    environ: Mapping[str, str] | None = None,
    instance: str | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """
    Run a server from this folder until the end of the block; go on when it answers.

    Args:
        instance: What it is to call itself there, if it is a bridge.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT, env=environ)
    try:
        _wait(process, log, ready_url, instance)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def running_beside(stage: Stage, module: str, database_url: str, ready_path: str) -> Iterator[str]:
    """Run one of the servers that the service is compared with, on that database."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", module, "--port", str(port)]
    environ = {**os.environ, URL_VARIABLE: database_url}
    with running(command, stage.folder / f"{module}.log", url + ready_path, environ):
        yield url


def _wait(
    process: "subprocess.Popen[bytes]", log: Path, ready_url: str, instance: str | None
) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        if is_up(ready_url, instance):
            return
        time.sleep(0.1)
    tail = log.read_text("utf-8", errors="replace")[-500:]
    raise BenchError(f"{ready_url} does not answer: {tail}")
