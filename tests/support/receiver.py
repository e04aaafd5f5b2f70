"""A program of somebody else that is told of events, over HTTP."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"tests-webhook-secret-of-32-bytes").decode()


@dataclass
class Receiver:
    """What arrived, and what is answered: the next of *statuses*, then 204."""

    url: str = ""
    arrived: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def setting(self, **more: Any) -> dict[str, Any]:
        """Return it as a section of the configuration."""
        return {"url": self.url, "secret": SECRET, **more}

    @property
    def types(self) -> list[str]:
        return [one["type"] for one in self.arrived]

    def take(self, headers: Any, body: bytes) -> int:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        self.ids.append(headers["webhook-id"])
        self.arrived.append(json.loads(body))
        return self.statuses.pop(0) if self.statuses else 204


@contextmanager
def receiving(path: str = "/hook") -> Iterator[Receiver]:
    """Listen until the test ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(receiver.take(self.headers, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}{path}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
