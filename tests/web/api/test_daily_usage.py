"""`GET /v1/usage/daily`: what the site used, by its own days."""

import pytest
from flask.testing import FlaskClient

from bridge.services.reports.usage_by_day import keep_usage_slots
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer, make_token
from tests.support.site import USERS, SiteDatabase
from tests.support.spending import NOON, Desk, json_of

INSERT = """
    INSERT INTO wp_aipkit_token_ledger
           (user_id, session_id, actor_type, module, operation, credits_delta, entry_type, meta,
            created_at)
    VALUES (3, NULL, 'user', %s, 'x', %s, %s, %s, %s)
"""


@pytest.fixture
def site_with_uses(site: SiteDatabase) -> SiteDatabase:
    site.run("DELETE FROM wp_aipkit_token_ledger")
    rows = [
        ("chat", -5, "usage", '{"billed_credits": 12}', "2026-11-22 20:59:59"),  # 23:59:59 there
        ("chat", -5, "usage", '{"billed_credits": 1}', "2026-11-22 21:00:00"),
        ("chat", 0, "usage", '{"billed_credits": "30"}', "2026-11-23 20:59:59"),
        ("chat", -7, "usage", None, "2026-11-23 10:00:00"),
        ("chat", -8, "usage", "{broken", "2026-11-23 10:00:00"),
        ("chat", 4, "usage", '{"billed_credits": -4}', "2026-11-23 10:00:00"),  # given back
        ("ai_forms", -9, "usage", "{}", "2026-11-23 10:00:00"),
        ("content_writer", -9, "usage", "{}", "2026-11-23 10:00:00"),
        ("chat", 500, "purchase", "{}", "2026-11-23 10:00:00"),
        ("chat", -2, "usage", "{}", "2026-11-24 08:55:00"),
    ]
    for module, delta, entry_type, meta, at in rows:
        site.run(INSERT, (module, delta, entry_type, meta, at))
    return site


def client_of(site: SiteDatabase) -> FlaskClient:
    return create_app(site.bridge(now=NOON, security=api_key("read", "usage"))).test_client()


def days(client: FlaskClient, **query: str) -> dict[tuple[str, str], int]:
    answer = client.get("/v1/usage/daily", query_string=query, headers=bearer(API_KEY))
    assert answer.status_code == 200, answer.text
    items = json_of(answer)["items"]
    found = {(item["date"], item["module"]): item["credits"] for item in items}
    assert len(found) == len(items)
    return found


@pytest.mark.parametrize("is_kept", [False, True])
def test_days_are_the_sites_and_what_was_used_counts_in_full(
    site_with_uses: SiteDatabase, is_kept: bool
) -> None:
    client = client_of(site_with_uses)
    if is_kept:
        assert keep_usage_slots(site_with_uses.bridges[0].db) == 6
        assert keep_usage_slots(site_with_uses.bridges[0].db) == 0

    found = days(client, **{"from": "2026-11-22", "to": "2026-11-24"})

    assert {place: credits for place, credits in found.items() if credits} == {
        ("2026-11-22", "chat"): 12,
        ("2026-11-23", "chat"): 1 + 30 + 7 + 8 - 4,
        ("2026-11-23", "ai_forms"): 9,
        ("2026-11-24", "chat"): 2,
    }
    assert len(found) == 3 * 3, "days and modules without use have zeros"


def test_kept_quarters_are_not_summed_again(
    site_with_uses: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(site_with_uses)
    keep_usage_slots(site_with_uses.bridges[0].db)
    site_with_uses.run("DELETE FROM wp_aipkit_token_ledger WHERE created_at < '2026-11-24'")

    assert sum(days(client).values()) == 12 + 42 + 9 + 2


def test_what_is_spent_now_shows_at_once(site: SiteDatabase) -> None:
    desk = Desk(site)
    desk.record(units=70)
    desk.advance(1)

    found = days(desk.client, module="chat", **{"from": "2026-11-24"})

    assert found == {("2026-11-24", "chat"): 70}


def test_without_days_it_is_the_last_thirty(site: SiteDatabase) -> None:
    found = days(client_of(site), module="image_generator")

    assert len(found) == 30
    assert max(found)[0] == "2026-11-24"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"to": "0001-01-01"}, "to"),
        ({"from": "2026-11-25", "to": "2026-11-24"}, "from"),
        ({"from": "2025-11-23", "to": "2026-11-24"}, "from"),
        ({"module": "mind"}, "module"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(
    site: SiteDatabase, query: dict[str, str], field: str
) -> None:
    answer = client_of(site).get("/v1/usage/daily", query_string=query, headers=bearer(API_KEY))

    assert answer.status_code == 400
    assert json_of(answer)["detail"].startswith(f"{field}:")


def test_a_token_sees_nothing_of_the_whole_site(site: SiteDatabase) -> None:
    answer = client_of(site).get("/v1/usage/daily", headers=bearer(make_token(USERS["bob"])))

    assert answer.status_code == 403
