"""The peer spends in six PHP processes, and the bridge on the same accounts: nothing is lost."""

import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Lock

import pytest
import requests

from .conftest import PEER
from .php_server import WORKERS
from .site import HERE, WordPressSite
from .spending_bridge import SpendingBridge

START = 1_000_000
USES_PER_REQUEST = 2
USES_PER_FRESH_USER = 10
PEERS_PRICE, BRIDGES_PRICE = 3, 5


@dataclass
class Crowd:
    """A rich user, whose balance all spend, and fresh ones, whose allowance all use."""

    site: WordPressSite
    bridge: SpendingBridge
    rich: int
    fresh: list[int]
    spent: Counter[int] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def rush(self, uses: int) -> None:
        """Let the peer spend in parallel, and the bridge until the peer has ended."""
        starts, ended = count(step=USES_PER_REQUEST), Event()
        fresh_now = self.fresh[0]

        def spend(http: requests.Session) -> None:
            nonlocal fresh_now
            while (start := next(starts)) < uses:
                fresh_now = fresh = self.fresh[start // USES_PER_FRESH_USER]
                self.let_peer_spend(http, [self.rich, fresh] * USES_PER_REQUEST)

        def book() -> None:
            with requests.Session() as http:
                while not ended.is_set():
                    self.let_bridge_spend(http, self.rich)
                    self.let_bridge_spend(http, fresh_now)

        with ThreadPoolExecutor(WORKERS + 1) as pool:
            booking = pool.submit(book)
            try:
                list(pool.map(spend, [requests.Session() for _ in range(WORKERS)]))
            finally:
                ended.set()
            booking.result()

    def let_peer_spend(self, http: requests.Session, users: list[int]) -> None:
        """One request in which the peer spends for users, one after another."""
        spenders = ",".join(f"{user}:{PEERS_PRICE}" for user in users)
        answer = http.get(f"{self.site.url}/?stand_in_spend={spenders}&bot={self.bridge.bot}")
        assert answer.text == "spent"
        self._note(users * PEERS_PRICE)

    def let_bridge_spend(self, http: requests.Session, user: int) -> None:
        """One use through the bridge."""
        self.bridge.record(http, user, BRIDGES_PRICE)
        self._note([user] * BRIDGES_PRICE)

    def _note(self, payers: list[int]) -> None:
        """Count a credit for each time that a user is named."""
        with self._lock:
            self.spent.update(payers)

    def balances(self) -> list[int]:
        """The rows of the rich user's balance."""
        return self._rows(self.rich, "_aipkit_token_balance")

    def used(self) -> dict[int, list[int]]:
        """The rows of the fresh users' counters."""
        key = f"_aipkit_token_usage_{self.bridge.bot}"
        return {user: self._rows(user, key) for user in self.fresh}

    def _rows(self, user: int, key: str) -> list[int]:
        sql = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
        return [int(row[0]) for row in self.site.sql(sql, user, key)]

    def books(self) -> tuple[int, int]:
        """What the ledger does not explain, and ledger sum + that, after the bridge has looked."""
        self.let_bridge_spend(requests.Session(), self.rich)
        sum_of = "SELECT SUM(credits_delta) FROM wp_aipkit_token_ledger WHERE user_id = %s"
        rest_of = "SELECT unledgered FROM wp_aipkit_bridge_ledger_state WHERE user_id = %s"
        unledgered = self.site.sql(rest_of, self.rich)[0][0]
        return unledgered, int(self.site.sql(sum_of, self.rich)[0][0]) + unledgered

    def findings(self) -> list[tuple[object, ...]]:
        """What the bridge found wrong with these users; crowds before left theirs."""
        sql = "SELECT kind, summary FROM wp_aipkit_bridge_findings WHERE user_id IN %s"
        return self.site.sql(sql, [self.rich, *self.fresh])


@pytest.fixture
def uses(request: pytest.FixtureRequest) -> int:
    """How often the peer spends: 200 times, and 4,000 in a soak."""
    return 4_000 if request.config.getoption("--soak") else 200


@pytest.fixture
def crowd(spending_bridge: SpendingBridge, site: WordPressSite, uses: int) -> Crowd:
    rich, *fresh = site.wp_value(
        f"""array_map( function ( $login ) {{
            return wp_insert_user( array( 'user_login' => $login, 'user_pass' => '' ) );
        }}, array_map( 'uniqid', range( 0, {uses // USES_PER_FRESH_USER} ) ) )"""
    )
    give = "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)"
    site.sql(give, rich, "_aipkit_token_balance", START)
    return Crowd(site, spending_bridge, rich, fresh)


@pytest.fixture(params=[False, True], ids=["no cache", "persistent cache"])
def object_cache(request: pytest.FixtureRequest, site: WordPressSite) -> Iterator[None]:
    """The site without, then with a persistent object cache."""
    content = site.folder / "wp-content"
    if request.param:
        shutil.copy(HERE / "php" / "object-cache.php", content)
    yield
    (content / "object-cache.php").unlink(missing_ok=True)
    shutil.rmtree(content / "object-cache", ignore_errors=True)


@pytest.mark.usefixtures("object_cache")
def test_nothing_is_lost_beside_the_plugin(crowd: Crowd, uses: int) -> None:
    crowd.site.activate(PEER, "aipkit-bridge")

    crowd.rush(uses)

    assert crowd.balances() == [START - crowd.spent[crowd.rich]]
    assert crowd.used() == {user: [crowd.spent[user]] for user in crowd.fresh}
    assert crowd.books() == (START, crowd.balances()[0])
    assert crowd.findings() == []


@pytest.mark.usefixtures("object_cache")
def test_the_same_crowd_without_the_plugin_loses_something(crowd: Crowd, uses: int) -> None:
    """Half of them already."""
    crowd.site.activate(PEER)

    crowd.rush(uses // 2)

    assert crowd.balances() != [START - crowd.spent[crowd.rich]]
