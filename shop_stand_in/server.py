"""Serves the stand-in shop on loopback, with connections kept alive."""

import socket
import threading
from contextlib import suppress
from io import BytesIO
from typing import Self

from flask import Flask
from werkzeug.http import http_date
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from shop_stand_in.state import ShopState


class _Handler(WSGIRequestHandler):
    """HTTP/1.1 with connections kept alive, which werkzeug's own handler does not do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def run_wsgi(self) -> None:
        """Answer one request: body read whole, answer sent whole, connection left open."""
        self.environ = self.make_environ()
        length = int(self.headers.get("Content-Length") or 0)
        self.environ["wsgi.input"] = BytesIO(self.rfile.read(length))
        chunks, status, headers = run_wsgi_app(self.server.app, self.environ, buffered=True)
        body = b"".join(chunks)
        headers.setdefault("Date", http_date())
        headers["Content-Length"] = str(len(body))
        self.send_response_only(int(status.split()[0]), status.partition(" ")[2])
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log(self, type: str, message: str, *args: object) -> None:
        """Stay quiet: the shop's own record is `ShopState.requests`."""

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()


class _Server(ThreadedWSGIServer):
    def __init__(self, port: int, app: Flask) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__("127.0.0.1", port, app, handler=_Handler)


class RunningShop:
    """A shop being served at `url` until `stop`, or to the end of a `with`."""

    def __init__(self, state: ShopState, app: Flask, port: int) -> None:
        self.state, self.app = state, app
        self._server = _Server(port, app)
        self.url = state.home_url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="shop", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Go away at once: also kept-alive connections are closed."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in list(self._server.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
