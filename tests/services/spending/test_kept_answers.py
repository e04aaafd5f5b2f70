"""First answers that were kept: rows of before are told again as they were, and rows stay so."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.domain.answers import Committed
from bridge.domain.holds import Settlement, hold_id_of
from bridge.domain.pricing import Usage
from bridge.services.spending.book import book
from bridge.services.spending.holds import find_hold, prepare_commit
from bridge.services.spending.outcomes import Receipt
from bridge.wiring import Bridge
from tests.support.admin import look, sign_in_browser
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.folders import FIXTURES
from tests.support.forms import form_on
from tests.support.site import USERS, Clock, SiteDatabase
from tests.support.spending import BOT, NOON

BOB = USERS["bob"]
KEYS, HOLDS = "wp_aipkit_bridge_idempotency", "wp_aipkit_bridge_holds"
KEPT: dict[str, Any] = json.loads((FIXTURES / "kept_answers.json").read_text("utf-8"))
"""What `ask_everything` was told, and what was kept of it, at commit 7ab899b."""

_OF_A_RUN = re.compile(r"hold_[0-9a-f]{32}|(?<=\"request_id\": \")[0-9a-f]{32}")
"""What no two runs have in common."""


@dataclass
class Callers:
    """A back end and an administrator's browser, on a clock that the test moves."""

    site: SiteDatabase
    bridge: Bridge
    clock: Clock
    client: FlaskClient
    browser: FlaskClient
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    replayed: set[str] = field(default_factory=set)

    def ask(self, name: str, path: str, body: object, status: int = 201) -> None:
        """Ask as an API caller, with the name as the key, and keep what is told."""
        headers = {**bearer(API_KEY), "Idempotency-Key": name}
        answer = self.client.post(path, headers=headers, json=body)
        assert answer.status_code == status, answer.text
        self._keep(name, answer, path=path, body=body)

    def fill_in(self, name: str, form: str, **typed: str) -> None:
        """Send a form of Bob's page, with the name as its key, and keep what is told."""
        path = f"/admin/credits/{BOB}/{form}"
        fields = self.form(form) | typed | {"key": name}
        answer = self.browser.post(path, data=fields, headers={"Accept": "application/json"})
        self._keep(name, answer, form=form, typed=typed)

    def _keep(self, name: str, answer: TestResponse, **asked: object) -> None:
        self.told[name] = {**asked, **answer_of(answer)}
        if "Idempotency-Replayed" in answer.headers:
            self.replayed.add(name)

    def form(self, form: str) -> dict[str, str]:
        return form_on(look(self.browser, f"/admin/credits/{BOB}").source, f"/{form}")

    def again(self, name: str) -> dict[str, Any]:
        """Ask what was asked at that commit."""
        kept = KEPT["told"][name]
        if "form" in kept:
            self.fill_in(name, kept["form"], **kept["typed"])
        else:
            self.ask(name, kept["path"], kept["body"], kept["status"])
        return self.told[name]


def answer_of(answer: TestResponse) -> dict[str, Any]:
    return {
        "status": answer.status_code,
        "type": answer.content_type,
        "location": answer.headers.get("Location"),
        "text": answer.text if answer.content_type != "text/html; charset=utf-8" else "",
    }


@pytest.fixture
def callers(site: SiteDatabase) -> Iterator[Callers]:
    clock = Clock(NOON)
    bridge = site.bridge(clock=clock, security=api_key("admin", "usage", "read"))
    limits = {
        "limit_mode": "general", "user_limit": 1000, "guest_limit": 100,
        "reset_period": "daily", "limit_message": "Yeter — “bitti” 🚫",
        "limit_primary_action_type": "custom_url", "limit_primary_action_label": "Daha çok",
        "limit_primary_action_url": "https://shop.example/?a=1&b=2",
    }  # fmt: skip
    site.limit_chatbot(BOT, limits)
    site.set_balance(BOB, 100)
    app = create_app(bridge)
    with sign_in_browser(app, bridge) as browser:
        yield Callers(site, bridge, clock, app.test_client(), browser)


def use(actor: dict[str, object], **fields: object) -> dict[str, object]:
    return {"actor": actor, "module": "chat", "context_id": BOT, **fields}


