"""What is refused before anything is read under a lock: 4xx, the field named, nothing written."""

import json
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer, make_token
from tests.support.site import IDS, USERS, SiteDatabase

BOT, BOB = IDS["bots"]["Support Bot"], USERS["bob"]
GOOD: dict[str, Any] = {
    "actor": {"user_id": BOB},
    "module": "chat",
    "context_id": BOT,
    "units": 100,
}
BAD: list[tuple[dict[str, object], int, str]] = [
    ({"units": -1}, 400, "units"),
    ({"units": 1.5}, 400, "units"),
    ({"units": 2**63}, 400, "units"),
    ({"units": "5"}, 400, "units"),
    ({"units": None}, 400, "units"),
    ({"units": True}, 400, "units"),
    ({"module": "video"}, 400, "module"),
    ({"module": "ai_forms"}, 400, "context_id"),
    ({"context_id": 12}, 400, "context_id"),
    ({"context_id": None}, 400, "context_id"),
    ({"context_id": 2**64}, 400, "context_id"),
    ({"actor": {"user_id": 4711}}, 404, "4711"),
    ({"actor": {"user_id": 0}}, 400, "user_id"),
    ({"actor": {"session_id": ""}}, 400, "session_id"),
    ({"actor": {"session_id": "x" * 65}}, 400, "session_id"),
    ({"actor": {"session_id": "ünsal"}}, 400, "session_id"),
    ({"usage": {"data": {"input_tokens": -5}}}, 400, "input_tokens"),
    ({"usage": {"data": {"input_tokens": "5"}}}, 400, "input_tokens"),
    ({"usage": {"data": {"total_tokens": 0.5}}}, 400, "total_tokens"),
    ({"usage": {"data": [1]}}, 400, "data"),
    ({"usage": {"scope": {"type": "module", "id": 1}}}, 400, "scope"),
    ({"units": None, "usage": {"data": {"words": 5}}}, 422, "usage"),
    ({"surprise": 1}, 400, "surprise"),
]


NEW = "a key that was never used"
_numbers = count(1)


@pytest.fixture(scope="module")
def site(shared_site: SiteDatabase) -> SiteDatabase:
    return shared_site


@pytest.fixture(scope="module")
def client(site: SiteDatabase) -> FlaskClient:
    return create_app(site.bridge(security=api_key("usage"))).test_client()


def new_key() -> str:
    return f"key-{next(_numbers)}"


def snapshot(site: SiteDatabase) -> dict[str, Any]:
    """All rows of every table that spending writes."""
    tables = (
        "usermeta", "aipkit_token_ledger", "aipkit_guest_token_usage", "aipkit_bridge_accounts",
        "aipkit_bridge_guests", "aipkit_bridge_holds", "aipkit_bridge_idempotency",
    )  # fmt: skip
    return {table: site.rows(f"SELECT * FROM wp_{table}") for table in tables}


def send(
    client: FlaskClient, path: str, body: object, key: str | None = NEW, **headers: str
) -> tuple[int, Any]:
    key = new_key() if key == NEW else key
    named = {"Idempotency-Key": key} if key is not None else {}
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    answer = client.post(path, data=data, headers={**bearer(API_KEY), **named, **headers})
    return answer.status_code, answer.json


def with_change(change: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**GOOD, **change}.items() if value is not None}


@pytest.mark.parametrize("path", ["/v1/usage/record", "/v1/holds"])
@pytest.mark.parametrize(("change", "status", "field"), BAD)
def test_a_bad_body_names_its_field_and_writes_nothing(
    client: FlaskClient,
    site: SiteDatabase,
    path: str,
    change: dict[str, object],
    status: int,
    field: str,
) -> None:
    before = snapshot(site)

    got, answer = send(client, path, with_change(change))

    assert (got, field in answer["detail"]) == (status, True), answer
    assert snapshot(site) == before


