"""The site's options, roles and limits, at most five seconds old (CONTRACT section 5)."""

import time
from threading import Lock

from bridge.store.db import Database
from bridge.store.wp_options import Site, read_site

MAX_AGE_S = 5.0


class SiteReader:
    """Reads the site, and lends what it read for a few seconds."""

    def __init__(self, db: Database, *, max_age_s: float = MAX_AGE_S) -> None:
        """Read nothing yet."""
        self._db = db
        self._max_age_s = max_age_s
        self._lock = Lock()
        self._site: Site | None = None
        self._read_at = 0.0

    def get(self) -> Site:
        """Return the site; threads that come while it is read wait for it."""
        with self._lock:
            now = time.monotonic()
            if self._site is None or now - self._read_at >= self._max_age_s:
                with self._db.reading() as tx:
                    self._site = read_site(tx)
                self._read_at = now
            return self._site