def ask_everything(callers: Callers) -> None:
    """Ask for each kind of answer that is kept."""
    bob: dict[str, object] = {"user_id": BOB}
    guest: dict[str, object] = {"session_id": "Visitor"}
    records, holds = "/v1/usage/record", "/v1/holds"
    callers.ask("record", records, use(bob, units=130, reference="r", metadata={"a": "é"}))
    callers.ask("record-of-nothing", records, use(bob, units=0))
    callers.ask("record-beyond", records, use(guest, units=130))
    adjustments = f"/v1/accounts/{BOB}/adjustments"
    callers.ask("adjust", adjustments, {"delta": 500, "reason": "Sorry"})
    callers.ask("set", adjustments, {"set_to": 90, "expected_balance": 500, "reason": "Sorry"})
    callers.fill_in("form", "balance", set_to="200", expected="90", reason="Sorry")
    callers.fill_in("reset", "reset", context=f"chat-{BOT}")
    # Resets have rows since then; without this one all ids are as they were.
    callers.site.run("DELETE FROM wp_aipkit_token_ledger WHERE operation = 'usage_reset'")
    callers.site.run("ALTER TABLE wp_aipkit_token_ledger AUTO_INCREMENT = 1")
    callers.ask("denied", holds, use(bob, units=5_000), 402)
    callers.ask("denied-guest", holds, use(guest, units=5_000), 402)
    paths = {}
    for name in ("hold", "hold-of-little", "hold-that-ends", "hold-that-charges"):
        on_expiry = "charge" if name == "hold-that-charges" else "release"
        asked = use(bob, units=60, ttl_seconds=600, on_expiry=on_expiry)
        callers.ask(name, holds, asked)
        paths[name] = f"/v1/holds/{json.loads(callers.told[name]['text'])['hold_id']}/commit"
    callers.ask("commit", paths["hold"], {"units": 55}, 200)
    callers.ask("commit-of-nothing", paths["hold-of-little"], {"units": 0}, 200)
    callers.clock.advance(601)
    callers.ask("commit-late", paths["hold-that-ends"], {"units": 50}, 200)
    callers.ask("commit-less", paths["hold-that-charges"], {"units": 50}, 200)


def rows_of(site: SiteDatabase) -> dict[str, list[dict[str, object]]]:
    """What is kept, as JSON can say it."""
    by = {KEYS: "created_at, key_hash", HOLDS: "created_at, settled_at, credits"}
    return {
        table: [
            {name: _plain(value) for name, value in row.items()}
            for row in site.rows(f"SELECT * FROM {table} ORDER BY {order}")
        ]
        for table, order in by.items()
    }


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return value if value is None or isinstance(value, int) else str(value)


def _stored(value: object) -> object:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def put_back(site: SiteDatabase) -> None:
    """Let the database have the rows that were kept at that commit."""
    for table, rows in KEPT["rows"].items():
        for row in rows:
            names = ", ".join(row)
            places = ", ".join(["%s"] * len(row))
            values = [_stored(value) for value in row.values()]
            site.run(f"INSERT INTO {table} ({names}) VALUES ({places})", values)


def test_what_was_told_before_is_told_again_byte_for_byte(callers: Callers) -> None:
    put_back(callers.site)
    before = len(callers.site.ledger())

    for name, first in KEPT["told"].items():
        assert callers.again(name) == first

    assert len(callers.site.ledger()) == before
    assert callers.replayed == set(KEPT["told"]) - {"reset"}, "a form that leads to a page"


def test_what_is_told_and_kept_is_as_it_was(callers: Callers) -> None:
    ask_everything(callers)

    assert set(callers.told) == set(KEPT["told"])
    for name in callers.told.keys() - {"reset"}:
        assert _alike(callers.told[name]) == _alike(KEPT["told"][name])
    rows = rows_of(callers.site)
    (reset,) = (row["key_hash"] for row in KEPT["rows"][KEYS] if "forgiven" in row["answer"])
    kept, before = (
        [row for row in some[KEYS] if row["key_hash"] != reset] for some in (rows, KEPT["rows"])
    )
    assert len(kept) == len(rows[KEYS]) - 1
    assert _answers(kept) == _answers(before)
    assert _answers(rows[HOLDS]) == _answers(KEPT["rows"][HOLDS])


def test_a_repeat_in_the_same_transaction_is_told_the_same(callers: Callers) -> None:
    """Before the database has given the ledger row its id."""
    bob: dict[str, object] = {"user_id": BOB}
    event = use(bob, units=3) | {"idempotency_key": "one"}
    callers.ask("batch", "/v1/usage/batch", {"events": [event, event, event | {"units": 4}]}, 200)
    callers.ask("hold", "/v1/holds", use(bob, units=60))
    hold = hold_id_of(json.loads(callers.told["hold"]["text"])["hold_id"])
    db, site = callers.bridge.db, callers.bridge.site.get()
    commits = [prepare_commit(site, hold, Usage(units), bytes(32)) for units in (55, 55)]

    first, again = book(db, site, commits)

    results = json.loads(callers.told["batch"]["text"])["results"]
    assert results[1] == {**results[0], "replayed": True}
    assert results[2]["code"] == "idempotency_mismatch"
    rows = callers.site.ledger()[-2:]
    assert results[0]["entry_id"] == f"led_{rows[0]['id']}"
    assert isinstance(first, Receipt)
    assert isinstance(first.answer, Committed)
    assert again == Receipt(first.answer, replayed=True)
    assert first.answer.entry_id == rows[1]["id"]
    assert find_hold(db, hold).settlement == Settlement(
        bytes(32), first.answer.payment, late=False, entry=rows[1]["id"]
    )


def _alike(told: dict[str, Any]) -> dict[str, Any]:
    same = {name: told[name] for name in ("status", "type", "location")}
    return {**same, "text": _OF_A_RUN.sub("…", told["text"])}


def _answers(rows: Sequence[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Return all that does not change from run to run; the answers, character by character."""
    names = (
        "key_hash",
        "request_hash",
        "kind",
        "answer",
        "state",
        "commit_hash",
        "user_id",
        "site",
    )
    found = [tuple(str(row.get(name)) for name in names) for row in rows]
    return sorted(tuple(_OF_A_RUN.sub("…", text) for text in row) for row in found)
