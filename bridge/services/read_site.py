"""The site's options, roles and limits, at most five seconds old."""

from bridge.domain.site import Site
from bridge.services.cached_value import CachedValue
from bridge.store.db import Database
from bridge.store.wp_options import read_site

MAX_AGE_S = 5.0


class SiteReader(CachedValue[Site]):
    """Reads the site, and lends what it read for a few seconds."""

    def __init__(self, db: Database, *, max_age_s: float = MAX_AGE_S) -> None:
        """Read nothing yet."""
        super().__init__(db, read_site, max_age_s=max_age_s)