@pytest.mark.parametrize(("change", "status", "field"), BAD)
def test_a_bad_event_of_a_batch_is_refused_alone(
    client: FlaskClient,
    site: SiteDatabase,
    change: dict[str, object],
    status: int,
    field: str,
) -> None:
    rows = len(site.ledger())
    good = {**GOOD, "idempotency_key": new_key()}
    bad = {**with_change(change), "idempotency_key": new_key()}

    got, answer = send(client, "/v1/usage/batch", {"events": [bad, good]}, None)

    assert got == 200
    refused, booked = answer["results"]
    assert (refused["status"], field in refused["detail"]) == (status, True), refused
    assert booked["status"] == 201
    assert len(site.ledger()) == rows + 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ttl_seconds": 0}, "ttl_seconds"),
        ({"ttl_seconds": 86_401}, "ttl_seconds"),
        ({"ttl_seconds": 1.5}, "ttl_seconds"),
        ({"on_expiry": "keep"}, "on_expiry"),
        ({"reference": "x"}, "reference"),
    ],
)
def test_a_holds_own_fields_are_checked(
    client: FlaskClient, change: dict[str, object], field: str
) -> None:
    status, answer = send(client, "/v1/holds", {**GOOD, **change})

    assert (status, field in answer["detail"]) == (400, True)


def nested(levels: int) -> object:
    """Return an object of so many levels."""
    inner: object = 1
    for _ in range(levels):
        inner = {"a": inner}
    return inner


@pytest.mark.parametrize(("spaces", "status"), [(0, 201), (2**20 - 1000, 201), (2**20, 413)])
def test_a_body_in_chunks_is_read_to_its_end_or_refused(
    client: FlaskClient, spaces: int, status: int
) -> None:
    body = json.dumps(GOOD).encode() + b" " * spaces

    answer = client.post(
        "/v1/usage/record",
        headers={**bearer(API_KEY), "Idempotency-Key": f"in chunks {spaces}"},
        input_stream=BytesIO(body),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("number", ["1e400", "-1e999"])
def test_a_number_that_json_cannot_say_again_is_refused(client: FlaskClient, number: str) -> None:
    text = json.dumps({**GOOD, "metadata": {"a": 0}}).replace('"a": 0', f'"a": {number}')
    headers = {**bearer(API_KEY), "Idempotency-Key": number, "Content-Type": "application/json"}

    answer = client.post("/v1/usage/record", headers=headers, data=text)

    assert answer.status_code == 400
    assert "metadata" in answer.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reference": "x" * 192}, "reference"),
        ({"metadata": {"note": "x" * 1024}}, "metadata"),
        ({"metadata": "note"}, "metadata"),
        ({"metadata": nested(17)}, "metadata"),
        ({"metadata": nested(100)}, "metadata"),
        ({"usage": {"provider": "x" * 51, "data": {"units": 1}}}, "provider"),
        ({"usage": {"operation": "x" * 51, "data": {"units": 1}}}, "operation"),
        ({"usage": {"model": "x" * 192, "data": {"units": 1}}}, "model"),
        ({"ttl_seconds": 60}, "ttl_seconds"),
    ],
)
def test_a_records_own_fields_are_checked(
    client: FlaskClient, change: dict[str, object], field: str
) -> None:
    status, answer = send(client, "/v1/usage/record", {**GOOD, **change})

    assert (status, field in answer["detail"]) == (400, True)


@pytest.mark.parametrize("key", [None, "", "x" * 256, "schlüssel", "tab\there"])
@pytest.mark.parametrize("path", ["/v1/usage/record", "/v1/holds"])
def test_a_key_is_1_to_255_printable_characters(
    client: FlaskClient, site: SiteDatabase, path: str, key: str | None
) -> None:
    before = snapshot(site)

    status, answer = send(client, path, GOOD, key)

    assert (status, "Idempotency-Key" in answer["detail"]) == (400, True)
    assert snapshot(site) == before


