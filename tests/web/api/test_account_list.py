"""`GET /v1/accounts`: users who own or have used credits, searched, sorted, filtered, paged."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from bridge.services.accounts import keep_summaries as summaries_job
from bridge.services.accounts.keep_summaries import keep_summaries
from bridge.store import account_list
from bridge.wiring import Bridge
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer, make_token
from tests.support.site import USERS, SiteDatabase
from tests.support.spending import NOON

Json = dict[str, Any]
SORTS = (
    "name", "email", "balance", "used_chat", "used_ai_forms", "used_image_generator",
    "last_purchase_at", "last_activity_at",
)  # fmt: skip
CROWD = range(101, 141)
"""Users beside the recorded ones: many have the same figures, so that ids break ties."""


@pytest.fixture(scope="module")
def bridge(shared_site: SiteDatabase) -> Bridge:
    site = shared_site
    bridge = site.bridge(now=NOON, security=api_key("read"))
    for user in CROWD:
        name = f"Renée {user % 4}" if user % 2 else f"zoë_{user % 3}%"
        site.run(
            "INSERT INTO wp_users (ID, user_login, user_email, display_name, user_registered)"
            " VALUES (%s, %s, %s, %s, '2020-01-01')",
            (user, f"crowd{user}", f"c{user}@{user % 5}.example", name),
        )
        role = "editor" if user % 10 == 0 else "customer"
        metas = {
            "_aipkit_token_balance": user % 7 * 100,
            "_aipkit_aiforms_tokens_used": user % 3 * 10,
            "_aipkit_aiforms_tokens_reset": int(NOON.timestamp()),
            "wp_capabilities": f'a:1:{{s:{len(role)}:"{role}";b:1;}}',
        }
        for key, value in metas.items():
            site.run(
                "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)",
                (user, key, value),
            )
        site.run(
            "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, operation,"
            " entry_type, created_at) VALUES (%s, 'user', 'chat', 'chat', 'usage', %s)",
            (user, f"2026-11-0{user % 3 + 1}"),
        )
    keep_summaries(bridge.db, bridge.site.get(), run_for_s=60)
    return bridge


@pytest.fixture(scope="module")
def client(bridge: Bridge) -> FlaskClient:
    return create_app(bridge).test_client()


def get(client: FlaskClient, **query: str | int) -> Json:
    answer = client.get("/v1/accounts", query_string=query, headers=bearer(API_KEY))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json  # type: ignore[assignment]  # it is an object
    return found


def ids(found: Json) -> list[int]:
    return [item["user_id"] for item in found["items"]]


def walk(client: FlaskClient, **query: str | int) -> list[Json]:
    items, cursor = [], ""
    while True:
        page = get(client, cursor=cursor, **query)
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def value_of(item: Json, sort: str) -> Any:
    module = sort.removeprefix("used_")
    return (
        item["used"][module]
        if module in item["used"]
        else ("" if item[sort] is None else item[sort])
    )


def test_a_line_says_what_the_account_says(client: FlaskClient) -> None:
    (alice,) = get(client, search="alice")["items"]

    assert alice == {
        "user_id": USERS["alice"],
        "name": "Alice Example",
        "email": "alice@example.com",
        "balance": 0,
        "used": {"chat": 0, "ai_forms": 1999, "image_generator": 0},
        "last_purchase_at": None,
        "last_activity_at": None,
    }


def test_a_line_says_when_something_was_last_used(client: FlaskClient) -> None:
    (found,) = get(client, search="crowd101")["items"]

    assert (found["balance"], found["used"]["ai_forms"]) == (300, 20)
    assert found["last_activity_at"] == "2026-11-03T00:00:00Z"


def test_who_owns_nothing_and_never_used_anything_is_not_listed(
    client: FlaskClient, shared_site: SiteDatabase
) -> None:
    shared_site.run(
        "INSERT INTO wp_users (ID, user_login, user_email, user_registered)"
        " VALUES (77, 'nobody', 'nobody@example.com', '2020-01-01')"
    )

    found = get(client, search="nobody")

    assert (found["items"], found["total"], found["next_cursor"]) == ([], 0, None)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_hold_everybody_once_in_order(client: FlaskClient, sort: str, order: str) -> None:
    items = walk(client, sort=sort, order=order, limit=7)

    everybody = {item["user_id"] for item in items}
    assert len(everybody) == len(items) == get(client)["total"] > len(CROWD)
    if sort not in ("name", "email"):  # their order is the database's, which knows accents
        keys = [(value_of(item, sort), item["user_id"]) for item in items]
        assert keys == sorted(keys, reverse=order == "desc")


def test_names_sort_as_people_do(client: FlaskClient) -> None:
    names = [item["name"] for item in walk(client, sort="name", limit=50)]

    assert names.index("Alice Example") < names.index("Renée 1") < names.index("zoë_0%")


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ("CROWD11", set(range(110, 120))),
        ("renee", {user for user in CROWD if user % 2}),
        ("zoe_1%", {user for user in CROWD if not user % 2 and user % 3 == 1}),
        ("_", {user for user in CROWD if not user % 2}),
        ("@3.example", {user for user in CROWD if user % 5 == 3}),
        ("139", {139}),
        ("nobody at all", set()),
    ],
)
def test_a_search_finds_any_part_without_case_and_accents(
    client: FlaskClient, search: str, wanted: set[int]
) -> None:
    found = get(client, search=search, limit=100)

    assert set(ids(found)) == wanted
    assert found["total"] == len(wanted)


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ("CROWD11", set(range(110, 120))),
        ("renee", {user for user in CROWD if user % 2}),
        ("example", set()),
        ("c103@", {103}),
        ("13", set(range(130, 140))),
        ("zoe_1%", {user for user in CROWD if not user % 2 and user % 3 == 1}),
    ],
)
@pytest.mark.parametrize("counted", [10_000, 3])
def test_among_very_many_a_search_finds_beginnings(
    client: FlaskClient,
    search: str,
    wanted: set[int],
    counted: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(summaries_job, "SEARCHES_ANYWHERE", 10)
    monkeypatch.setattr(account_list, "MAX_COUNTED", counted)

    found = walk(client, search=search, sort="balance", order="desc", limit=3)

    found_ids = [item["user_id"] for item in found]
    assert sorted(found_ids) == sorted(wanted - {user for user in wanted if user not in CROWD})
    assert [item["balance"] for item in found] == sorted(
        (user % 7 * 100 for user in found_ids), reverse=True
    )


@pytest.mark.parametrize(("counted", "candidates"), [(10_000, 20_000), (3, 20_000), (3, 3)])
@pytest.mark.parametrize("is_beginning", [False, True])
@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ("has_balance", lambda user: user % 7),
        ("used_ai_forms>=20", lambda user: user % 3 == 2),
        ("role:editor", lambda user: user % 10 == 0),
        ("has_balance,used_ai_forms>=10,role:customer",
         lambda user: user % 7 and user % 3 and user % 10),
        ("role:nobody", lambda _: False),
    ],
)  # fmt: skip
def test_filters_hold_together(
    client: FlaskClient,
    wanted: str,
    holds: Any,
    is_beginning: bool,
    counted: int,
    candidates: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account_list, "MAX_COUNTED", counted)
    monkeypatch.setattr(account_list, "MAX_CANDIDATES", candidates)
    monkeypatch.setattr("bridge.services.accounts.list_accounts.MAX_COUNTED", counted)
    monkeypatch.setattr(summaries_job, "SEARCHES_ANYWHERE", 10 if is_beginning else 100_000)
    query = {"filter": wanted, "search": "crowd", "sort": "used_ai_forms"}

    total, found = get(client, **query)["total"], walk(client, **query, limit=4)

    members = [user for user in CROWD if holds(user)]
    assert sorted(item["user_id"] for item in found) == members
    assert total == min(len(members), counted)


@pytest.mark.parametrize("candidates", [20_000, 3])
def test_who_meets_a_condition_in_two_ways_counts_once(
    client: FlaskClient,
    shared_site: SiteDatabase,
    candidates: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The recorded users' e-mail addresses and names begin as their logins do."""
    monkeypatch.setattr(summaries_job, "SEARCHES_ANYWHERE", 10)
    monkeypatch.setattr(account_list, "MAX_CANDIDATES", candidates)

    for query in ({"search": "alice"}, {"search": "alice", "filter": "used_ai_forms>=1"}):
        assert (ids(get(client, **query)), get(client, **query)["total"]) == ([USERS["alice"]], 1)


