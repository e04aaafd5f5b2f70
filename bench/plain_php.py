"""The row of the plain way in PHP: credits spent by reading a user meta and writing it back."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.page import running_wordpress
from bench.results import Result
from bridge.store.peer_plugin import BALANCE_KEY
from tests.wp.site import WordPressSite

AT_ONCE = 6
"""As many as PHP's own server has workers."""
USER, BALANCE, UNITS = 1, 1_000_000_000, 160

_SPEND = f"""
$balance = (int) get_user_meta( {USER}, '{BALANCE_KEY}', true );
update_user_meta( {USER}, '{BALANCE_KEY}', $balance - {UNITS} );
"""


def measure(uses: int) -> Sequence[Result]:
    """Let WordPress without the plugin spend so often, some at once."""
    with running_wordpress() as (site, _):
        site.wp_eval(f"update_user_meta( {USER}, '{BALANCE_KEY}', {BALANCE} );")
        started = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda _: site.wp_eval(_SPEND), range(uses)))
        per_second = uses / (time.monotonic() - started)
        lost = uses - (BALANCE - _balance(site)) // UNITS
    what = f"uses of one account, {AT_ONCE} at once, through WordPress: get_user_meta, then write"
    details = {"uses": uses, "lost": lost, "per_second": per_second}
    return [
        Result("plain-php", what, f"{per_second:,.0f}/s", "–", f"{lost:,} of {uses:,} lost", "–",
               True, details)
    ]  # fmt: skip


def _balance(site: WordPressSite) -> int:
    return int(site.wp_eval(f"echo get_user_meta( {USER}, '{BALANCE_KEY}', true );"))