@pytest.mark.parametrize(
    "body",
    [
        '{"units": 1',
        "",
        "[]",
        "null",
        b"\xff\xfe{}",
        '{"units": NaN}',
        "[" * 5000,
        '{"a":' * 5000,
    ],
)
@pytest.mark.parametrize("path", ["/v1/usage/check", "/v1/usage/record", "/v1/usage/batch"])
def test_what_is_no_json_object_is_refused(
    client: FlaskClient, path: str, body: str | bytes
) -> None:
    status, answer = send(client, path, body)

    assert (status, answer["code"], "body" in answer["detail"]) == (400, "invalid_input", True)


def test_a_field_that_is_there_twice_is_refused(client: FlaskClient, site: SiteDatabase) -> None:
    before = snapshot(site)
    text = json.dumps(GOOD).replace('"units": 100', '"units": 100, "units": 1')

    status, answer = send(client, "/v1/usage/record", text)

    assert (status, "units" in answer["detail"]) == (400, True)
    assert snapshot(site) == before


def test_two_mebibytes_are_too_much(client: FlaskClient) -> None:
    body = {**GOOD, "metadata": {"x": "y" * (2 * 1024 * 1024)}}

    assert send(client, "/v1/usage/record", body)[0] == 413
    assert send(client, "/v1/usage/batch", {"events": [body]})[0] == 413


@pytest.mark.parametrize("events", [None, [], {}, "x", [GOOD] * 1001])
def test_a_batch_has_1_to_1000_events(client: FlaskClient, events: object) -> None:
    status, answer = send(client, "/v1/usage/batch", {"events": events})

    assert (status, "events" in answer["detail"]) == (400, True)


def test_events_without_a_key_or_of_no_object_are_refused_alone(client: FlaskClient) -> None:
    events = [GOOD, 5, {**GOOD, "idempotency_key": 7}]

    _, answer = send(client, "/v1/usage/batch", {"events": events})

    assert [result["status"] for result in answer["results"]] == [400, 400, 400]
    assert all(f"events.{at}" in r["detail"] for at, r in enumerate(answer["results"]))


def test_a_key_used_twice_in_a_batch_is_booked_once(
    client: FlaskClient, site: SiteDatabase
) -> None:
    rows = len(site.ledger())
    event = {**GOOD, "idempotency_key": new_key()}
    other = {**event, "units": 5}

    _, answer = send(client, "/v1/usage/batch", {"events": [event, event, other]})

    first, again, mismatch = answer["results"]
    assert (first["status"], mismatch["status"]) == (201, 422)
    assert again == {**first, "replayed": True}
    assert len(site.ledger()) == rows + 1


def test_a_batch_and_a_record_share_their_keys(client: FlaskClient) -> None:
    status, first = send(client, "/v1/usage/record", GOOD, "shared")
    assert status == 201

    _, answer = send(
        client, "/v1/usage/batch", {"events": [{**GOOD, "idempotency_key": "shared"}]}
    )

    assert answer["results"] == [{"status": 201, **first, "replayed": True}]


def test_callers_and_operations_have_keys_of_their_own(client: FlaskClient) -> None:
    as_bob = bearer(make_token(BOB, "usage"))
    answers = [
        send(client, "/v1/usage/record", GOOD, "same"),
        send(client, "/v1/holds", GOOD, "same"),
        send(client, "/v1/usage/record", {**GOOD, "units": 7}, "same", **as_bob),
    ]

    assert [status for status, _ in answers] == [201, 201, 201]


@pytest.mark.parametrize("path", ["/v1/usage/record", "/v1/usage/batch", "/v1/holds"])
def test_spending_needs_its_scope(client: FlaskClient, path: str) -> None:
    body = {"events": [{**GOOD, "idempotency_key": "k"}]} if "batch" in path else GOOD

    assert send(client, path, body, **bearer("wrong"))[0] == 401
    assert send(client, path, body, **bearer(make_token(BOB, "read")))[0] == 403


