"""The demo's parts, started together: database, site, shop, and the real service."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import requests

from bridge.cli.claimed import PortTakenError, claim_port
from bridge.config import Settings, load_settings
from bridge.domain.errors import BridgeError
from bridge.store.migrate import migrate
from bridge.wiring import build
from demo.history import History
from demo.pages import add_pages
from demo.people import MEMBERS
from demo.private_server import PrivateServer, free_port
from demo.site import MUG, PACKS, WORKSHOP, DemoSite
from demo.waiting import is_up, new_instance
from shop_stand_in.shop import RunningShop, create_shop, serve_shop
from shop_stand_in.state import Key, ShopState

SECRET = "demo-secret-demo-secret-demo-secret-demo"  # noqa: S105  # lives as long as the demo
_WAIT_S = 60.0
_END_S = 30

Say = Callable[[str], object]


class DemoError(BridgeError):
    """The demo did not do what it should; the text says what was expected."""

    code = "demo"


@dataclass(frozen=True, slots=True)
class Demo:
    """The running parts."""

    site: DemoSite
    shop: ShopState
    running_shop: RunningShop
    settings: Settings
    url: str  # the bridge's

    def account(self, user_id: int) -> int:
        """Return a member's balance as the bridge tells it."""
        return int(self.get(f"/v1/accounts/{user_id}")["balance"])

    def get(self, path: str) -> dict[str, Any]:
        """Ask the bridge's API, as a back end with a key does."""
        key = {"Authorization": f"Bearer {SECRET}"}
        answer = requests.get(self.url + path, headers=key, timeout=10)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def running_demo(port: int = 0, *, say: Say | None = None) -> Iterator[Demo]:
    """
    Start everything; stop it and remove its folder at the end.

    Args:
        port: The bridge's; 0 takes a free one.
        say: With it the site is furnished and has a past; it is told what is being done.

    Raises:
        DemoError: The port is taken, or a part did not start.
    """
    port = port or free_port()
    _check_port(port)
    with tempfile.TemporaryDirectory(prefix="aipkit-bridge-demo-") as name:
        folder = Path(name)
        server = PrivateServer(folder / "db")
        try:
            server.start()
            yield from _with_shop(folder, DemoSite(server), port, say)
        finally:
            server.stop()


def _check_port(port: int) -> None:
    try:
        claim_port("127.0.0.1", port, patience_s=0).close()
    except PortTakenError as error:
        raise DemoError(
            f"Port {port} is taken, perhaps by a bridge at work: choose another with"
            f' make demo ARGS="--port {port + 13}".'
        ) from error


def _with_shop(folder: Path, site: DemoSite, port: int, say: Say | None) -> Iterator[Demo]:
    url = f"http://127.0.0.1:{port}"
    state = ShopState(zone="Europe/Berlin")
    state.skip_ids(1000)
    for pack_id, pack, price, credits in PACKS:
        state.add_product(pack_id, pack, price, credits=credits)
    state.add_product(*MUG)
    app = create_shop(state, links={})
    with serve_shop(state, app=app) as shop:
        site.build(shop.url)
        settings = _configure(folder, site, shop, url)
        add_pages(app, site, settings, SECRET)
        if say:
            state.add_product(*WORKSHOP, credits="")
            _live(site, settings, state, say)
        with _bridge(folder, url):
            yield Demo(site, state, shop, settings, url)


def _live(site: DemoSite, settings: Settings, state: ShopState, say: Say) -> None:
    say("Living thirty days of a shop with 48 members …")
    site.furnish(MEMBERS[3:])
    History(settings, state).live()
    say("Starting the bridge …")


def _configure(folder: Path, site: DemoSite, shop: RunningShop, url: str) -> Settings:
    key = Key()
    path = folder / "config.toml"
    path.write_text(
        f"""
[site]
url = "{shop.url}"
[database]
url = "{site.database_url}"
[woocommerce]
consumer_key = "{key.consumer_key}"
consumer_secret = "{key.consumer_secret}"
poll_seconds = 2
[grants]
since = 2020-01-01T00:00:00Z
[server]
port = {url.rpartition(":")[2]}
[security]
shared_secret = "{SECRET}"
[[security.api_keys]]
name = "demo"
sha256 = "{sha256(SECRET.encode()).hexdigest()}"
scopes = ["read", "usage"]
""",
        "utf-8",
    )
    settings = load_settings(path, environ={})
    bridge = build(settings)
    migrate(bridge.db)
    bridge.close()
    return settings


@contextmanager
def _bridge(folder: Path, url: str) -> Iterator[None]:
    """Run the real service, with its worker, as a process of its own."""
    name = new_instance()
    command = [sys.executable, "-m", "bridge", "--config", str(folder / "config.toml")]
    command += ["serve", "--workers", "1", "--instance", name]
    with (folder / "bridge.log").open("wb") as log:
        # A session of its own: a terminal's Ctrl-C is for the demo, which ends it in good order.
        process = subprocess.Popen(  # noqa: S603  # ourselves
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            wait_until("the bridge answers", lambda: _is_ready(url, name, process, log.name))
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_END_S)
            process.kill()


def _is_ready(url: str, name: str, process: "subprocess.Popen[bytes]", log: str) -> bool:
    if process.poll() is not None:
        tail = Path(log).read_text("utf-8", errors="replace")[-500:]
        raise DemoError(f"The bridge ended: {tail}")
    return is_up(f"{url}/readyz", name)


def wait_until(what: str, condition: Callable[[], bool]) -> None:
    """Wait for something that the bridge does by itself."""
    deadline = time.monotonic() + _WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise DemoError(f"After {_WAIT_S:.0f} s still not true: {what}.")
        time.sleep(0.1)
