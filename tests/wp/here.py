"""A bridge in the tests' own process, over real HTTP: one of its own takes a second to start."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from bridge.config import Settings, load_settings
from bridge.jobs.scheduler import Worker
from bridge.store.migrate import migrate
from bridge.wiring import Bridge, build
from tests.support.apps import create_app, take_back
from tests.support.serving import serve

GIVE_UP_S = 60


class Gate:
    """Before an application: while it is shut, requests wait, as those of a busy process do."""

    def __init__(self, app: WSGIApplication) -> None:
        """It is open at first."""
        self._app, self._is_open = app, Event()
        self._is_open.set()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        self._is_open.wait(GIVE_UP_S)
        return self._app(environ, start)

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Let nobody be answered meanwhile."""
        self._is_open.clear()
        try:
            yield
        finally:
            self._is_open.set()


@dataclass(frozen=True)
class BridgeHere:
    """A running bridge."""

    url: str
    gate: Gate
    stop: Callable[[], None]


@contextmanager
def run_here(config: Path, *, with_worker: bool = False) -> Iterator[BridgeHere]:
    """Do what `migrate`, `serve` and `worker` do with a configuration, until the block ends."""
    settings = load_settings(config)
    with ExitStack() as stack:
        bridge = _build(settings, stack)
        migrate(bridge.db)
        stack.callback(take_back, bridge)
        if with_worker:
            # As in a process of its own, which has read the site at another time.
            worker = Worker(_build(settings, stack))
            worker.start()
            stack.callback(worker.stop)
        gate = Gate(create_app(bridge))
        url = stack.enter_context(serve(gate, settings.server.port))
        yield BridgeHere(url, gate, stack.close)


def _build(settings: Settings, stack: ExitStack) -> Bridge:
    bridge = build(settings)
    stack.callback(bridge.close)
    return bridge
