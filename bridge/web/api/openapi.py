"""
`/openapi.json` and `/docs`: what the application answers, described for programs and for people.

Addresses come from the routes, summaries from the views' docstrings, bodies from the models that
check them. What a route has besides is told here; a route without a line here is a screen.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask import Blueprint, Flask, current_app
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from bridge.version import VERSION
from bridge.web.api import answer_bodies as answers
from bridge.web.api.adjustments import AdjustmentBody
from bridge.web.api.mail_bodies import UnsentBody
from bridge.web.api.order_bodies import AssignBody, DismissBody, HintBody
from bridge.web.api.usage_bodies import (
    MAX_EVENTS,
    CheckBody,
    CommitBody,
    HoldBody,
    RecordBody,
)
from bridge.web.http.headers import protect
from bridge.web.http.pages import render_page
from bridge.web.http.parsing import DEFAULT_LIMIT, MAX_LIMIT
from bridge.web.http.sending import send_json, send_page

bp = Blueprint("openapi", __name__)

_METHODS = ("GET", "POST")
_PARAMETER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
_REF = "#/components/schemas/{model}"
_HTML, _CSV, _FORM = "text/html", "text/csv", "application/x-www-form-urlencoded"
_PROBLEM = "application/problem+json"

KEY, TOKEN, SESSION, SIGNATURE = "api_key", "plugin_token", "session", "signature"
_PROOFS = {
    KEY: {"type": "http", "scheme": "bearer", "description": "An API key, by its scopes."},
    TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the WordPress plugin, for one user, by its scope.",
    },
    SESSION: {
        "type": "apiKey",
        "in": "cookie",
        "name": "aipkit_bridge_session",
        "description": "An administrator's or shop manager's session.",
    },
    SIGNATURE: {
        "type": "apiKey",
        "in": "header",
        "name": "X-WC-Webhook-Signature",
        "description": "WooCommerce's signature of the delivery.",
    },
}


class EventBody(RecordBody):
    """An event of a batch: a record with its key."""

    idempotency_key: str = Field(min_length=1, max_length=255)


class BatchBody(BaseModel):
    """Records to be booked together, each on its own."""

    events: list[EventBody] = Field(min_length=1, max_length=MAX_EVENTS)


@dataclass(frozen=True, slots=True)
class Call:
    """What a route takes and answers, beside its address."""

    tag: str
    answers: Mapping[int, type[BaseModel] | str]
    """By status: a model, or a media type."""
    scope: str = ""
    proofs: tuple[str, ...] = (KEY, TOKEN)
    body: type[BaseModel] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    is_keyed: bool = False
    """Needs an `Idempotency-Key`."""


_PAGE = {
    "limit": f"Items on the page: 1 to {MAX_LIMIT} ({DEFAULT_LIMIT}).",
    "cursor": "`next_cursor` of the page before.",
}
_FRAGMENT = {
    "locale": "WordPress's locale, as `de_DE`.",
    "page_url": "The page that shows it, for links.",
    "login_url": "Where visitors log in.",
}
_DASHBOARD = _FRAGMENT | {
    "chatbot": "`false` leaves the rows of chatbots out.",
    "aiforms": "`false` leaves AI Forms out.",
    "imagegenerator": "`false` leaves the image generator out.",
    "buycredits": "`false` leaves the button out.",
    "buycreditslabel": "The button's text.",
    "buycreditsurl": "Where the button leads.",
    "purchasehistory": "`false` leaves the purchases out.",
    "title": "A heading; empty shows none.",
    "intro": "A text below it.",
    "aipkit_page": "Page of the purchases.",
    "aipkit_activity": "Whose activity is shown: `chat-22`, `ai_forms`, `image_generator`.",
    "aipkit_activity_page": "Page of the activity.",
}
_KEYS = (KEY,)
CALLS: Mapping[str, Call] = {
    "accounts.show_list": Call(
        "Accounts",
        {200: answers.AccountList},
        "read",
        _KEYS,
        query=_PAGE
        | {
            "search": "A part of name, e-mail, login or id.",
            "sort": "`name`, `email`, `balance`, `used_{module}`, `last_purchase_at` or"
            " `last_activity_at`.",
            "order": "`asc` or `desc`.",
            "filter": "With commas: `has_balance`, `used_{module}>=N`, `role:{slug}`.",
        },
    ),
    "accounts.show_account": Call("Accounts", {200: answers.AccountBody}, "read"),
    "accounts.show_purchases": Call("Accounts", {200: answers.PurchaseList}, "read", query=_PAGE),
    "accounts.show_ledger": Call("Accounts", {200: answers.LedgerList}, "read", query=_PAGE),
    "adjustments.add_adjustment": Call(
        "Accounts", {201: answers.AdjustmentAnswer}, "admin", _KEYS, AdjustmentBody, is_keyed=True
    ),
    "guests.show_guest": Call("Guests", {200: answers.GuestBody}, "read"),
    "orders.list_orders": Call(
        "Orders",
        {200: answers.OrderList},
        "read",
        _KEYS,
        query=_PAGE | {"state": "`attention`, `unclaimed` or `granted`."},
    ),
    "orders.retry": Call("Orders", {202: answers.OrderRow}, "admin", _KEYS),
    "orders.assign": Call("Orders", {202: answers.OrderRow}, "admin", _KEYS, AssignBody),
    "orders.dismiss": Call("Orders", {200: answers.OrderRow}, "admin", _KEYS, DismissBody),
    "usage.check": Call("Usage", {200: answers.CheckAnswer}, "usage", body=CheckBody),
    "usage.record": Call(
        "Usage", {201: answers.RecordAnswer}, "usage", body=RecordBody, is_keyed=True
    ),
    "usage.batch": Call("Usage", {200: answers.BatchResults}, "usage", body=BatchBody),
    "daily_usage.show_daily": Call(
        "Usage",
        {200: answers.DailyUse},
        "read",
        _KEYS,
        query={
            "from": "The first day, of the site's zone.",
            "to": "The last day; 366 at most.",
            "module": "Leaves the others out.",
        },
    ),
    "holds.place": Call(
        "Holds",
        {201: answers.HeldBody, 402: answers.Denial},
        "usage",
        body=HoldBody,
        is_keyed=True,
    ),
    "holds.show": Call("Holds", {200: answers.HoldNow}, "usage"),
    "holds.commit": Call("Holds", {200: answers.CommitAnswer}, "usage", body=CommitBody),
    "holds.release": Call("Holds", {200: answers.ReleaseAnswer}, "usage"),
    "fragments.token_usage": Call(
        "Fragments", {200: _HTML}, "fragment", (TOKEN,), query=_DASHBOARD
    ),
    "fragments.usage_details": Call(
        "Fragments",
        {200: _HTML},
        "fragment",
        (TOKEN,),
        query=_FRAGMENT
        | {
            "module": "`chat`, `ai_forms` or `image_generator`.",
            "context_id": "For chat, a chatbot's id.",
            "page": "1 to 1,000.",
        },
    ),
    "hints.hint_order": Call("Hints", {202: answers.State}, "hint", (TOKEN,), HintBody),
    "hints.receive_webhook": Call("Hints", {200: answers.State}, proofs=(SIGNATURE,)),
    "mails.take": Call("Mails", {200: answers.MailEvents}, "mail", (TOKEN,)),
    "mails.sent": Call("Mails", {200: answers.State}, "mail", (TOKEN,)),
    "mails.unsent": Call("Mails", {200: answers.State}, "mail", (TOKEN,), UnsentBody),
    "health.healthz": Call("State", {200: answers.Health}, proofs=()),
    "health.readyz": Call("State", {200: answers.Readiness}, proofs=()),
    "health.metrics": Call("State", {200: "text/plain"}, "read"),
    "status.show_status_json": Call("State", {200: answers.Figures}, "read"),
    "openapi.show_description": Call("State", {200: "application/json"}, proofs=()),
    "openapi.show_docs": Call("State", {200: _HTML}, proofs=()),
}


@bp.get("/openapi.json")
def show_description() -> ResponseReturnValue:
    """Return this description (OpenAPI 3.1)."""
    return send_json(describe(current_app))


@bp.get("/docs")
def show_docs() -> ResponseReturnValue:
    """Show this description to people."""
    page = render_page("docs.html", api=describe(current_app))
    return protect(send_page(page))


def describe(app: Flask) -> dict[str, Any]:
    """Return the description of all routes but those of style sheets and the like."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint != "static":
            path = _PARAMETER.sub(r"{\g<name>}", rule.rule)
            paths.setdefault(path, {}).update(_operations(app, rule))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "aipkit-bridge",
            "version": VERSION,
            "summary": "Credits that a WordPress shop sells, and what is free: metered.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": _PROOFS},
    }


