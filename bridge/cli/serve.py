"""`aipkit-bridge serve`: the HTTP service, and a worker beside it."""

import logging
import secrets
import socket
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from typing import Any

import click
import structlog
from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from bridge.cli.claimed import claim_port
from bridge.cli.context import Context, pass_context
from bridge.cli.inherited import InheritingServer, inherited_socket, stop_accepting_when_told
from bridge.cli.logs import set_up_logging
from bridge.cli.memory import look_for_cycles_less_often, share_arenas
from bridge.cli.signals import end_with_parent
from bridge.config import config_path, hand_down, load_settings, name_instance
from bridge.domain.errors import DatabaseRefusedError, DatabaseUnavailableError
from bridge.web.app import create_app
from bridge.wiring import build

log = structlog.get_logger()

_APP = "bridge.cli.serve:make_app"
_RESPAWN_AFTER_S = 3.0
_CONNECTIONS = 512
"""That a server process takes at once; it may open twice as many files, as systems are set up."""
_HEADER_PATIENCE_MS = 75_000
"""
How long a connection may send nothing, before its first request or between two. A little longer
than nginx keeps an idle one, so that it is not closed under a request.
"""


def make_app() -> Flask:
    """Return the application in a server process; the path of the file is handed down."""
    set_up_logging(debug=False)  # a server process of its own, however it was started
    end_with_parent()
    stop_accepting_when_told()
    app = create_app(build(load_settings(config_path(None))))
    look_for_cycles_less_often()
    return app


@click.command()
@click.option("--host", help="Default: server.host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: server.port.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--no-worker", is_flag=True, help="Serve only; run `aipkit-bridge worker` apart.")
@click.option("--instance", hidden=True, help="What /readyz calls it, for whoever waits for it.")
@pass_context
def serve(
    context: Context,
    host: str | None,
    port: int | None,
    workers: int,
    *,
    no_worker: bool,
    instance: str | None,
) -> None:
    """Serve HTTP, and unless told otherwise run the worker too."""
    share_arenas()
    settings = context.settings
    address = host or settings.server.host
    port = settings.server.port if port is None else port
    listener = inherited_socket()
    held = listener or claim_port(address, port)
    try:
        context.bridge()
    except DatabaseRefusedError:
        raise
    except DatabaseUnavailableError as error:
        log.warning("serving_before_the_database", reason=str(error))
    hand_down(context.config_file)
    name = instance or secrets.token_hex(8)
    name_instance(name)
    logging.getLogger("_granian").addFilter(_is_news)
    address, port, *_ = held.getsockname()
    server = _server(address, port, workers, listener)
    log.info("serving", host=address, port=port, instance=name)
    stop = Event()
    if not no_worker:
        Thread(target=_keep_worker, args=(context.config_file, stop), daemon=True).start()
    try:
        server.serve()
    finally:
        stop.set()


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out Granian's warning of many threads: they are meant, and made as they are needed."""
    return "Python threads" not in record.getMessage()


def _server(address: str, port: int, workers: int, listener: socket.socket | None) -> MPServer:
    options: dict[str, Any] = {
        "factory": True,
        "interface": Interfaces.WSGI,
        "address": address,
        "port": port,
        "workers": workers,
        "blocking_threads": _CONNECTIONS,  # made when they are needed; see `bridge.web.turns`
        "backpressure": _CONNECTIONS,
        # Not HTTP/2 as well: to find out which it is, a connection that sends nothing would be
        # waited for without end.
        "http": HTTPModes.http1,
        "http1_settings": HTTP1Settings(header_read_timeout=_HEADER_PATIENCE_MS),
        "respawn_failed_workers": True,
        "websockets": False,
        "log_level": LogLevels.warning,
    }
    if listener is None:
        return MPServer(_APP, **options)
    return InheritingServer(_APP, listener=listener, **options)


def _keep_worker(config_file: Path, stop: Event) -> None:
    """Run a worker process, and another when it dies; it ends with us, however we end."""
    command = [sys.executable, "-m", "bridge", "--config", str(config_file), "worker"]
    while not stop.is_set():
        try:
            # With close_fds the child would tell by a pipe that it runs. A server process that is
            # forked at this moment keeps that pipe open, and we would wait for it for good.
            process = subprocess.Popen(  # noqa: S603  # ourselves
                [*command, "--with-parent"], stdin=subprocess.PIPE, close_fds=False
            )
        except OSError as error:
            log.warning("worker_not_started", reason=str(error))
            stop.wait(_RESPAWN_AFTER_S)
            continue
        while process.poll() is None and not stop.wait(0.2):
            pass
        if stop.is_set():
            process.terminate()
            return
        stop.wait(_RESPAWN_AFTER_S)
