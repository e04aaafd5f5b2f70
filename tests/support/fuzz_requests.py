"""Requests to all routes of the bridge: most of them good but for one or two things."""

import io
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import quote

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from bridge.services.sign_in import csrf_token
from bridge.wiring import Bridge
from tests.support.admin import ADMIN, COOKIE, new_session
from tests.support.client import API_KEY, WEBHOOK_SECRET, bearer, make_token
from tests.support.forms import form_on
from tests.support.fuzz_values import TEXTS, encoded, spoilt, spoilt_form
from tests.support.site import IDS, USERS
from tests.support.webhooks import signature_of

Json = dict[str, Any]

BOT, BOB, ALICE = IDS["bots"]["Support Bot"], USERS["bob"], USERS["alice"]
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
_USE: Json = {
    "actor": {"user_id": BOB},
    "module": "chat",
    "context_id": BOT,
    "units": 5,
    "usage": {
        "provider": "OpenAI", "model": "gpt-4o", "operation": "chat",
        "scope": {"type": "chatbot", "id": BOT}, "data": {"input_tokens": 5, "output_tokens": 7},
    },
}  # fmt: skip
_GUEST: Json = {"actor": {"session_id": "visitor-1"}, "module": "ai_forms", "units": 3}
_RECORD = {**_USE, "reference": "chat 7", "metadata": {"a": [1, {"b": None}]}}
_EVENT = {**_GUEST, "idempotency_key": "event"}
BODIES: Mapping[str, tuple[Json, ...]] = {
    "/v1/usage/check": (_USE, _GUEST),
    "/v1/usage/record": (_RECORD, _GUEST),
    "/v1/usage/batch": ({"events": [{**_RECORD, "idempotency_key": "e"}, _EVENT]},),
    "/v1/holds": ({**_USE, "ttl_seconds": 3600, "on_expiry": "charge"}, _GUEST),
    "/v1/holds/<hold>/commit": ({"units": 3}, {"usage": {"data": {"total_tokens": 9}}}),
    "/v1/holds/<hold>/release": ({},),
    "/v1/accounts/<int:user_id>/adjustments": (
        {"delta": 5, "reason": "Sorry"},
        {"set_to": 50, "expected_balance": 40, "reason": "Sorry"},
    ),
    "/v1/orders/<int:order_id>/retry": ({},),
    "/v1/orders/<int:order_id>/assign": ({"user_id": BOB},),
    "/v1/orders/<int:order_id>/dismiss": ({"reason": "A test"},),
    "/v1/hints/order": ({"order_id": 1001},),
    "/webhooks/woocommerce": ({"id": 1001, "status": "completed"},),
}
"""What each route of the API that takes something would take."""

_PAGES: Mapping[str, str] = {
    "/admin/credits/<int:user_id>/balance": "/admin/credits/{user_id}",
    "/admin/credits/<int:user_id>/reset": "/admin/credits/{user_id}",
    "/admin/credits/bulk": "/admin/credits",
    "/admin/credits/bulk/<int:bulk_id>/start": "/admin/credits/bulk/{bulk_id}",
    "/admin/credits/bulk/<int:bulk_id>/discard": "/admin/credits/bulk/{bulk_id}",
    "/admin/credits/import": "/admin/credits/import",
    "/admin/credits/limits/<name>": "/admin/credits/limits/{name}",
    "/admin/credits/prices": "/admin/credits/prices/new",
    "/admin/credits/prices/<int:rule_id>": "/admin/credits/prices/{rule_id}",
    "/admin/credits/prices/<int:rule_id>/delete": "/admin/credits/prices/{rule_id}",
    "/admin/credits/prices/<int:rule_id>/enabled": "/admin/credits/prices/{rule_id}",
}
"""Where a browser finds the form; those of the status page have nothing but what is typed."""

