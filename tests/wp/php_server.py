"""PHP's own web server, with several workers, on a port of the loopback address."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .php_cli import PHP_OPTIONS

KEEP_MAIL = Path(__file__).resolve().parent / "php" / "keep_mail.sh"
WORKERS = 6
START_SECONDS_MAX = 30


class PhpServer:
    """Serves a folder through a router script; its address is known before it runs."""

    def __init__(self, folder: Path, router: Path) -> None:
        self.host = f"127.0.0.1:{free_port()}"
        self._folder = folder
        self._router = router
        self.mails = folder / "mails"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when connections are accepted; mails are kept in a folder."""
        self.mails.mkdir(exist_ok=True)
        sendmail = f"sendmail_path={KEEP_MAIL} {self.mails}"
        self._process = subprocess.Popen(
            ["php", *PHP_OPTIONS, "-d", sendmail, "-S", self.host, str(self._router)],
            cwd=self._folder,
            env={**os.environ, "PHP_CLI_SERVER_WORKERS": str(WORKERS)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        give_up_at = time.monotonic() + START_SECONDS_MAX
        while not listens(self.host):
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"PHP's web server did not start on {self.host}.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends the server with its workers, which are a process group of their own."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def free_port() -> int:
    """A port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(host: str) -> bool:
    """Whether somebody accepts connections there."""
    name, port = host.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((name, int(port))) == 0
