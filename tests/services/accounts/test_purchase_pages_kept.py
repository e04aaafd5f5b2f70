"""What is kept of purchases is bounded, in number and in age."""

from bridge.domain.ids import Credits, UserId
from bridge.services.accounts.page_purchases import PurchaseHistory
from tests.support.site import SiteDatabase


def test_pages_that_are_too_old_or_too_many_are_dropped(site: SiteDatabase) -> None:
    now = 1000.0
    pager = PurchaseHistory(site.bridge().db, max_age_s=5, most=3, timer=lambda: now)
    for user in range(1, 5):
        now += 1
        pager.get(UserId(user), 1, balance=Credits(0))
    assert [key[0] for key in pager._kept] == [2, 3, 4]

    now += 4
    pager.get(UserId(9), 1, balance=Credits(0))

    assert [key[0] for key in pager._kept] == [4, 9]