def test_a_token_spends_for_its_own_user_only(client: FlaskClient) -> None:
    stranger = bearer(make_token(USERS["alice"], "usage"))
    own = bearer(make_token(BOB, "usage"))
    guest = bearer(make_token(0, "usage"))
    status, hold = send(client, "/v1/holds", GOOD, "mine", **own)
    assert status == 201
    path = f"/v1/holds/{hold['hold_id']}"

    assert send(client, "/v1/usage/record", GOOD, **stranger)[0] == 403
    assert send(client, "/v1/holds", GOOD, **guest)[0] == 403
    assert send(client, f"{path}/commit", {"units": 1}, **stranger)[0] == 404
    assert send(client, f"{path}/release", {}, **stranger)[0] == 404
    assert client.get(path, headers=stranger).status_code == 404
    assert send(client, f"{path}/commit", {"units": 1}, **own)[0] == 200


@pytest.mark.parametrize(
    "hold", ["hold_", "hold_" + "0" * 32, "hold_" + "G" * 32, "0" * 32, "led_1"]
)
def test_a_hold_that_is_none_is_unknown(client: FlaskClient, hold: str) -> None:
    answers = [
        send(client, f"/v1/holds/{hold}/commit", {"units": 1}),
        send(client, f"/v1/holds/{hold}/release", {}),
    ]

    assert [(status, answer["code"]) for status, answer in answers] == [(404, "unknown_hold")] * 2


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "units"),
        ({"units": -1}, 400, "units"),
        ({"units": 2**63}, 400, "units"),
        ({"usage": {"data": {"words": 1}}}, 422, "usage"),
        ({"usage": {"model": "other"}}, 400, "model"),
        ({"actor": {"user_id": BOB}}, 400, "actor"),
    ],
)
def test_a_bad_commit_leaves_the_hold_open(
    client: FlaskClient, body: dict[str, object], status: int, field: str
) -> None:
    _, hold = send(client, "/v1/holds", GOOD)
    path = f"/v1/holds/{hold['hold_id']}"

    got, answer = send(client, f"{path}/commit", body)

    assert (got, field in answer["detail"]) == (status, True), answer
    assert client.get(path, headers=bearer(API_KEY)).json["state"] == "open"  # type: ignore[index]  # it is an object


def test_a_price_beyond_any_balance_is_refused(site: SiteDatabase) -> None:
    site.run(
        "INSERT INTO wp_aipkit_pricing_rules (scope_type, module, provider, model, operation,"
        " billing_method, unit_rate) VALUES ('module', 'chat', 'x', 'y', 'chat', 'per_image',"
        " 99999999999999)"
    )
    client = create_app(site.bridge(security=api_key("usage"))).test_client()
    usage = {"provider": "x", "model": "y", "operation": "chat", "data": {"items": 2**53 - 1}}

    status, answer = send(client, "/v1/usage/record", {**GOOD, "usage": usage})

    assert (status, answer["code"]) == (422, "price_too_large")


def test_a_module_that_is_off_is_refused(site: SiteDatabase) -> None:
    off = {"enabled": ["ai_forms"]}
    client = create_app(site.bridge(security=api_key("usage"), modules=off)).test_client()

    answers = [send(client, path, GOOD) for path in ("/v1/usage/record", "/v1/holds")]

    assert [(s, a["code"]) for s, a in answers] == [(422, "module_disabled")] * 2


def test_what_a_caller_says_is_kept_to_the_letter(client: FlaskClient, site: SiteDatabase) -> None:
    body = {**GOOD, "reference": "{p}x{u}{rows}", "metadata": {"a": "{u} %s"}}

    status, _ = send(client, "/v1/usage/record", body)

    row = site.ledger()[-1]
    assert (status, row["reference_id"]) == (201, "{p}x{u}{rows}")
    assert json.loads(row["meta"])["metadata"] == {"a": "{u} %s"}


def test_half_of_a_surrogate_pair_is_no_text(client: FlaskClient) -> None:
    status, answer = send(client, "/v1/usage/record", {**GOOD, "metadata": {"a": "\ud800"}})

    assert (status, "body" in answer["detail"]) == (400, True)
