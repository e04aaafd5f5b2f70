"""`/openapi.json` and `/docs`: every route is described, and answers as described."""

import json
import re
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from pydantic import BaseModel

from bridge.web.api.openapi import CALLS, KEY, TOKEN
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.folders import DOCS
from tests.support.site import USERS, SiteDatabase
from tests.web.http.test_scopes import MAY_CALL, name_of

BOB = USERS["bob"]
DESCRIPTION = (DOCS / "http-api.md").read_text("utf-8")
_SECTION = re.compile(r"^### `(?P<call>[A-Z]+ [^`]+)`.*?(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def app(shared_site: SiteDatabase) -> Flask:
    return create_app(shared_site.bridge(security=api_key("usage", "read", "admin")))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def described(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").get_json()
    return found


def test_the_description_is_valid(described: dict[str, Any]) -> None:
    validate(described)


def test_every_route_is_described(app: Flask, described: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST"}
        if rule.endpoint != "static"
    }

    assert routes == {
        (path, method) for path, calls in described["paths"].items() for method in calls
    }
    assert CALLS.keys() <= {rule.endpoint for rule in app.url_map.iter_rules()}


def test_who_may_call_is_told_as_it_is(app: Flask) -> None:
    """Tokens of a user are refused by some routes that take one of a guest, or of a manager."""
    for rule in app.url_map.iter_rules():
        call = CALLS.get(rule.endpoint)
        if call is None or rule.endpoint.startswith(("health", "status", "openapi", "guests")):
            continue
        keys, tokens = MAY_CALL[name_of(rule)]
        assert keys == ({call.scope} if KEY in call.proofs else set()), rule.endpoint
        assert tokens == ({call.scope} if TOKEN in call.proofs else set()), rule.endpoint


def test_a_person_can_read_it(client: FlaskClient) -> None:
    page = client.get("/docs")

    assert page.status_code == 200
    assert "POST /v1/usage/record" in page.text
    assert re.findall(r"""(?:src|href)="(?!/|#)[^"]*""", page.text) == []
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def use(**more: object) -> dict[str, object]:
    return {"actor": {"user_id": BOB}, "module": "image_generator", "units": 1, **more}


def test_answers_are_as_described(client: FlaskClient) -> None:
    numbers = count()

    def ask(endpoint: str, method: str, path: str, body: object = None) -> Any:
        headers = {**bearer(API_KEY), "Idempotency-Key": f"key-{next(numbers)}"}
        answer = client.open(path, method=method, json=body, headers=headers)
        model = CALLS[endpoint].answers[answer.status_code]
        assert not isinstance(model, str)
        model.model_validate(answer.get_json())
        return answer.get_json()

    ask("usage.check", "POST", "/v1/usage/check", use())
    ask("usage.record", "POST", "/v1/usage/record", use(units=2))
    ask(
        "usage.batch",
        "POST",
        "/v1/usage/batch",
        {"events": [use(idempotency_key="1"), use(idempotency_key="2", units=-1)]},
    )
    hold = ask("holds.place", "POST", "/v1/holds", use())["hold_id"]
    ask("holds.commit", "POST", f"/v1/holds/{hold}/commit", {"units": 1})
    ask("holds.show", "GET", f"/v1/holds/{hold}")
    other = ask("holds.place", "POST", "/v1/holds", use(units=3))["hold_id"]
    ask("holds.release", "POST", f"/v1/holds/{other}/release", {})
    ask("holds.place", "POST", "/v1/holds", use(units=2**40))
    ask(
        "adjustments.add_adjustment",
        "POST",
        f"/v1/accounts/{BOB}/adjustments",
        {"delta": 5, "reason": "a test"},
    )
    for endpoint, path in (
        ("accounts.show_list", "/v1/accounts"),
        ("accounts.show_account", f"/v1/accounts/{BOB}"),
        ("accounts.show_purchases", f"/v1/accounts/{BOB}/purchases"),
        ("accounts.show_ledger", f"/v1/accounts/{BOB}/ledger"),
        ("orders.list_orders", "/v1/orders"),
        ("daily_usage.show_daily", "/v1/usage/daily"),
        ("health.healthz", "/healthz"),
        ("health.readyz", "/readyz"),
        ("status.show_status_json", "/status.json"),
    ):
        ask(endpoint, "GET", path)


def models_of(call: str) -> list[type[BaseModel]]:
    endpoint = next(
        endpoint for endpoint, rule in ENDPOINTS.items() if rule == re.sub(r"\{\w+\}", "{}", call)
    )
    found = CALLS[endpoint]
    answers = [one for one in found.answers.values() if not isinstance(one, str)]
    return answers + ([found.body] if found.body else [])


ENDPOINTS = {
    "accounts.show_list": "GET /v1/accounts",
    "accounts.show_account": "GET /v1/accounts/{}",
    "accounts.show_purchases": "GET /v1/accounts/{}/purchases",
    "accounts.show_ledger": "GET /v1/accounts/{}/ledger",
    "adjustments.add_adjustment": "POST /v1/accounts/{}/adjustments",
    "orders.list_orders": "GET /v1/orders",
    "usage.check": "POST /v1/usage/check",
    "usage.record": "POST /v1/usage/record",
    "usage.batch": "POST /v1/usage/batch",
    "daily_usage.show_daily": "GET /v1/usage/daily",
    "holds.place": "POST /v1/holds",
    "holds.show": "GET /v1/holds/{}",
}


def examples() -> list[tuple[str, str]]:
    return [
        (section["call"], block)
        for section in _SECTION.finditer(DESCRIPTION)
        for block in _BLOCK.findall(section[0])
    ]


@pytest.mark.parametrize(("call", "example"), examples())
def test_the_examples_in_the_docs_fit_the_models(call: str, example: str) -> None:
    fields = json.loads(example)
    fitting = []
    for model in models_of(call):
        try:
            fitting.append(model.model_validate(fields))
        except ValueError as error:
            print(error)
    assert fitting, call
