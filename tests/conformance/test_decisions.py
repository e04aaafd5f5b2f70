"""
Recorded accounts through the real database and HTTP: every step, check and record.

A third of the 600, and all in a soak; `tests/unit/domain` decides on all of them.
"""

import json
from datetime import UTC, datetime
from typing import Any

import phpserialize
import pytest
from flask.testing import FlaskClient

from bridge.domain.quotas import Context, Module
from bridge.store.peer_plugin import SETTINGS_OPTION, counter_keys, guest_context
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.folders import FIXTURES
from tests.support.site import SiteDatabase

CASES: list[dict[str, Any]] = json.loads((FIXTURES / "conformance/decisions.json").read_text())
BATCH = 60
EVERY = 3
USER, BOT, SESSION = 900_001, 900_002, "Recorded-Guest_1"

COLUMNS = (
    "actor_type", "module", "context_type", "context_id", "provider", "model", "operation",
    "usage_input_units", "usage_output_units", "usage_total_units", "credits_delta", "entry_type",
    "reference_type", "reference_id", "idempotency_key",
)  # fmt: skip
META = ("billed_credits", "balance_units", "quota_units", "balance_before", "balance_after")


class Stage:
    """One recorded account put into the database, state by state."""

    def __init__(self, site: SiteDatabase, case: dict[str, Any]) -> None:
        self.site, self.case = site, case
        self.module = Module(case["module"])
        self.is_user = case["actor"]["type"] == "user"
        self.context = Context(self.module, BOT if self.module is Module.CHAT else None)
        self._seen = len(site.ledger())
        self._set_site()
        self._set_limits()
        self._set_rules()
        self._set_user()

    def client(self) -> FlaskClient:
        now = datetime.fromtimestamp(self.case["now"], UTC)
        keys = api_key("usage", "read")
        return create_app(self.site.bridge(now=now, security=keys)).test_client()

    def set_state(self, state: dict[str, Any]) -> None:
        if self.is_user:
            used, stamp = counter_keys(self.context)
            self._set_meta("_aipkit_token_balance", state["balance"])
            self._set_meta(used, state["used"])
            self._set_meta(stamp, state["last_reset"])
            return
        self.site.run("DELETE FROM wp_aipkit_guest_token_usage")
        if state["used"] is not None:
            self.site.run(
                "INSERT INTO wp_aipkit_guest_token_usage"
                " (session_id, bot_id, tokens_used, last_reset_timestamp) VALUES (%s, %s, %s, %s)",
                (SESSION, guest_context(self.context), state["used"], state["last_reset"] or 0),
            )

    def effective(self, client: FlaskClient) -> dict[str, int]:
        """What the account API says of balance and counter."""
        path = f"accounts/{USER}" if self.is_user else f"guests/{SESSION}"
        answer = client.get(f"/v1/{path}", headers=bearer(API_KEY)).json
        assert answer is not None
        place = (self.module, self.context.bot_id)
        used = [m["used"] for m in answer["modules"] if (m["module"], m["context_id"]) == place]
        effective = {"used": used[0] if used else 0}
        return {**effective, "balance": answer["balance"]} if self.is_user else effective

    def take_ledger(self) -> list[dict[str, Any]]:
        """The rows written since the last look."""
        rows = self.site.ledger()[self._seen :]
        self._seen += len(rows)
        return rows

    def as_recorded(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row in the recording's form, with the parts of `meta` that all writers share."""
        meta = json.loads(row["meta"]) if isinstance(row["meta"], str) else row["meta"]
        values = {name: None if row[name] is None else str(row[name]) for name in COLUMNS}
        if values["context_id"] == "BOT":
            values["context_id"] = str(BOT)
        return {**values, "meta": {name: meta[name] for name in META}}

    def body(self, op: dict[str, Any]) -> dict[str, Any]:
        context = op.get("usage_context") or {}
        usage = {**context, "data": context["usage_data"]} if context else {}
        usage.pop("usage_data", None)
        body = {
            "actor": {"user_id": USER} if self.is_user else {"session_id": SESSION.upper()},
            "module": self.module,
            "context_id": self.context.bot_id,
            "units": op["fallback_units"] if op["kind"] == "check" else op["tokens"],
        }
        return {**body, "usage": usage} if usage else body

    def _set_site(self) -> None:
        site = self.case["site"]
        for name in ("timezone_string", "gmt_offset", "start_of_week"):
            self._set_option(name, str(site[name]))

    def _set_limits(self) -> None:
        settings = self.case["settings"]
        if self.module is not Module.CHAT:
            value = phpserialize.dumps({"token_management": settings}).decode()
            self._set_option(SETTINGS_OPTION[self.module], value)
            return
        self.site.run("DELETE FROM wp_postmeta WHERE post_id = %s", (BOT,))
        self.site.run(
            "REPLACE INTO wp_posts (ID, post_type, post_status, post_title, post_content,"
            " post_excerpt, to_ping, pinged, post_content_filtered)"
            " VALUES (%s, 'aipkit_chatbot', 'publish', 'Recorded', '', '', '', '', '')",
            (BOT,),
        )
        for name, value in settings.items():
            text = json.dumps(value) if isinstance(value, dict | list) else value
            self.site.run(
                "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES (%s, %s, %s)",
                (BOT, f"_aipkit_{name}", text),
            )

    def _set_rules(self) -> None:
        self.site.run("DELETE FROM wp_aipkit_pricing_rules")
        for rule in self.case["pricing_rules"]:
            columns = ", ".join(rule)
            values = ", ".join(["%s"] * len(rule))
            self.site.run(
                f"INSERT INTO wp_aipkit_pricing_rules ({columns}, updated_at)"
                f" VALUES ({values}, '2026-01-01')",
                tuple(rule.values()),
            )

    def _set_user(self) -> None:
        self.site.run("DELETE FROM wp_usermeta WHERE user_id = %s", (USER,))
        if self.is_user:
            roles = dict.fromkeys(self.case["actor"]["roles"], True)
            self._set_meta("wp_capabilities", phpserialize.dumps(roles).decode())

    def _set_option(self, name: str, value: str) -> None:
        self.site.run(
            "REPLACE INTO wp_options (option_name, option_value) VALUES (%s, %s)", (name, value)
        )

    def _set_meta(self, key: str, value: object) -> None:
        delete = "DELETE FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
        self.site.run(delete, (USER, key))
        if value is not None:
            insert = "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)"
            self.site.run(insert, (USER, key, str(value)))


@pytest.fixture
def recorded(site: SiteDatabase) -> SiteDatabase:
    site.run(
        "INSERT INTO wp_users (ID, user_login, user_email, user_registered)"
        " VALUES (%s, 'recorded', 'recorded@example.com', '2020-01-01')",
        (USER,),
    )
    return site


@pytest.mark.parametrize("start", range(0, len(CASES), BATCH))
def test_each_step_is_answered_and_booked_as_the_rules_ask(
    recorded: SiteDatabase, start: int, request: pytest.FixtureRequest
) -> None:
    every = 1 if request.config.getoption("--soak") else EVERY
    for case in CASES[start : start + BATCH : every]:
        stage = Stage(recorded, case)
        state, client = case["state"], stage.client()
        for number, step in enumerate(case["steps"]):
            stage.set_state(state)
            if step["op"]["kind"] == "check":
                assert_checked(client, stage, step, case)
            else:
                assert_recorded(client, stage, step, f"{case['case']}-{number}")
            assert stage.effective(client) == step["bridge"]["effective"], (case["case"], number)
            state = step["state"]
        recorded.close_bridges()


def assert_checked(
    client: FlaskClient, stage: Stage, step: dict[str, Any], case: dict[str, Any]
) -> None:
    wanted = step["bridge"]
    answer = client.post("/v1/usage/check", headers=bearer(API_KEY), json=stage.body(step["op"]))
    assert answer.status_code == 200, (case["case"], answer.text)
    got = answer.json
    assert got is not None
    assert (got["allowed"], got["reason"], got["required_credits"]) == (
        wanted["allowed"],
        wanted["reason"],
        wanted["required_credits"],
    ), case["case"]
    effective = {"used": got["quota"]["used"]}
    if stage.is_user:
        effective["balance"] = got["balance"]
    assert effective == wanted["effective"], case["case"]
    assert (got["notice"] is None) == got["allowed"]


def assert_recorded(client: FlaskClient, stage: Stage, step: dict[str, Any], name: str) -> None:
    wanted = step["bridge"]
    headers = {**bearer(API_KEY), "Idempotency-Key": name}
    answer = client.post("/v1/usage/record", headers=headers, json=stage.body(step["op"]))
    assert answer.status_code == 201, (name, answer.text)
    got = answer.json
    assert got is not None
    parts = ("billed_credits", "from_balance", "from_quota", "uncovered")
    assert {part: got[part] for part in parts} == {part: wanted[part] for part in parts}, name
    assert got["balance_after"] == wanted["effective"].get("balance", 0), name
    rows = stage.take_ledger()
    assert [got["entry_id"]] == [f"led_{row['id']}" for row in rows] or got["entry_id"] is None
    assert len(rows) == (got["entry_id"] is not None), name
    if wanted["differs"] is None:
        assert [stage.as_recorded(row) for row in rows] == [
            stage.as_recorded(row) for row in step["ledger"]
        ], name
