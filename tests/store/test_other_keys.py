"""Sites whose `usermeta` has other keys than WordPress's, as plugins for speed give it."""

import pytest

from bridge.domain.ids import UserId
from bridge.domain.quotas import Context, Module
from bridge.store.counters import list_counters
from tests.support.client import bearer, make_token
from tests.support.site import USERS, SiteDatabase
from tests.support.spending import BOT, Desk
from tests.support.visitor import FRAGMENT

BOB = USERS["bob"]
FASTER = """
    ALTER TABLE wp_usermeta ADD UNIQUE KEY umeta_id (umeta_id), DROP PRIMARY KEY,
          ADD PRIMARY KEY (user_id, meta_key, umeta_id), DROP KEY user_id, DROP KEY meta_key,
          ADD KEY meta_key (meta_key, user_id)
"""
NONE_BY_USER = "ALTER TABLE wp_usermeta DROP KEY user_id"


@pytest.mark.parametrize("change", [FASTER, NONE_BY_USER], ids=["faster", "none by user"])
def test_uses_are_booked_and_shown(site: SiteDatabase, change: str) -> None:
    site.run(change)
    desk = Desk(site)
    desk.give(100)

    desk.record(units=30)
    page = desk.client.get(FRAGMENT, headers=bearer(make_token(BOB)))

    assert (site.balance(BOB), page.status_code) == (70, 200)


def test_counters_of_all_are_found_by_the_rows_own_key(site: SiteDatabase) -> None:
    site.run(FASTER)
    desk = Desk(site)
    desk.give(0)
    desk.record(units=30)
    here = Context(Module.CHAT, BOT)

    with desk.bridge.db.reading() as tx:
        found = list_counters(tx, [here], 0)

    assert found.counters[UserId(BOB)][here].used >= 30


def test_keys_may_change_while_the_bridge_is_at_work(site: SiteDatabase) -> None:
    desk = Desk(site)
    desk.give(100)
    desk.record(units=10)
    site.run(FASTER)

    desk.record(units=20)

    assert site.balance(BOB) == 70
