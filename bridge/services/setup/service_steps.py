"""Steps of `--systemd`: a system user, and units that run the bridge as that user."""

import os
import pwd
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias

from bridge.services.setup.errors import SetupError
from bridge.services.setup.plan import Note, UndoContext
from bridge.services.setup.record import Facts
from bridge.woo.visits import visit

Run: TypeAlias = Callable[[Sequence[str]], None]

_NAME = "aipkit-bridge"
_CONFIG = "Environment=AIPKIT_BRIDGE_CONFIG="
USER = _NAME
MAKE_USER = (
    *("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/"),
    *("--shell", "/usr/sbin/nologin", USER),
)
_FOLDER = Path("/etc/systemd/system")
_READY_WITHIN_S = 30.0
_UNIT = """\
[Unit]
Description=aipkit-bridge: {what}
{needs}Wants=network-online.target

[Service]
User={user}
{says_config}{config}
ExecStart={program} {command}
{more}Restart=always
RestartSec=3
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp={private_tmp}

[Install]
WantedBy=multi-user.target
"""
_SOCKET = """\
[Unit]
Description=aipkit-bridge: address

[Socket]
ListenStream={address}
Backlog=1024

[Install]
WantedBy=sockets.target
"""
_AFTER = "After={first}network-online.target mariadb.service mysql.service\n"


def run_command(command: Sequence[str]) -> None:
    """Run a program of the system; what it says is kept for an error."""
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # fixed words


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The units of one bridge."""

    config: Path
    program: Path
    port: int
    socket_in_tmp: bool = False
    folder: Path = _FOLDER

    @property
    def name(self) -> str:
        """
        What the units are called.

        A machine may have a bridge for each of several sites, and each a configuration of its
        own, by whose name theirs are told apart: `two.toml` has aipkit-bridge-two.service.
        """
        stem = re.sub(r"[^A-Za-z0-9_.-]", "-", self.config.stem)
        return _NAME if stem == "config" else f"{_NAME}-{stem}"

    def check_own(self) -> None:
        """
        See that no unit of these names runs another bridge.

        Raises:
            SetupError: One does.
        """
        for name in self.units():
            found = re.search(rf"^{_CONFIG}(.+)$", _text(self.folder / name) or "", re.MULTILINE)
            if found and found[1] != str(self.config):
                raise SetupError(
                    f"{name} runs the bridge of {found[1]}: give this one a configuration of "
                    "another name, as --config /etc/aipkit-bridge/two.toml."
                )

    def units(self) -> Mapping[str, str]:
        """Return the texts of the unit files by their names."""
        listens = f"{self.name}.socket"
        common = {
            "user": USER,
            "says_config": _CONFIG,
            "config": self.config,
            "program": self.program,
            "private_tmp": "no" if self.socket_in_tmp else "yes",
        }
        first = _AFTER.format(first=f"{listens} ")
        return {
            listens: _SOCKET.format(address=f"127.0.0.1:{self.port}"),
            f"{self.name}.service": _UNIT.format(
                what="HTTP",
                needs=f"Requires={listens}\n{first}",
                command="serve --no-worker",
                more="KillMode=mixed\n",
                **common,
            ),
            f"{self.name}-worker.service": _UNIT.format(
                what="worker",
                needs=_AFTER.format(first=""),
                command="worker",
                more="TimeoutStopSec=60\n",
                **common,
            ),
        }


def is_root() -> bool:
    """Say whether services can be set up for the whole machine."""
    return os.geteuid() == 0


def can_start_services() -> bool:
    """Say whether units can be written and started: by root, where systemd runs."""
    return is_root() and Path("/run/systemd/system").is_dir()


def check_readable(path: Path) -> None:
    """
    See that a service of another user gets at a file.

    Raises:
        SetupError: It does not.
    """
    for folder in path.parents:
        if folder in (Path("/root"), Path("/home")) or not _is_open(folder):
            raise SetupError(
                f"{path} is in {folder}, where services do not read: install the bridge with "
                "`make install`, and keep its configuration in /etc."
            )


def _is_open(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & 0o001)
    except FileNotFoundError:  # it is made later
        return True


class MakeServiceUser:
    """A user of the system for the services, who may log in nowhere."""

    name: ClassVar[str] = "service_user"

    def __init__(self, run: Run = run_command) -> None:
        self._run = run

    @property
    def says(self) -> str:
        return f"make the system user {USER}, who runs the services"

    def is_done(self) -> bool:
        return _owner() is not None

    def do(self, note: Note) -> str:
        note({"user": USER})
        self._run(MAKE_USER)
        return ""

    @staticmethod
    def undo(_: UndoContext, facts: Facts) -> str:
        """Take the user away."""
        if any(_FOLDER.glob(f"{_NAME}*.service")):
            return "stays, for the other bridges of this machine"
        if facts and _owner() is not None:
            run_command(("userdel", str(facts["user"])))
        return ""


def _owner() -> tuple[int, int] | None:
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        return None
    return user.pw_uid, user.pw_gid


class StartServices:
    """The units, started now and at each start of the machine."""

    name: ClassVar[str] = "services"

    def __init__(self, services: Services, run: Run = run_command) -> None:
        self._services = services
        self._run = run

    @property
    def says(self) -> str:
        return f"write {', '.join(self._services.units())}, enable and start them"

    def is_done(self) -> bool:
        return all(
            _text(self._path(name)) == text for name, text in self._services.units().items()
        )

    def do(self, note: Note) -> str:
        services, units = self._services, self._services.units()
        note(
            {
                "units": {str(self._path(name)): _text(self._path(name)) for name in units},
                "config": str(services.config),
                "owner": [services.config.stat().st_uid, services.config.stat().st_gid],
            }
        )
        if (owner := _owner()) is not None:
            os.chown(services.config, *owner)
        for name, text in units.items():
            self._path(name).write_text(text, "utf-8")
        self._run(("systemctl", "daemon-reload"))
        self._run(("systemctl", "enable", "--now", *units))
        _wait_until_ready(f"http://127.0.0.1:{services.port}/readyz", services.name)
        return f"it answers at http://127.0.0.1:{services.port}"

    def _path(self, name: str) -> Path:
        return self._services.folder / name

    @staticmethod
    def undo(_: UndoContext, facts: Facts) -> str:
        """Stop the services, and put back what stood in their files."""
        if not facts:
            return ""
        paths = {Path(path): before for path, before in facts["units"].items()}
        there = [path.name for path in paths if path.exists()]
        if there:
            run_command(("systemctl", "disable", "--now", *there))
        for path, before in paths.items():
            if before is None:
                path.unlink(missing_ok=True)
            else:
                path.write_text(before, "utf-8")
        run_command(("systemctl", "daemon-reload"))
        if Path(facts["config"]).exists():
            os.chown(facts["config"], *facts["owner"])
        return ""


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def _wait_until_ready(url: str, name: str) -> None:
    give_up_at = time.monotonic() + _READY_WITHIN_S
    while visit(url) != 200:
        if time.monotonic() > give_up_at:
            raise SetupError(f"The services do not become ready: journalctl -u {name} says why.")
        time.sleep(0.2)
