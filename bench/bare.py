"""What a fragment is held against: a bare handler of the same server that runs one query."""

import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
import pymysql
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from bridge.config import parse_database_url

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

URL_VARIABLE = "BENCH_DATABASE_URL"
_BALANCE = """
    SELECT meta_value FROM wp_usermeta
     WHERE user_id = %s AND meta_key = '_aipkit_token_balance'
"""


def make_app() -> "WSGIApplication":
    """Return the handler; each thread keeps its connection."""
    arguments, *_ = parse_database_url(os.environ[URL_VARIABLE]).connect_arguments()
    kept = threading.local()

    def handle(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not hasattr(kept, "cursor"):
            kept.cursor = pymysql.connect(**arguments, autocommit=True).cursor()
        kept.cursor.execute(_BALANCE, (environ["PATH_INFO"].removeprefix("/"),))
        (balance,) = kept.cursor.fetchone() or ("0",)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [balance.encode()]

    return handle


def serve_plainly(app: str, port: int, *, threads: int) -> None:
    """Serve an application with the server and as many workers as the bridge has."""
    Server(
        app,
        factory=True,
        interface=Interfaces.WSGI,
        port=port,
        workers=2,
        blocking_threads=threads,
        backpressure=256,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


@click.command()
@click.option("--port", type=int, required=True)
def serve(port: int) -> None:
    """Serve it as `aipkit-bridge serve` serves the bridge."""
    serve_plainly("bench.bare:make_app", port, threads=8)


if __name__ == "__main__":
    serve()
