"""Three nodes of Galera, and a bridge with its worker at each."""

import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from demo.private_server import free_port
from shop_stand_in.shop import serve_shop
from shop_stand_in.state import ShopState
from tests.support.caller import Caller
from tests.support.crowd import Crowd
from tests.support.galera import Cluster, ClusterServer
from tests.support.mixed_load import Buyers, MixedLoad
from tests.support.processes import ServerTree, write_config
from tests.support.rush import API_KEY_SECTION, Rush
from tests.support.site import SiteDatabase, load_template
from tests.support.world import stock

_CALLERS = 6
_BUYERS = range(800_001, 800_013)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of a file's own."""
    with (
        tempfile.TemporaryDirectory(prefix="aipkit-bridge-tests-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        cluster = Cluster(Path(folder))
        patch.setenv("PATH", f"{os.environ['PATH']}:{cluster.programs}")
        cluster.start()
        yield cluster
        cluster.stop()


class RoamingCaller(Caller):
    """A caller whose requests go to any of the bridges."""

    urls: list[str]

    def address(self) -> str:
        return self.chance.choice(self.urls)


class ClusterRush(Rush):
    """Callers of bridges at all nodes."""

    def __init__(self, site: SiteDatabase, trees: list[ServerTree], seed: int) -> None:
        self.trees = trees
        super().__init__(site, trees[0], seed, _CALLERS)

    def kill_tree(self) -> None:
        """Kill all bridges, for good."""
        for tree in self.trees:
            tree.kill()

    def new_caller(self) -> Caller:
        caller = RoamingCaller(self.tree.url, self.journal, random.Random(self.chance.random()))
        caller.urls = [tree.url for tree in self.trees]
        return caller


@pytest.fixture
def load(cluster: Cluster, tmp_path: Path) -> Iterator[MixedLoad]:
    """A new site on the cluster with its shop, a bridge at each node; not at work yet."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    shop = ShopState()
    stock(shop)
    name = f"site_{seed}"
    server = ClusterServer(cluster)
    load_template(server, name, "wordpress.sql")
    with ExitStack() as stack:
        running = serve_shop(shop)
        stack.callback(running.stop)
        site = stack.enter_context(SiteDatabase(server, name))
        site.without_peer()
        trees = []
        for number in range(len(cluster.nodes)):
            folder = tmp_path / f"machine{number}"
            folder.mkdir()
            beside = SiteDatabase(ClusterServer(cluster, number), name)
            config = write_config(folder, beside, running.url, more=API_KEY_SECTION)
            trees.append(ServerTree(config, free_port(), "--workers", "1"))
        rush = ClusterRush(site, trees, seed)
        crowd = Crowd(20, balance=20_000, limit=2_000)
        crowd.move_into(site)
        for tree in trees:
            tree.start()
            stack.callback(tree.kill)
        yield MixedLoad(rush, crowd, Buyers(site, shop, _BUYERS))
