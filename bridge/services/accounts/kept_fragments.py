"""What visitors' pages were answered, kept while nothing that it shows has changed."""

import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import TypeAlias

from cachetools import TTLCache

from bridge.domain.site import Site

MAX_BYTES = 4 * 1024 * 1024
"""Of a process: the pages of about two thousand visitors."""

MAX_AGE_S = 60
"""
For what no version tells: that the peer's row of the ledger was dated back, or deleted.
It is also how long the plugin may show a fragment without asking again.
"""
_OVERHEAD = 768
"""What an entry takes besides its body and its query."""

_Key: TypeAlias = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Fragment:
    """One answer. Its HTML is packed: thousands are kept, and unpacking takes 15 µs."""

    packed: bytes
    etag: str  # another one with another body
    language: str
    version: str  # of all that is shown; empty: nobody may keep it
    stands_until: datetime | None  # by the database's clock
    facts: bytes  # the digest of the rows that it was made of

    @property
    def body(self) -> bytes:
        """The HTML."""
        return zlib.decompress(self.packed)

    def shows(self, facts: bytes, moment: datetime) -> bool:
        """Say whether it is what would be made of these rows at that moment."""
        in_time = self.stands_until is None or moment < self.stands_until
        return in_time and self.facts == facts

    def seconds_after(self, moment: datetime | None) -> int:
        """Return for how long it may be shown from *moment* on, unless its version changes."""
        if self.stands_until is None or moment is None:
            return MAX_AGE_S
        left = (self.stands_until - moment).total_seconds()
        return max(0, min(MAX_AGE_S, int(left)))


def make_fragment(
    html: str,
    language: str,
    *,
    version: str = "",
    stands_until: datetime | None = None,
    facts: bytes = b"",
) -> Fragment:
    """Return an answer."""
    body = html.encode()
    etag = sha256(body).hexdigest()[:32]
    return Fragment(zlib.compress(body, 1), etag, language, version, stands_until, facts)


class KeptFragments:
    """Keeps fragments of one state of the site's settings, those that were asked for last."""

    def __init__(
        self, max_bytes: int = MAX_BYTES, timer: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep none yet."""
        self._lock = Lock()
        self._site: Site | None = None
        self._kept: TTLCache[_Key, tuple[int, Fragment], float] = TTLCache(
            max_bytes, MAX_AGE_S, timer, getsizeof=lambda value: value[0]
        )

    @property
    def size(self) -> float:
        """About how much memory what is kept takes."""
        return float(self._kept.currsize)

    def find(self, site: Site, user_id: int, query: bytes) -> Fragment | None:
        """Return what was last made for a user's query under the very settings *site*."""
        with self._lock, suppress(KeyError):
            return self._kept[user_id, query][1] if site is self._site else None
        return None

    def keep(self, site: Site, user_id: int, query: bytes, fragment: Fragment) -> None:
        """Keep a fragment made under *site*; those of other settings are forgotten."""
        size = len(fragment.packed) + len(query) + _OVERHEAD
        with self._lock:
            if site is not self._site:
                self._site = site
                self._kept.clear()
            if size <= self._kept.maxsize:
                self._kept[user_id, query] = size, fragment
