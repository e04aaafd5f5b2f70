"""A value that is lent is as old as it may be, and no older."""

from itertools import count

from bridge.services.cached_value import CachedValue
from bridge.store.tx import Tx
from tests.support.site import SiteDatabase


def test_a_value_is_read_again_once_it_is_too_old_or_forgotten(site: SiteDatabase) -> None:
    now, numbers = 1000.0, count()
    kept = CachedValue(site.bridge().db, lambda _: next(numbers), max_age_s=5, timer=lambda: now)

    assert (kept.get(), kept.get()) == (0, 0)
    now += 4.9
    assert kept.get() == 0
    now += 0.1
    assert kept.get() == 1
    kept.forget()
    assert kept.get() == 2


def test_its_age_counts_from_when_its_reading_began(site: SiteDatabase) -> None:
    now = 1000.0

    def read_slowly(_: Tx) -> float:
        nonlocal now
        begun = now
        now += 3
        return begun

    kept = CachedValue(site.bridge().db, read_slowly, max_age_s=5, timer=lambda: now)

    assert kept.get() == 1000
    now += 1.9
    assert kept.get() == 1000
    now += 0.1
    assert kept.get() == 1005
