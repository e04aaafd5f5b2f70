"""The demo: everything started together, and the main job played through once."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

import click
import requests

from bridge.cli.admin_link import make_link
from bridge.cli.signals import stop_on_signals
from bridge.client import Client
from bridge.config import Settings, load_settings
from bridge.domain.errors import BridgeError
from bridge.store.migrate import migrate
from bridge.wiring import build
from demo.member_page import fetch_fragment, member_pages
from demo.private_server import PrivateServer, free_port
from demo.site import ADMIN, CHATBOTS, MEMBERS, MUG, PACKS, DemoSite
from shop_stand_in.pages import Member
from shop_stand_in.shop import RunningShop, create_shop, serve_shop
from shop_stand_in.state import Key, Line, RefundLine, ShopState

_SECRET = "demo-secret-demo-secret-demo-secret-demo"  # noqa: S105  # lives as long as the demo
_WAIT_S = 60.0


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
        key = {"Authorization": f"Bearer {_SECRET}"}
        answer = requests.get(self.url + path, headers=key, timeout=10)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def running_demo(port: int = 0) -> Iterator[Demo]:
    """Start database, shop and bridge; stop them and remove their folder at the end."""
    with tempfile.TemporaryDirectory(prefix="aipkit-bridge-demo-") as name:
        folder = Path(name)
        server = PrivateServer(folder / "db")
        server.start()
        try:
            yield from _with_shop(folder, DemoSite(server), port)
        finally:
            server.stop()


def _with_shop(folder: Path, site: DemoSite, port: int) -> Iterator[Demo]:
    url = f"http://127.0.0.1:{port or free_port()}"
    state = ShopState()
    for pack_id, pack, price, credits in PACKS:
        state.add_product(pack_id, pack, price, credits=credits)
    state.add_product(*MUG)
    links = {f"{m.name}'s page": f"/member/{m.user_id}" for m in MEMBERS[:1]}
    app = create_shop(state, links={**links, "Status page": "/sign-in"})
    app.config["DEMO_MEMBERS"] = [Member(m.user_id, m.name, m.email) for m in MEMBERS]
    made: list[Settings] = []
    app.register_blueprint(member_pages(url, _SECRET, lambda: make_link(made[0], ADMIN.user_id)))
    shop = serve_shop(state, app=app)
    try:
        site.build(shop.url)
        settings = _configure(folder, site, shop, url)
        made.append(settings)
        with _bridge(folder, settings, url):
            yield Demo(site, state, shop, settings, url)
    finally:
        shop.stop()


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
shared_secret = "{_SECRET}"
[[security.api_keys]]
name = "demo"
sha256 = "{_sha256(_SECRET)}"
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
def _bridge(folder: Path, settings: Settings, url: str) -> Iterator[None]:
    """Run the real service, with its worker, as a process of its own."""
    command = [sys.executable, "-m", "bridge", "--config", str(folder / "config.toml")]
    with (folder / "bridge.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # ourselves
            [*command, "serve", "--workers", "1"], stdout=log, stderr=log
        )
        try:
            wait_until("the bridge answers", lambda: _is_ready(url, process, log.name))
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _is_ready(url: str, process: "subprocess.Popen[bytes]", log: str) -> bool:
    if process.poll() is not None:
        tail = Path(log).read_text("utf-8", errors="replace")[-500:]
        raise DemoError(f"The bridge ended: {tail}")
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def wait_until(what: str, condition: Callable[[], bool]) -> None:
    """Wait for something that the bridge does by itself."""
    deadline = time.monotonic() + _WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise DemoError(f"After {_WAIT_S:.0f} s still not true: {what}.")
        time.sleep(0.1)


def run_until_stopped(port: int) -> None:
    """Run the demo and print where to look, until Ctrl-C."""
    stop = Event()
    stop_on_signals(stop)
    with running_demo(port) as demo:
        ada = MEMBERS[0]
        click.echo("The demo is running; everything is gone when it stops (Ctrl-C).")
        click.echo(f"  Shop, to complete an order:  {demo.running_shop.url}/")
        click.echo(f"  {ada.name}'s credits:         {demo.running_shop.url}/member/{ada.user_id}")
        click.echo(f"  Status page of the bridge:   {demo.running_shop.url}/sign-in")
        click.echo(f"  The bridge itself:           {demo.url}/healthz")
        stop.wait()


def play_once() -> None:
    """Play the main job and print what happened."""
    with running_demo() as demo:
        _play(demo)


def _play(demo: Demo) -> None:
    ada, shop = MEMBERS[0], demo.shop
    _say("start", f"{ada.name} has {demo.account(ada.user_id):,} tokens")

    order_id = shop.add_order(ada.user_id, [Line(PACKS[0][0], quantity=2)], email=ada.email)
    _say("order", f"#{order_id}: 2 x {PACKS[0][1]}, pending")
    shop.set_status(order_id, "completed")
    _say("order", "completed in the shop")

    wait_until("the order is granted", lambda: demo.account(ada.user_id) == 20_000)
    _say("grant", f"polled over REST and granted: balance {demo.account(ada.user_id):,}")

    html = fetch_fragment(demo.url, _SECRET, demo.settings.site.url, ada.user_id)
    _expect("20,000" in html and PACKS[0][1] in html, "the fragment shows balance and purchase")
    _say("page", f"the fragment shows the balance and the purchase ({len(html):,} bytes)")

    _chat(demo, ada.user_id)
    _expect(demo.account(ada.user_id) == 18_800, "the balance is 18,800 after spending 1,200")
    _say("usage", "an AI back end held 2,000 for a chat and committed 1,200: balance 18,800")

    item = (shop.order(order_id) or {})["line_items"][0]["id"]
    shop.refund(order_id, lines=[RefundLine(item, quantity=1, total=PACKS[0][2])])
    wait_until("one pack is taken back", lambda: demo.account(ada.user_id) == 8_800)
    _say("refund", "one of two packs refunded: 10,000 taken back, balance 8,800")

    shop.set_status(order_id, "refunded")
    wait_until("the rest is taken back", lambda: demo.account(ada.user_id) == 0)
    _say("refund", "refunded whole: 8,800 taken back; 1,200 were spent and stay a shortfall")

    wait_until("the shop has both notes", lambda: _bridge_notes(shop, order_id) == 3)
    _say("notes", "the order in the shop carries a note for each of the three bookings")
    _expect(len(_ledger_deltas(demo, ada.user_id)) == 4, "the ledger has four rows")
    _say("ledger", ", ".join(f"{delta:+,}" for delta in _ledger_deltas(demo, ada.user_id)))
    click.echo("All as it should be.")


def _chat(demo: Demo, user_id: int) -> None:
    """Spend as an AI back end does: hold an estimate, then commit what was used."""
    bot_id = CHATBOTS[0][0]
    client = Client(demo.url, _SECRET)
    with client.hold(user_id=user_id, module="chat", context_id=bot_id, units=2_000) as hold:
        hold.commit(units=1_200)
    client.close()


def _bridge_notes(shop: ShopState, order_id: int) -> int:
    return sum("[aipkit-bridge " in str(note["note"]) for note in shop.notes(order_id))


def _ledger_deltas(demo: Demo, user_id: int) -> list[int]:
    rows = demo.get(f"/v1/accounts/{user_id}/ledger")["items"]
    return [row["credits_delta"] for row in reversed(rows)]


def _expect(fact: bool, what: str) -> None:
    if not fact:
        raise DemoError(f"Expected: {what}.")


def _say(step: str, text: str) -> None:
    click.echo(f"{step:>6}  {text}")


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
