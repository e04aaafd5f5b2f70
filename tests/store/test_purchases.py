"""The pages of a purchase history, against the list of all purchases in plain Python."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from bridge.domain.ids import UserId
from bridge.domain.paging import Cursor
from bridge.store.purchases import ask_purchases
from tests.support.site import SiteDatabase

START = datetime(2026, 3, 1, tzinfo=UTC)
USER = UserId(77)
ORDER = (
    "INSERT INTO wp_aipkit_bridge_orders (order_id, account_id, granted, granted_at,"
    " first_seen_at) VALUES (%s, %s, %s, %s, '2026-01-01')"
)
ENTRY = (
    "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, context_type, context_id,"
    " operation, entry_type, credits_delta, created_at)"
    " VALUES (%s, 'user', 'woocommerce', 'order', %s, 'purchase', 'purchase', 5, %s)"
)


@pytest.mark.parametrize("seed", range(6))
def test_each_page_is_that_part_of_the_whole_history(site: SiteDatabase, seed: int) -> None:
    chosen, bridge = Random(seed), site.bridge()
    history = []
    for order_id in range(1, 61):
        at = START + timedelta(minutes=chosen.randrange(20 if seed % 2 else 10_000))
        known = chosen.random() < (seed + 1) / 7
        if known:
            site.run(ORDER, (order_id, USER, chosen.choice((0, 5)), at))
        if not known or chosen.random() < 0.5:
            site.run(ENTRY, (USER, order_id, at))
        row = site.order(order_id)
        if not known or (row and row["granted"]) or _is_in_ledger(site, order_id):
            history.append((at, order_id))
        site.run(ORDER, (order_id + 100, USER + 1, 5, at))
    history.sort(reverse=True)

    def page(limit: int, offset: int = 0, before: Cursor[datetime] | None = None) -> list[object]:
        with bridge.db.reading() as tx:
            query = ask_purchases(tx, USER, limit=limit, offset=offset, before=before)
            found = tx.ask(query)
        return [(one.at, one.order_id) for one in found]

    assert page(100) == history
    for offset in (0, 7, 30, len(history), 100):
        assert page(11, offset) == history[offset : offset + 11]
    for place, (at, order_id) in enumerate(history):
        assert page(3, before=Cursor(at, order_id)) == history[place + 1 : place + 4]


def _is_in_ledger(site: SiteDatabase, order_id: int) -> bool:
    sql = "SELECT 1 FROM wp_aipkit_token_ledger WHERE user_id = %s AND context_id = %s"
    return bool(site.rows(sql, (USER, order_id)))


def test_a_page_reads_no_more_of_a_long_history_than_of_a_short_one(site: SiteDatabase) -> None:
    bridge = site.bridge()
    for order_id in range(1, 601):
        at = START + timedelta(minutes=order_id)
        site.run(ORDER, (order_id, USER, 5, at))
        site.run(ENTRY, (USER, order_id, at))
    rows_read = "SHOW SESSION STATUS WHERE Variable_name LIKE 'Handler_read%'"

    with bridge.db.reading() as tx:
        before = sum(int(row["Value"]) for row in tx.all(rows_read))
        tx.ask(ask_purchases(tx, USER, limit=11))
        after = sum(int(row["Value"]) for row in tx.all(rows_read))

    assert after - before < 300
