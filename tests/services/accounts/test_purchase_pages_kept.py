"""What is kept of purchases is bounded, in number and in age."""

import pytest

from bridge.domain.ids import UserId
from bridge.services.accounts import page_purchases
from bridge.services.accounts.page_purchases import PurchasePager
from tests.support.site import SiteDatabase


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


def test_pages_that_are_too_old_or_too_many_are_dropped(
    site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(page_purchases, "time", clock)
    monkeypatch.setattr(page_purchases, "_KEPT", 3)
    pager = PurchasePager(site.bridge().db, max_age_s=5)
    for user in range(1, 5):
        clock.now += 1
        pager.get(UserId(user), 1, balance=0)
    assert [key[0] for key in pager._kept] == [2, 3, 4]

    clock.now += 4
    pager.get(UserId(9), 1, balance=0)

    assert [key[0] for key in pager._kept] == [4, 9]
