"""The units of `--systemd`: what is written and run, and taken back."""

from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest

from bridge.services.setup import service_steps
from bridge.services.setup.errors import SetupError
from bridge.services.setup.plan import UndoContext
from bridge.services.setup.service_steps import Services, StartServices, check_readable
from tests.support.folders import DOCS

CONTEXT = cast("UndoContext", None)
"""The services need no database to be taken back."""


@pytest.fixture
def ready() -> Iterator[int]:
    """The port of something that is ready."""

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_units_are_written_started_and_taken_back(
    tmp_path: Path, ready: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("")
    folder = tmp_path / "units"
    folder.mkdir()
    older = folder / "aipkit-bridge.service"
    older.write_text("older")
    services = Services(config=config, program=Path("/opt/bridge"), port=ready, folder=folder)
    commands: list[Sequence[str]] = []
    facts: dict[str, Any] = {}
    step = StartServices(services, commands.append)

    assert not step.is_done()
    step.do(facts.update)

    assert step.is_done()
    assert {path.name: path.read_text() for path in folder.iterdir()} == services.units()
    assert commands == [
        ("systemctl", "daemon-reload"),
        ("systemctl", "enable", "--now", *services.units()),
    ]

    monkeypatch.setattr(service_steps, "run_command", commands.append)
    StartServices.undo(CONTEXT, facts)

    assert {path.name: path.read_text() for path in folder.iterdir()} == {older.name: "older"}
    assert commands[2:] == [
        ("systemctl", "disable", "--now", *services.units()),
        ("systemctl", "daemon-reload"),
    ]


def test_each_configuration_has_units_of_its_own(tmp_path: Path) -> None:
    """A machine may run bridges for several sites: of a network, for example."""
    one, two, other = (
        Services(config=Path(path), program=Path("/opt/bridge"), port=8787, folder=tmp_path)
        for path in ("/etc/b/config.toml", "/etc/b/my shop.toml", "/srv/config.toml")
    )
    assert (one.name, two.name) == ("aipkit-bridge", "aipkit-bridge-my-shop")
    for name, text in one.units().items():
        (tmp_path / name).write_text(text)

    one.check_own()
    two.check_own()
    with pytest.raises(SetupError, match=r"runs the bridge of /etc/b/config\.toml"):
        other.check_own()


def test_the_documents_show_these_units() -> None:
    services = Services(
        config=Path("/etc/aipkit-bridge/config.toml"),
        program=Path("/opt/aipkit-bridge/bin/aipkit-bridge"),
        port=8787,
    )
    text = (DOCS / "connect-by-hand.md").read_text("utf-8")

    assert [name for name, unit in services.units().items() if unit not in text] == []


def test_a_place_that_services_do_not_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)

    for path in (tmp_path / "closed" / "config.toml", Path("/root/config.toml")):
        with pytest.raises(SetupError, match="services do not read"):
            check_readable(path)
