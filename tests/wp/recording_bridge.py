"""A bridge that keeps what it was sent, and seals whatever a test lets it answer."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt

from .bridge_stand_in import SECRET

SCREEN = "application/vnd.aipkit-bridge.screen+json"
SEALED = ("Content-Type", "Location", "Content-Disposition")


@dataclass
class Passed:
    """A request as it arrived."""

    method: str
    target: str
    headers: Message
    size: int
    digest: str

    @property
    def claims(self) -> dict[str, Any]:
        """What the plugin has signed; its secret is checked."""
        token = self.headers["Authorization"].removeprefix("Passage ")
        claims: dict[str, Any] = jwt.decode(
            token, SECRET, algorithms=["HS256"], audience="aipkit-bridge/screens"
        )
        return claims


@dataclass
class Reply:
    """What to answer. Pieces are sent one by one; if there are more, without their length."""

    pieces: list[bytes] | Callable[[], Iterator[bytes]]
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": SCREEN})
    is_sealed: bool = True
    breaks_off: bool = False


class RecordingBridge:
    """Where the plugin's requests arrive."""

    def __init__(self) -> None:
        """Answer with an empty screen until told otherwise."""
        self.passed: list[Passed] = []
        self.reply = screen_reply("<h1>A screen</h1>")
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.bridge = self  # type: ignore[attr-defined]  # how handlers find it
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["RecordingBridge"]:
        """Listen until the end."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()


def screen_reply(body: str, title: str = "A screen", head: str = "") -> Reply:
    """Return a screen."""
    return Reply([json.dumps({"title": title, "head": head, "body": body}).encode()])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Keep and answer."""
        bridge: RecordingBridge = self.server.bridge  # type: ignore[attr-defined]  # set above
        left = size = int(self.headers.get("Content-Length") or 0)
        sum_ = hashlib.sha256()
        while left:
            part = self.rfile.read(min(left, 65536))
            left -= len(part)
            sum_.update(part)
        passed = Passed(self.command, self.path, self.headers, size, sum_.hexdigest())
        bridge.passed.append(passed)
        self._answer(bridge.reply, passed)

    def do_POST(self) -> None:
        """As a GET."""
        self.do_GET()

    def _answer(self, reply: Reply, passed: Passed) -> None:
        is_streamed = callable(reply.pieces)
        pieces = reply.pieces() if callable(reply.pieces) else iter(reply.pieces)
        whole = b"" if is_streamed else b"".join(pieces)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        digest = "" if is_streamed else hashlib.sha256(whole).hexdigest()
        if reply.is_sealed:
            self.send_header("Passage-Seal", _seal(reply, passed.claims["jti"], digest))
        self.send_header(*(("Transfer-Encoding", "chunked") if is_streamed
                           else ("Content-Length", str(len(whole)))))  # fmt: skip
        self.end_headers()
        if not is_streamed:
            self.wfile.write(whole)
            return
        for piece in pieces:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if not reply.breaks_off:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _seal(reply: Reply, token_id: str, digest: str) -> str:
    parts = [reply.headers.get(name, "") for name in SEALED]
    text = "\n".join(["answer", token_id, str(reply.status), *parts, digest])
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
