"""The rows of WordPress pages: what the shortcode adds to the time of a page."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median

from bench.results import Result
from bench.stage import BenchError
from bridge.store.peer_plugin import BALANCE_KEY
from demo.private_server import PrivateServer
from tests.wp.conftest import set_up
from tests.wp.debian_wordpress import find_or_fetch
from tests.wp.php_cli import require_php
from tests.wp.site import WordPressSite
from tests.wp.spending_bridge import run_spending_bridge
from tests.wp.visitor import Visitor

MOST_UNCHANGED_MS, MOST_CHANGED_MS = 0.7, 3.0
_PLUGIN = "aipkit-bridge"
_WARM_UP = 20
_ADD_BALANCE = """
    INSERT INTO wp_usermeta (user_id, meta_key, meta_value)
    SELECT ID, %s, '0' FROM wp_users WHERE user_login = 'member'
"""
_SET_BALANCE = "UPDATE wp_usermeta SET meta_value = %s WHERE meta_key = %s"


def measure(pairs: int) -> Sequence[Result]:
    """
    Let a member open a page with the shortcode and the same page without, in turns.

    First while nothing changes, then with another balance before each page.
    """
    balances = count(1)
    with _site() as (site, member):
        with_shortcode = site.create_page("<p>Hello</p>[aipkit_token_usage]").url
        without = site.create_page("<p>Hello</p>").url
        if "aipkit_token_usage_dashboard" not in member.get(with_shortcode).text:
            raise BenchError("The page does not show the bridge's fragment.")

        def visit(*, change: bool) -> tuple[float, float]:
            if change:
                site.sql(_SET_BALANCE, next(balances), BALANCE_KEY)
            return _ms(member, with_shortcode), _ms(member, without)

        site.sql(_ADD_BALANCE, BALANCE_KEY)
        unchanged, changed = (
            [visit(change=change) for _ in range(pairs + _WARM_UP)][_WARM_UP:]
            for change in (False, True)
        )
    what = f"a member's page in WordPress, {pairs} pairs: time that the shortcode adds, "
    return [
        _result(what + "nothing has changed", unchanged, MOST_UNCHANGED_MS),
        _result(what + "another balance each time", changed, MOST_CHANGED_MS),
    ]


def _result(what: str, found: Sequence[tuple[float, float]], most_ms: float) -> Result:
    page, plain = (median(times) for times in zip(*found, strict=True))
    added = median(one - other for one, other in found)
    details = {"page_ms": page, "plain_ms": plain, "added_ms": added}
    return Result("page", what, f"{page:.1f} ms", f"{plain:.1f} ms", f"{added:+.2f} ms",
                  f"≤ {most_ms:.1f} ms", added <= most_ms, details)  # fmt: skip


@contextmanager
def _site() -> Iterator[tuple[WordPressSite, Visitor]]:
    """Run a WordPress with the plugin, a bridge beside it, and a member who is logged in."""
    with running_wordpress() as (site, folder):
        site.create_user("member")
        site.activate(_PLUGIN)
        with run_spending_bridge(site, folder) as bridge:
            set_up(site, bridge.url)
            yield site, site.login("member")


@contextmanager
def running_wordpress() -> Iterator[tuple[WordPressSite, Path]]:
    """Run a WordPress as it comes, in a folder."""
    require_php()
    with tempfile.TemporaryDirectory(prefix="aipkit-bridge-bench-") as name:
        folder = Path(name)
        server = PrivateServer(folder / "db")
        server.start()
        site = WordPressSite(folder / "wordpress", find_or_fetch(), server)
        try:
            site.install()
            yield site, folder
        finally:
            site.stop()
            server.stop()


def _ms(member: Visitor, url: str) -> float:
    started = time.perf_counter()
    answer = member.get(url)
    took_ms = 1000 * (time.perf_counter() - started)
    if answer.status_code != 200:
        raise BenchError(f"{url} answered {answer.status_code}.")
    return took_ms
