"""Who may call: anything wrong is 401 or 403, says nothing of which part, and reads nothing."""

import base64
import json
import time
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from tests.support.client import API_KEY, bearer, make_token
from tests.support.site import USERS, SiteDatabase

ALICE, BOB = USERS["alice"], USERS["bob"]


def now() -> int:
    return int(time.time())


def unsigned() -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {
        "iss": "http://127.0.0.1:8090",
        "aud": "aipkit-bridge",
        "sub": str(ALICE),
        "scope": "read",
        "iat": now(),
        "exp": now() + 60,
    }
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "another secret": lambda: make_token(ALICE, secret="x" * 40),
    "expired": lambda: make_token(ALICE, iat=now() - 300, exp=now() - 200),
    "from the future": lambda: make_token(ALICE, iat=now() + 300, exp=now() + 360),
    "alg none": unsigned,
    "another algorithm": lambda: make_token(ALICE, algorithm="HS512"),
    "a foreign audience": lambda: make_token(ALICE, aud="somebody-else"),
    "the login audience": lambda: make_token(ALICE, aud="aipkit-bridge/login"),
    "several audiences": lambda: make_token(ALICE, aud=["aipkit-bridge", "other"]),
    "a foreign issuer": lambda: make_token(ALICE, iss="http://evil.example"),
    "a life too long": lambda: make_token(ALICE, exp=now() + 3600),
    "no end": lambda: make_token(ALICE, exp=None),
    "no user": lambda: make_token(ALICE, sub=None),
    "no scope": lambda: make_token(ALICE, scope=None),
    "a user that is no number": lambda: make_token("admin"),
    "a negative user": lambda: make_token("-1"),
    "garbage": lambda: "a.b.c",
    "an unknown key": lambda: "not-a-key",
    "nothing": lambda: "",
}


@pytest.mark.parametrize("moved_s", [-3600, 3600])
def test_the_log_says_that_a_clock_is_wrong_and_the_answer_names_it_among_others(
    client: FlaskClient, moved_s: int
) -> None:
    token = make_token(ALICE, iat=now() + moved_s, exp=now() + moved_s + 60)

    with capture_logs() as entries:
        answer = client.get(f"/v1/accounts/{ALICE}", headers=bearer(token))
        forged = client.get(f"/v1/accounts/{ALICE}", headers=bearer(f"{token}x"))

    assert answer.json is not None
    assert forged.json is not None
    assert answer.json["detail"] == forged.json["detail"]
    assert "clocks" in answer.json["detail"]
    events = [entry["event"] for entry in entries if entry["event"] != "refused"]
    assert events == ["token_of_another_time"]


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_proof_is_401_and_says_nothing(
    client: FlaskClient, site: SiteDatabase, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the database was read")

    monkeypatch.setattr("bridge.store.tx.Tx.run", never)

    answer = client.get(f"/v1/accounts/{ALICE}", headers=bearer(BAD_TOKENS[name]()))

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "unauthorized"
    assert answer.json["type"] == "urn:aipkit-bridge:error:unauthorized"
    assert set(answer.json) == {"type", "title", "status", "detail", "code", "request_id"}
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_for_another_user_is_403(client: FlaskClient) -> None:
    for path in ("", "/purchases", "/ledger"):
        answer = client.get(f"/v1/accounts/{BOB}{path}", headers=bearer(make_token(ALICE)))

        assert answer.status_code == 403


def test_a_token_without_the_scope_is_403(client: FlaskClient) -> None:
    token = make_token(ALICE, "fragment")

    assert client.get(f"/v1/accounts/{ALICE}", headers=bearer(token)).status_code == 403


def test_leeway_is_thirty_seconds(client: FlaskClient) -> None:
    late = make_token(ALICE, iat=now() - 60, exp=int(time.time()) - 20)
    too_late = make_token(ALICE, iat=now() - 100, exp=int(time.time()) - 40)

    assert client.get(f"/v1/accounts/{ALICE}", headers=bearer(late)).status_code == 200
    assert client.get(f"/v1/accounts/{ALICE}", headers=bearer(too_late)).status_code == 401


@pytest.mark.parametrize("issuer", ["HTTP://127.0.0.1:8090", "http://127.0.0.1:8090/"])
def test_the_issuer_is_compared_without_case_and_slash(client: FlaskClient, issuer: str) -> None:
    token = make_token(ALICE, iss=issuer)

    assert client.get(f"/v1/accounts/{ALICE}", headers=bearer(token)).status_code == 200


def test_all_secrets_of_a_list_verify(site: SiteDatabase) -> None:
    from tests.support.apps import create_app

    old, new = "o" * 40, "n" * 40
    app = create_app(site.bridge(security={"shared_secret": [new, old]}))

    with app.test_client() as client:
        for secret in (old, new):
            token = make_token(ALICE, secret=secret)
            answer = client.get(f"/v1/accounts/{ALICE}", headers=bearer(token))
            assert answer.status_code == 200


def test_an_api_key_reads_any_account_within_its_scopes(client: FlaskClient) -> None:
    for user_id in (ALICE, BOB):
        answer = client.get(f"/v1/accounts/{user_id}", headers=bearer(API_KEY))
        assert answer.status_code == 200
    hint = client.post("/v1/hints/order", headers=bearer(API_KEY), json={"order_id": 1})
    assert hint.status_code == 403


def test_a_token_has_only_the_scopes_that_tokens_have(client: FlaskClient) -> None:
    token = bearer(make_token(ALICE, "fragment usage read hint admin"))

    assert client.post("/v1/orders/1/retry", headers=token).status_code == 403
    assert client.get("/v1/orders", headers=token).status_code == 403
    away = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/status.json", headers=token, environ_base=away).status_code == 403
    assert client.get("/metrics", headers=token, environ_base=away).status_code == 403