def _operations(app: Flask, rule: Rule) -> Iterator[tuple[str, dict[str, Any]]]:
    call = CALLS.get(rule.endpoint, _SCREEN)
    view = app.view_functions[rule.endpoint]
    summary, _, more = (view.__doc__ or "").strip().partition("\n")
    for method in _METHODS:
        if method not in (rule.methods or ()):
            continue
        operation: dict[str, Any] = {
            "operationId": f"{rule.endpoint}.{method.lower()}",
            "tags": [call.tag],
            "summary": summary.rstrip("."),
            "parameters": [*_path_parameters(rule), *_other_parameters(call)],
            "security": [{proof: [call.scope] if call.scope else []} for proof in call.proofs],
            "responses": _responses(call, method),
        }
        if description := " ".join(more.split()):
            operation["description"] = description
        if method == "POST" and (body := _body(call)):
            operation["requestBody"] = {"required": True, "content": body}
        yield method.lower(), operation


def _path_parameters(rule: Rule) -> Iterator[dict[str, Any]]:
    for found in _PARAMETER.finditer(rule.rule):
        schema = (
            {"type": "integer", "minimum": 0} if found["kind"] == "int" else {"type": "string"}
        )
        yield {"name": found["name"], "in": "path", "required": True, "schema": schema}


