"""A stand-in of the bridge's HTTP side: checks the plugin's tokens and answers as it is told."""

import html
import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

SECRET = "stand-in secret with more than 32 characters"
VERSION = "9.8.7"
FRAGMENT_PATH = "/v1/fragments/token-usage"
HINT_PATH = "/v1/hints/order"
HINT_SECONDS_MAX = 10
STATUS_PATH = "/status.json"


@dataclass(frozen=True)
class Call:
    """One signed request that was accepted."""

    path: str
    query: dict[str, str]
    claims: dict[str, Any]


@dataclass(frozen=True)
class Hint:
    """One signed hint that was accepted."""

    order_id: int
    claims: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    body: str
    status: int = 200
    content_type: str = "text/html; charset=utf-8"


NOT_FOUND = Answer('{"code": "not_found"}', 404, "application/problem+json")
UNAUTHORIZED = Answer('{"code": "unauthorized"}', 401, "application/problem+json")


def healthy_status() -> dict[str, Any]:
    """What the plugin reads of the bridge's state."""
    now = datetime.now(UTC)
    return {
        "warnings": [],
        "outstanding": {"credits": 1_234_567, "at": now.isoformat()},
        "sync": {"last_poll_at": (now - timedelta(minutes=2)).isoformat()},
        "orders": {"attention": 3, "unclaimed": 2},
    }


class BridgeStandIn:
    """Runs in threads of the test. Until told otherwise it answers as a healthy bridge."""

    def __init__(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.bridge = self  # type: ignore[attr-defined]  # how handlers find it
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._let_go = threading.Event()
        self._heard = threading.Condition()
        self.reset("")

    def reset(self, issuer: str) -> None:
        """Healthy again, for the site of this address."""
        self.issuer = issuer
        self.secret = SECRET
        self.calls: list[Call] = []
        self.fragment_requests = 0
        self.hints: list[Hint] = []
        self.hint_requests = 0
        self.fixed_answer: Answer | None = None
        self.fixed_health: Answer | None = None
        self.clock_offset_seconds = 0
        self.dashboard = '<section class="aipkit_token_usage_dashboard">{title}{numbers}</section>'
        self.numbers = "1,234 tokens"
        self.status = healthy_status()
        self.status_calls: list[Call] = []
        self.stop_hanging()

    def hang(self) -> None:
        """From now on requests for fragments, and hints, get no answer."""
        self._let_go.clear()

    def stop_hanging(self) -> None:
        """Requests are answered again; those that hang get theirs now."""
        self._let_go.set()

    def wait_for_hints(self, count: int = 1) -> list[int]:
        """The orders named so far, as soon as there are that many.

        A page does not wait for its hint to be read, so one who has seen the page may have to.
        """
        with self._heard:
            self._heard.wait_for(lambda: len(self.hints) >= count, HINT_SECONDS_MAX)
            return [hint.order_id for hint in self.hints]

    def start(self) -> None:
        """Begins to listen to requests."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, hanging requests included."""
        self.stop_hanging()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, target: str, authorization: str) -> Answer:
        """What to answer to one GET."""
        url = urlsplit(target)
        if url.path.endswith("/healthz"):
            return self.fixed_health or self._health()
        if url.path == STATUS_PATH:
            return self._status(authorization)
        if not url.path.endswith(FRAGMENT_PATH):
            return NOT_FOUND
        self.fragment_requests += 1
        self._let_go.wait()
        if self.fixed_answer is not None:
            return self.fixed_answer
        return self._fragment(url.path, url.query, authorization)

    def answer_post(self, target: str, authorization: str, body: bytes) -> Answer:
        """What to answer to one POST."""
        if urlsplit(target).path != HINT_PATH:
            return NOT_FOUND
        self.hint_requests += 1
        self._let_go.wait()
        try:
            claims = self._claims(authorization, "hint")
        except jwt.InvalidTokenError:
            return UNAUTHORIZED
        with self._heard:
            self.hints.append(Hint(json.loads(body)["order_id"], claims))
            self._heard.notify_all()
        return Answer('{"status": "accepted"}', 202, "application/json")

    def _health(self) -> Answer:
        time = datetime.now(UTC) + timedelta(seconds=self.clock_offset_seconds)
        health = {"status": "ok", "time": time.isoformat(), "version": VERSION}
        return Answer(json.dumps(health), content_type="application/json")

    def _status(self, authorization: str) -> Answer:
        self._let_go.wait()
        try:
            claims = self._claims(authorization, "read")
        except jwt.InvalidTokenError:
            return UNAUTHORIZED
        self.status_calls.append(Call(STATUS_PATH, {}, claims))
        return Answer(json.dumps(self.status), content_type="application/json")

    def _fragment(self, path: str, query_string: str, authorization: str) -> Answer:
        try:
            claims = self._claims(authorization, "fragment")
        except jwt.InvalidTokenError:
            return UNAUTHORIZED
        query = {
            name: values[0]
            for name, values in parse_qs(query_string, keep_blank_values=True).items()
        }
        self.calls.append(Call(path, query, claims))
        return Answer(self._html(query, claims["sub"]))

    def _claims(self, authorization: str, scope: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            authorization.removeprefix("Bearer "),
            self.secret,
            algorithms=["HS256"],
            audience="aipkit-bridge",
            issuer=self.issuer,
            leeway=30,
            options={"require": ["iss", "aud", "sub", "scope", "iat", "exp"]},
        )
        if claims["exp"] - claims["iat"] > 120 or scope not in claims["scope"].split():
            raise jwt.InvalidTokenError
        return claims

    def _html(self, query: dict[str, str], user: str) -> str:
        if user == "0":
            link = html.escape(query.get("login_url", ""))
            return f'<div class="aipkit-login-prompt"><a href="{link}">Log in</a></div>'
        numbers = f"<p>User {user} has {self.numbers}</p>"
        return self.dashboard.format(title=query.get("title", ""), numbers=numbers)


class Handler(BaseHTTPRequestHandler):
    """Writes what the stand-in answers."""

    def do_GET(self) -> None:
        """Answers one request; a caller who has gone away does not matter."""
        bridge: BridgeStandIn = self.server.bridge  # type: ignore[attr-defined]  # set above
        self._write(bridge.answer(self.path, self.headers.get("Authorization", "")))

    def do_POST(self) -> None:
        """Answers one request that has a body."""
        bridge: BridgeStandIn = self.server.bridge  # type: ignore[attr-defined]  # set above
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._write(bridge.answer_post(self.path, self.headers.get("Authorization", ""), sent))

    def _write(self, answer: Answer) -> None:
        body = answer.body.encode()
        try:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header, by the stand-in's clock."""
        bridge: BridgeStandIn = self.server.bridge  # type: ignore[attr-defined]  # set above
        now = time.time() if timestamp is None else timestamp
        return super().date_time_string(int(now + bridge.clock_offset_seconds))

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
