"""A whole site under a mixed load, on a database that may be killed, and with its lines."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.private_server import PrivateServer, free_port
from shop_stand_in.shop import serve_shop
from shop_stand_in.state import ShopState
from tests.support.crowd import Crowd
from tests.support.line import Line
from tests.support.mixed_load import Buyers, MixedLoad
from tests.support.processes import ServerTree, ended_with_the_test, finish, spawn, write_config
from tests.support.rush import API_KEY_SECTION, Rush
from tests.support.site import SiteDatabase, copy_template
from tests.support.world import stock

_CALLERS = 6
_BUYERS = range(800_001, 800_013)


@dataclass
class MixedSite:
    """20 who spend and 12 who buy, not at work yet; and the lines to database and shop."""

    load: MixedLoad
    config: Path
    to_database: Line
    to_shop: Line

    def assert_right(self) -> None:
        """Let all come to its end; assert that the books are right, for `reconcile` too."""
        self.load.settle()
        code, said, complaints = finish(spawn(self.config, "reconcile"))
        print(self.load.report())

        assert (code, complaints) == (0, "")
        assert "No new findings" in said
        assert "not explained" not in said
        self.load.assert_right()

    def hurry(self) -> None:
        """Let the worker begin at once: the suite has no time for its lease and its back-off."""
        site = self.load.rush.site
        site.run("UPDATE wp_aipkit_bridge_leases SET expires_at = UTC_TIMESTAMP(6)")
        site.run("DELETE FROM wp_aipkit_bridge_state WHERE name = 'shop_health'")


@contextmanager
def mixed_site(server: PrivateServer, folder: Path, name: str) -> Iterator[MixedSite]:
    """Make the site, and run its bridge as systemd does."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    copy_template(server, "template", name)
    shop = ShopState()
    stock(shop)
    with ExitStack() as stack:
        running = serve_shop(shop)
        stack.callback(running.stop)
        to_shop, to_database = (Line(port) for port in (port_of(running.url), server.port))
        stack.callback(to_shop.close)
        stack.callback(to_database.close)
        shop.home_url = f"http://127.0.0.1:{to_shop.port}"
        site = stack.enter_context(SiteDatabase(server, name))
        stack.enter_context(ended_with_the_test())
        site.without_peer()
        config = write_config(folder, site, shop.home_url, more=API_KEY_SECTION)
        lines = config.read_text("utf-8").replace(f":{server.port}/", f":{to_database.port}/")
        config.write_text(lines, "utf-8")
        tree = ServerTree(config, free_port(), "--workers", "2")
        rush = Rush(site, tree, seed, _CALLERS)
        crowd = Crowd(20, balance=20_000, limit=2_000)
        crowd.move_into(site)
        load = MixedLoad(rush, crowd, Buyers(site, shop, _BUYERS))
        tree.start()
        stack.callback(tree.kill)
        stack.enter_context(tree.restarted())
        yield MixedSite(load, config, to_database, to_shop)


def port_of(url: str) -> int:
    """Return the port that an address of loopback names."""
    return int(url.rstrip("/").rpartition(":")[2])