def _other_parameters(call: Call) -> Iterator[dict[str, Any]]:
    for name, text in call.query.items():
        yield {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
    if call.is_keyed:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "Names the intended effect; a repeat gets the first answer.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }


def _responses(call: Call, method: str) -> dict[str, Any]:
    responses = {
        str(status): {"description": _STATUS_TEXTS[status], "content": _content(answer)}
        for status, answer in call.answers.items()
    }
    if call is _SCREEN and method == "POST":
        responses["303"] = {"description": "Done; the page that shows it."}
    responses["default"] = {
        "description": "An error; its code says which.",
        "content": {_PROBLEM: {"schema": {"$ref": _REF.format(model="Problem")}}},
    }
    return responses


def _content(answer: type[BaseModel] | str) -> dict[str, Any]:
    if isinstance(answer, str):
        return {answer: {}}
    kind = _PROBLEM if issubclass(answer, answers.Problem) else "application/json"
    return {kind: {"schema": {"$ref": _REF.format(model=answer.__name__)}}}


def _body(call: Call) -> dict[str, Any]:
    if call is _SCREEN:
        return {_FORM: {"schema": {"type": "object"}}}
    return _content(call.body) if call.body else {}


@cache
def _schemas() -> dict[str, Any]:
    bodies = {call.body for call in CALLS.values() if call.body}
    told = {
        answer
        for call in CALLS.values()
        for answer in call.answers.values()
        if not isinstance(answer, str)
    }
    _, schema = models_json_schema(
        [(body, "validation") for body in sorted(bodies, key=lambda one: one.__name__)]
        + [
            (answer, "validation")
            for answer in sorted(told | {answers.Problem}, key=lambda one: one.__name__)
        ],
        ref_template=_REF,
    )
    schemas: dict[str, Any] = schema["$defs"]
    return schemas


_STATUS_TEXTS = {
    200: "As asked.",
    201: "Booked, or booked before under the same key.",
    202: "Noted; the worker acts on it at once.",
    402: "Neither balance nor free limit cover it.",
}
_SCREEN = Call("Screens", {200: _HTML}, proofs=(SESSION,))
"""What people open in a browser; its form fields are told in docs/http-api.md."""