def test_the_total_is_a_minimum_beyond_what_is_counted(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "bridge.services.accounts.list_accounts.MAX_COUNTED"
    monkeypatch.setattr(account_list, "MAX_COUNTED", 10)
    monkeypatch.setattr(module, 10)

    many, few = get(client), get(client, filter="role:editor")

    assert (many["total"], many["total_is_minimum"]) == (10, True)
    assert (few["total"], "total_is_minimum" in few) == (4, False)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": "login"}, "sort"),
        ({"order": "up"}, "order"),
        ({"filter": "balance>=3"}, "filter"),
        ({"filter": "used_chat>=-1"}, "filter"),
        ({"filter": "used_mind>=1"}, "filter"),
        ({"filter": "role:"}, "filter"),
        ({"search": "x" * 101}, "search"),
        ({"limit": "101"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "WzFd"}, "cursor"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(
    client: FlaskClient, query: dict[str, str], field: str
) -> None:
    answer = client.get("/v1/accounts", query_string=query, headers=bearer(API_KEY))

    assert answer.status_code == 400
    assert answer.json["detail"].startswith(f"{field}:")  # type: ignore[index]  # it is an object


def test_a_cursor_belongs_to_its_order(client: FlaskClient) -> None:
    cursor = get(client, sort="balance", limit=1)["next_cursor"]

    for query in ({"sort": "email"}, {"sort": "balance", "order": "desc"}):
        answer = client.get(
            "/v1/accounts", query_string={"cursor": cursor, **query}, headers=bearer(API_KEY)
        )
        assert answer.status_code == 400


def test_a_token_sees_no_list(client: FlaskClient) -> None:
    answer = client.get("/v1/accounts", headers=bearer(make_token(USERS["alice"])))

    assert answer.status_code == 403
