"""A site for one test, as it was kept for all of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.processes import ended_with_the_test
from tests.support.site import SiteDatabase
from tests.support.snapshot import Snapshot


@contextmanager
def fresh_site(kept: Snapshot) -> Iterator[SiteDatabase]:
    """Put back what was kept; afterwards close what the test opened, and end its processes."""
    kept.put_back()
    with SiteDatabase(kept.server, kept.name) as site, ended_with_the_test():
        yield site
