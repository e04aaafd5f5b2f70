"""Every endpoint against every kind of caller: a route that is added must be added here."""

import hashlib
import re

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.support.apps import create_app
from tests.support.client import bearer, make_token
from tests.support.site import USERS, SiteDatabase

KEYS = ("usage", "read", "admin")
TOKENS = ("fragment", "usage", "read", "hint", "mail")
BOB = USERS["bob"]
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
FILLED = {
    "user_id": BOB, "order_id": 1, "bulk_id": 1, "rule_id": 1, "finding_id": 1, "name": "chat-22",
    "event_id": 1, "entry_id": 1, "kind": "sales",
    "hold": "hold_" + "0" * 32, "session_id": "s", "filename": "app.css",
}  # fmt: skip

OPEN = {*KEYS}, {*TOKENS}
MAY_CALL: dict[str, tuple[set[str], set[str]]] = {
    # what an API key's scope opens, and what a token's opens
    "GET /v1/fragments/token-usage": (set(), {"fragment"}),
    "GET /v1/fragments/usage-details": (set(), {"fragment"}),
    "GET /v1/accounts": ({"read"}, set()),
    "GET /v1/accounts/<int:user_id>": ({"read"}, {"read"}),
    "GET /v1/accounts/<int:user_id>/purchases": ({"read"}, {"read"}),
    "GET /v1/accounts/<int:user_id>/ledger": ({"read"}, {"read"}),
    "GET /v1/guests/<session_id>": ({"read"}, set()),  # a user's token is no guest's
    "GET /v1/orders": ({"read"}, set()),
    "GET /v1/usage/daily": ({"read"}, set()),
    "POST /v1/accounts/<int:user_id>/adjustments": ({"admin"}, set()),
    "POST /v1/orders/<int:order_id>/retry": ({"admin"}, set()),
    "POST /v1/orders/<int:order_id>/assign": ({"admin"}, set()),
    "POST /v1/orders/<int:order_id>/dismiss": ({"admin"}, set()),
    "POST /v1/usage/check": ({"usage"}, {"usage"}),
    "POST /v1/usage/record": ({"usage"}, {"usage"}),
    "POST /v1/usage/batch": ({"usage"}, {"usage"}),
    "POST /v1/holds": ({"usage"}, {"usage"}),
    "GET /v1/holds/<hold>": ({"usage"}, {"usage"}),
    "POST /v1/holds/<hold>/commit": ({"usage"}, {"usage"}),
    "POST /v1/holds/<hold>/release": ({"usage"}, {"usage"}),
    "POST /v1/hints/order": (set(), {"hint"}),
    "POST /v1/mails/take": (set(), {"mail"}),
    "POST /v1/mails/<int:event_id>/sent": (set(), {"mail"}),
    "POST /v1/mails/<int:event_id>/unsent": (set(), {"mail"}),
    "GET /metrics": ({"read"}, set()),  # tokens: only a manager's, as in test_status_page
    "GET /status.json": ({"read"}, set()),
    "POST /webhooks/woocommerce": (set(), set()),  # by its own signature
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /openapi.json": OPEN,
    "GET /": OPEN,  # it leads to the screens, which ask who comes
    "GET /docs": OPEN,
    "GET /static/<path:filename>": OPEN,
    "GET /status": (set(), set()),  # by an administrator's session, as all that is below /admin
}


OPEN_TO_ALL = {name for name, callers in MAY_CALL.items() if callers == OPEN}


def method_of(rule: Rule) -> str:
    (method,) = (rule.methods or set()) & {"GET", "POST"}
    return method


def name_of(rule: Rule) -> str:
    return f"{method_of(rule)} {rule.rule}"


@pytest.fixture(scope="module")
def app(shared_site: SiteDatabase) -> Flask:
    keys = [
        {"name": scope, "sha256": hashlib.sha256(scope.encode()).hexdigest(), "scopes": [scope]}
        for scope in KEYS
    ]
    bridge = shared_site.bridge(
        security={"api_keys": keys}, woocommerce={"webhook_secret": "a secret of the tests"}
    )
    return create_app(bridge)


def is_let_in(app: Flask, rule: Rule, headers: dict[str, str]) -> bool:
    """Say whether a caller gets past the door; what is asked for is mostly wrong or not there."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(FILLED[name[1]]), rule.rule)
    with app.test_client().open(
        path, method=method_of(rule), headers=headers, environ_overrides=ELSEWHERE
    ) as answer:
        assert answer.status_code < 500, name_of(rule)
    return answer.status_code not in (401, 403)


def test_every_route_lets_in_whom_it_says_and_nobody_else(
    app: Flask, shared_site: SiteDatabase
) -> None:
    rows = len(shared_site.ledger())
    for rule in app.url_map.iter_rules():
        below_admin = rule.rule.startswith("/admin/")
        name = name_of(rule)
        keys, tokens = (set(), set()) if below_admin else MAY_CALL[name]

        by_key = {scope for scope in KEYS if is_let_in(app, rule, bearer(scope))}
        by_token = {s for s in TOKENS if is_let_in(app, rule, bearer(make_token(BOB, s)))}
        others = [is_let_in(app, rule, headers) for headers in ({}, bearer("garbage"))]

        assert (by_key, by_token) == (keys, tokens), name
        assert others == [name in OPEN_TO_ALL] * 2, name
    assert len(shared_site.ledger()) == rows


def test_the_table_names_no_route_that_is_gone(app: Flask) -> None:
    routes = {name_of(rule) for rule in app.url_map.iter_rules()}

    assert MAY_CALL.keys() - routes == set()
