"""One account that spends over HTTP, on a database whose clock the test sets."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import phpserialize
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.domain.quotas import Module
from bridge.store.peer_plugin import SETTINGS_OPTION
from bridge.wiring import Bridge
from tests.support.apps import create_app
from tests.support.client import API_KEY, api_key, bearer
from tests.support.site import IDS, USERS, Clock, SiteDatabase

Json = dict[str, Any]

BOT = IDS["bots"]["Support Bot"]
NOON = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # in Istanbul, where the recorded site is
ZONE = ZoneInfo("Europe/Istanbul")
_numbers = count(1)


def json_of(answer: TestResponse) -> Json:
    """Return the object that an answer holds."""
    assert isinstance(answer.json, dict), answer.text
    return answer.json


@dataclass
class Desk:
    """An actor in one chatbot; Bob unless told otherwise."""

    site: SiteDatabase
    actor: dict[str, Any] = field(default_factory=lambda: {"user_id": USERS["bob"]})
    clock: Clock = field(default_factory=lambda: Clock(NOON))

    @cached_property
    def bridge(self) -> Bridge:
        bridge = self.site.bridge(clock=self.clock, security=api_key("usage", "read"))
        self._limit_to(1000)
        self._start = len(self.site.ledger())
        self._start_balance = self.site.balance(USERS["bob"])
        return bridge

    @cached_property
    def client(self) -> FlaskClient:
        return create_app(self.bridge).test_client()

    def of_guest(self, session_id: str) -> "Desk":
        """Return a guest at the same place."""
        assert self.bridge
        return replace(self, actor={"session_id": session_id})

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    def at_midnight(self, *, before_s: float) -> None:
        """Go to shortly before the site's next midnight."""
        local = self.clock.now.astimezone(ZONE)
        midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0)
        self.advance((midnight - local).total_seconds() - before_s)

    def give(self, balance: int) -> None:
        """Set the balance as another program would."""
        assert self.bridge
        self.site.set_balance(USERS["bob"], balance)
        self._start_balance = balance + self._spent()

    def post(self, path: str, body: object = None, *, key: str = "") -> TestResponse:
        headers = {**bearer(API_KEY), "Idempotency-Key": key or f"key-{next(_numbers)}"}
        return self.client.post(path, headers=headers, json=body)

    def body(self, **fields: Any) -> Json:
        return {"actor": self.actor, "module": "chat", "context_id": BOT, **fields}

    def try_hold(self, *, key: str = "", **fields: Any) -> tuple[int, Json]:
        answer = self.post("/v1/holds", self.body(**fields), key=key)
        return answer.status_code, json_of(answer)

    def hold(self, **fields: Any) -> Json:
        status, hold = self.try_hold(**fields)
        assert status == 201, hold
        return hold

    def commit(self, hold: dict[str, Any], **fields: Any) -> Json:
        answer = self.post(f"/v1/holds/{hold['hold_id']}/commit", fields)
        assert answer.status_code == 200, answer.text
        return json_of(answer)

    def record(self, *, key: str = "", **fields: Any) -> Json:
        answer = self.post("/v1/usage/record", self.body(**fields), key=key)
        assert answer.status_code == 201, answer.text
        return json_of(answer)

    def state(self, hold: dict[str, Any]) -> str:
        return str(self._get(f"/v1/holds/{hold['hold_id']}")["state"])

    def figures(self) -> dict[str, int]:
        account = self._get(f"/v1/accounts/{self.actor['user_id']}")
        module = next(m for m in account["modules"] if m["context_id"] == BOT)
        figures = {name: account[name] for name in ("balance", "held", "available")}
        return {**figures, "remaining": module["remaining"]}

    def guest_figures(self) -> dict[str, int]:
        guest = self._get(f"/v1/guests/{self.actor['session_id']}")
        module = next(m for m in guest["modules"] if m["context_id"] == BOT)
        return {name: module[name] for name in ("used", "remaining")}

    def account_row(self) -> Json:
        sql = "SELECT * FROM wp_aipkit_bridge_accounts WHERE user_id = %s"
        return self.site.rows(sql, (self.actor["user_id"],))[0]

    def ledger(self) -> list[dict[str, Any]]:
        """The rows since the test began."""
        return self.site.ledger()[self._start :]

    def assert_booked(self, change: int) -> None:
        """Assert what the ledger took, and that the books are right."""
        assert -self._spent() == change
        self.assert_right()

    def assert_right(self) -> None:
        """Assert that the books are right, and that what is held is what open holds reserve."""
        self.site.assert_balanced()
        sql = """
            SELECT a.held, a.open_holds, COUNT(h.hold_id) AS open,
                   COALESCE(SUM(h.from_balance), 0) AS reserved
              FROM wp_aipkit_bridge_accounts a
              LEFT JOIN wp_aipkit_bridge_holds h ON h.user_id = a.user_id AND h.state = 'open'
             GROUP BY a.user_id
        """
        for row in self.site.rows(sql):
            assert (row["held"], row["open_holds"]) == (row["reserved"], row["open"])

    def limit_module(self, module: Module, credits: int) -> None:
        """Let everybody have so many free credits a day in another module."""
        fields = {
            "token_limit_mode": "general",
            "token_user_limit": credits,
            "token_guest_limit": credits,
            "token_reset_period": "daily",
        }
        value = phpserialize.dumps({"token_management": fields}).decode()
        self.site.run(
            "REPLACE INTO wp_options (option_name, option_value) VALUES (%s, %s)",
            (SETTINGS_OPTION[module], value),
        )

    def _limit_to(self, credits: int) -> None:
        """Let everybody have so many free credits a day in this chatbot."""
        limits = {
            "limit_mode": "general",
            "user_limit": credits,
            "guest_limit": credits,
            "reset_period": "daily",
        }
        self.site.limit_chatbot(BOT, limits)

    def _spent(self) -> int:
        return -sum(int(row["credits_delta"]) for row in self.ledger())

    def _get(self, path: str) -> Any:
        answer = self.client.get(path, headers=bearer(API_KEY))
        assert answer.status_code == 200, answer.text
        return json_of(answer)