_TYPED: Mapping[str, tuple[str, ...]] = {
    "amount": ("5", "1,000", "70"), "how": ("give", "take", "set"), "reason": ("A test", ""),
    "credits": ("5",),
    "user": (str(BOB), "bob", "bob@example.com"), "whom": ("matching", "selected"),
    "search": ("", "b"), "least": ("", "0"), "code": ("unclaimed",), "provider": ("OpenAI", "x"),
    "model": ("gpt-4o", "m"), "operation": ("chat",), "input_rate": ("2",),
    "output_rate": ("3.5",), "unit_rate": ("", "1"), "module": ("chat", "ai_forms"),
    "user_limit": ("", "100"), "guest_limit": ("10",), "role:subscriber": ("7", ""),
    "context": (f"chat-{BOT}", ""),
}  # fmt: skip
_ARGUMENTS = (
    "limit", "cursor", "search", "sort", "order", "filter", "state", "from", "to", "module",
    "days", "page", "context_id", "before", "done", "purchases", "token", "next", "locale",
    "title", "intro", "login_url", "page_url", "buycreditsurl", "buycreditslabel",
    "aipkit_page", "chatbot", "aipkit_activity", "aipkit_activity_page", "has_balance",
    "least", "role", "provider", "model", "operation", "units", "input", "output", "scope_type",
    "scope_id",
)  # fmt: skip
_GOOD_ARGUMENTS = (
    "1", "2", "bob", "balance", "asc", "desc", "attention", "granted", "2026-11-01", "2026-11-24",
    "chat", "ai_forms", "has_balance", f"used_chat>={3}", "role:subscriber", "7", "de_DE", "tr",
)  # fmt: skip
_HEADERS = (
    "Accept", "Accept-Language", "Accept-Encoding", "Content-Type", "Cookie", "Host", "Range",
    "If-None-Match", "If-Modified-Since", "X-Forwarded-For", "Origin", "Expect", "User-Agent",
    "X-WC-Webhook-Resource", "X-WC-Webhook-Topic", "Authorization", "Idempotency-Key",
    "X-WC-Webhook-Signature", "X-Aipkit-Prefix",
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A request, for whoever has to send it again, and its answer."""

    rule: Rule
    request: Json
    answer: TestResponse


@dataclass
class Fuzzer:
    """Makes requests and sends them; keeps the ids that answers name."""

    app: Flask
    bridge: Bridge
    chance: random.Random
    orders: list[int]
    holds: list[str] = field(default_factory=lambda: ["hold_" + "0" * 32])
    bulks: list[int] = field(default_factory=lambda: [1])
    rules: list[int] = field(default_factory=lambda: [1])
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        routes = list(self.app.url_map.iter_rules())
        self._routes = routes + 2 * [rule for rule in routes if rule.rule in BODIES]
        self._first = routes
        self._secret = new_session(self.bridge)
        self.client: FlaskClient = self.app.test_client(use_cookies=False)

    def send(self) -> Sent:
        """Send one request: to each route once, then to any."""
        rule = self._first.pop() if self._first else self.chance.choice(self._routes)
        request = self._request(rule)
        answer = self.client.open(**request, environ_overrides=ELSEWHERE)
        answer.get_data()
        answer.close()
        self._learn(rule, answer)
        return Sent(rule, request, answer)

    def _request(self, rule: Rule) -> Json:
        values = {name: self._value(name) for name in rule.arguments}
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: quote(values[m[1]]), rule.rule)
        (method,) = (rule.methods or set()) & {"GET", "POST"}
        if self.chance.random() < 0.02:
            method = self.chance.choice(("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "X"))
        request: Json = {"path": path, "method": method, "headers": self._headers(rule)}
        if self.chance.random() < (0.7 if method == "GET" else 0.05):
            request["query_string"] = self._query()
        if rule.rule in BODIES:
            request["data"] = self._body(rule, request["headers"])
        elif method == "POST":
            request["data"] = self._form(rule, values)
        for name, text in dict(request["headers"]).items():
            if not text.isascii() or not text.isprintable():
                request["headers"][name] = (
                    text.encode("ascii", "ignore").decode().strip("\r\n\0\t")
                )
                request["headers"][name] = re.sub(r"[\r\n\0]", "", request["headers"][name])
        return request

    def _value(self, name: str) -> str:
        if self.chance.random() < 0.15:
            text = self.chance.choice(TEXTS)[:3000]
            return re.sub(r"[^0-9]", "", text) or "0" if name.endswith("_id") else text
        known: dict[str, list[Any]] = {
            "user_id": [BOB, ALICE, 1, 0, 4711, 2**63 - 1, 2**63, 10**30],
            "order_id": [*self.orders, 0, 5, 2**63, 10**30],
            "bulk_id": [*self.bulks[-3:], 0, 2**64],
            "rule_id": [*self.rules[-3:], 0, 2**63],
            "entry_id": [1, 2, 30, 0, 2**63, 10**30],
            "finding_id": [1, 2, 3, 0, 2**63],
            "event_id": [1, 2, 0, 2**63],
            "hold": self.holds[-5:],
            "session_id": ["visitor-1", "A" * 64],
            "name": [f"chat-{BOT}", "ai_forms", "image_generator"],
            "kind": ["ledger", "sales", "users", "x"],
            "filename": ["app.css", "../app.py", "..%2f..%2fapp.py"],
        }
        return str(self.chance.choice(known[name]))

    def _headers(self, rule: Rule) -> dict[str, str]:
        headers = {"Idempotency-Key": f"key-{next(self._numbers) // 2}"}
        roll = self.chance.random()
        if roll < 0.05:
            pass
        elif rule.rule.startswith(("/v1/fragments", "/v1/hints")) or roll < 0.1:
            who = self.chance.choice((BOB, ALICE, 0, 10**18, 10**19 - 1))
            headers |= bearer(make_token(who, "fragment usage read hint"))
        elif rule.rule.startswith(("/v1", "/metrics", "/status.json")):
            headers |= bearer(API_KEY)
        else:
            headers["Cookie"] = f"{COOKIE}={self._secret}"
        if self.chance.random() < 0.1:
            headers[self.chance.choice(_HEADERS)] = self.chance.choice(TEXTS)[:5000]
        return headers

    def _query(self) -> dict[str, str]:
        names = self.chance.sample(_ARGUMENTS, self.chance.randrange(1, 5))
        return {
            name: self.chance.choice(self.chance.choice((TEXTS, _GOOD_ARGUMENTS)))
            for name in names
        }

    def _body(self, rule: Rule, headers: dict[str, str]) -> bytes:
        body = spoilt(self.chance, self.chance.choice(BODIES[rule.rule]))
        _keep_holds_open(body)
        data = encoded(self.chance, body)
        headers.setdefault("Content-Type", "application/json")
        if rule.rule.startswith("/webhooks") and self.chance.random() < 0.8:
            headers["X-WC-Webhook-Signature"] = signature_of(data, WEBHOOK_SECRET)
        return data

    def _form(self, rule: Rule, values: Mapping[str, str]) -> dict[str, Any]:
        headers = {"Cookie": f"{COOKIE}={self._secret}"}
        fields: dict[str, str] = {}
        page = _PAGES.get(rule.rule)
        if page:
            address = quote(page.format(**values))
            text = self.client.get(address, headers=headers).text
            action = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: quote(values[m[1]]), rule.rule)
            try:
                fields = form_on(text, action)
            except IndexError:  # the page shows none, or is not there
                fields = {}
        for name, texts in _TYPED.items():
            if (name in fields and self.chance.random() < 0.7) or not page:
                fields[name] = self.chance.choice(texts)
        if rule.rule.endswith("/bulk") and self.chance.random() < 0.7:
            fields["user"] = str(self.chance.choice((BOB, ALICE)))
        fields["csrf"] = csrf_token(self._secret)
        form: dict[str, Any] = {**spoilt_form(self.chance, fields)}
        if rule.rule.endswith("/import") and self.chance.random() < 0.9:
            form["file"] = (io.BytesIO(self._file()), self.chance.choice(("a.csv", *TEXTS[-9:])))
        return form

    def _file(self) -> bytes:
        lines = ["user_id,change,reason", f"{BOB},5,ok", f"{ALICE},7,ok"]
        for _ in range(self.chance.randrange(3)):
            lines.append(",".join(self.chance.choice(TEXTS) for _ in range(3)))
        return "\n".join(lines).encode("utf-8", "surrogatepass")

    def _learn(self, rule: Rule, answer: TestResponse) -> None:
        """Keep ids; begin a new session when the old one was ended."""
        told = answer.get_json(silent=True)
        if isinstance(told, dict) and "hold_id" in told:
            self.holds.append(told["hold_id"])
        place = re.fullmatch(r"/admin/credits/(bulk|prices)/(\d+)", answer.location or "")
        if place:
            (self.bulks if place[1] == "bulk" else self.rules).append(int(place[2]))
        if rule.endpoint == "admin.leave" and answer.status_code == 303:
            self._secret = new_session(self.bridge, ADMIN, f"token-{next(self._numbers)}")


def _keep_holds_open(body: Json) -> None:
    """Let no hold end meanwhile: whoever books next would write that."""
    ttl = body.get("ttl_seconds")
    if isinstance(ttl, int) and 0 < ttl < 3600:
        body["ttl_seconds"] = 3600
