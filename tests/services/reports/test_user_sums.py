"""Who used most: the sums that the worker keeps say what the ledger says, at any moment."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from bridge.domain.reports import Span
from bridge.domain.used_by import UserUse
from bridge.services.books.correct_sums import correct_user_sums
from bridge.services.reports.keep_user_days import keep_user_days
from bridge.services.reports.users_of_span import users_of_span
from bridge.services.reports.view_span import instants_of
from bridge.store import used_by
from bridge.wiring import Bridge
from demo.private_server import PrivateServer
from tests.support.oracle import explore
from tests.support.site import SiteDatabase
from tests.support.snapshot import Snapshot

NOW = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)
SPANS = (
    Span(date(2026, 11, 24), date(2026, 11, 24)),
    Span(date(2026, 11, 23), date(2026, 11, 23)),
    Span(date(2026, 11, 18), date(2026, 11, 24)),
    Span(date(2026, 11, 1), date(2026, 11, 30)),
    Span(date(2026, 10, 1), date(2026, 10, 31)),
    Span(date(2026, 1, 1), date(2026, 11, 24)),
    Span(date(2025, 12, 30), date(2026, 11, 2)),
    Span(date(2024, 1, 1), date(2026, 12, 31)),
)
_USE = """
    INSERT INTO wp_aipkit_token_ledger
           (user_id, session_id, actor_type, module, operation, credits_delta, entry_type, meta,
            created_at)
    VALUES (%s, %s, 'user', 'chat', 'chat', %s, %s, %s, %s)
"""
uses = st.lists(
    st.tuples(
        st.sampled_from((None, 5, 6, 7, 8, 9)),
        st.integers(-40, 200),
        st.integers(0, 400 * 24 * 60),
    ),
    max_size=25,
)


def use(site: SiteDatabase, user: int | None, credits: int, minutes_ago: int) -> None:
    at = (NOW - timedelta(minutes=minutes_ago)).replace(tzinfo=None)
    meta = json.dumps({"billed_credits": credits}) if credits % 3 else None
    session = None if user else "guest"
    site.run(_USE, (user, session, -credits, "usage" if credits else "purchase", meta, at))


def by_ledger(bridge: Bridge, span: Span, limit: int) -> list[UserUse]:
    with bridge.db.reading() as tx:
        return used_by.by_user(tx, *instants_of(bridge.site.get().calendar, span), limit)


def by_sums(bridge: Bridge, span: Span, limit: int) -> Any:
    with bridge.db.reading() as tx:
        return users_of_span(tx, bridge.site.get().calendar, span, limit)


def keep(bridge: Bridge) -> int:
    return keep_user_days(bridge.db, run_for_s=60)


@pytest.fixture(scope="module")
def kept(shared_site: SiteDatabase, server: PrivateServer) -> Iterator[Snapshot]:
    shared_site.run("DELETE FROM wp_aipkit_token_ledger")
    shared_site.bridge(now=NOW)
    snapshot = Snapshot(server, shared_site.name, state="of_user_sums")
    yield snapshot
    snapshot.drop()


@explore(3, HealthCheck.function_scoped_fixture)
@given(uses, uses)
@example([(5, 100, 60 * 24), (6, 99, 60 * 24)], [(5, -30, 3), (None, 40, 2)])
@example([(5, 10, 12 * 60 + 5), (6, 10, 12 * 60 + 6)], [(7, 10, 1)])  # about the site's midnight
def test_property_sums_and_what_is_younger_say_what_the_ledger_says(
    kept: Snapshot,
    shared_site: SiteDatabase,
    before: list[tuple[int | None, int, int]],
    young: list[tuple[int | None, int, int]],
) -> None:
    kept.put_back()
    bridge = shared_site.bridge(now=NOW)
    for user, credits, minutes_ago in before:
        use(shared_site, user, credits, 30 + minutes_ago)
    keep(bridge)
    for user, credits, minutes_ago in young:
        use(shared_site, user, credits, minutes_ago % 15)

    found = {(span, limit): by_sums(bridge, span, limit) for span in SPANS for limit in (2, 50)}

    for (span, limit), users in found.items():
        assert users == by_ledger(bridge, span, limit), span
    assert keep(bridge) == 0, "each row is summed once"
    shared_site.close_bridges()


def test_sums_are_put_right_and_begin_anew_in_another_zone(
    kept: Snapshot, shared_site: SiteDatabase
) -> None:
    kept.put_back()
    for minutes in range(0, 60 * 24 * 3, 100):
        use(shared_site, 5 + minutes % 3, minutes, 60 + minutes)
    bridge = shared_site.bridge(now=NOW)
    keep(bridge)
    use(shared_site, 7, 70, 60 * 24)  # committed too late to be summed

    assert correct_user_sums(bridge.db) > 0
    assert correct_user_sums(bridge.db) == 0
    by_module = shared_site.value("SELECT SUM(credits) FROM wp_aipkit_bridge_user_days")
    by_day = "SELECT SUM(credits) FROM wp_aipkit_bridge_user_sums WHERE kind = 1"
    assert by_module == shared_site.value(by_day)
    for span in SPANS[:4]:
        assert by_sums(bridge, span, 50) == by_ledger(bridge, span, 50)

    shared_site.run("UPDATE wp_options SET option_value = 'America/New_York'"
                    " WHERE option_name = 'timezone_string'")  # fmt: skip
    moved = shared_site.bridge(now=NOW)
    for _ in range(2):  # before and after the worker has been there
        for span in SPANS:
            assert by_sums(moved, span, 50) == by_ledger(moved, span, 50)
        keep(moved)
    shared_site.close_bridges()


def test_a_month_of_many_users_is_read_from_its_first_ones(
    kept: Snapshot, shared_site: SiteDatabase
) -> None:
    kept.put_back()
    shared_site.run(
        "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, operation,"
        " credits_delta, entry_type, created_at) SELECT 1000 + seq, 'user', 'chat', 'chat',"
        " -seq, 'usage', '2026-11-10' FROM seq_1_to_3000"
    )
    bridge = shared_site.bridge(now=NOW)
    keep(bridge)
    calendar = bridge.site.get().calendar
    for span in (SPANS[3], SPANS[5], Span(date(2026, 11, 10), date(2026, 11, 10))):
        with bridge.db.reading() as tx:
            tx.run("FLUSH STATUS")
            users = users_of_span(tx, calendar, span, 50)
            ids = [one.user_id for one in users]
            models = used_by.by_model(tx, *instants_of(calendar, span), ids, 50)
            rows = tx.all("SHOW SESSION STATUS LIKE 'Handler_read%%'")

        assert [one.credits for one in users] == list(range(3000, 2950, -1))
        assert [one.user_id for one in models] == ids
        assert sum(int(row["Value"]) for row in rows) < 500
    shared_site.close_bridges()
