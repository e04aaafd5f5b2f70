"""Ending long-running commands: by signal, or with the parent that started them."""

import os
import signal
import sys
import time
from threading import Event, Thread

_WATCH_EVERY_S = 1.0


def stop_on_signals(stop: Event) -> None:
    """
    Set *stop* on SIGTERM and SIGINT.

    Not by a handler in Python: it runs in the main thread, which may hold the event's own lock at
    that moment; and it runs never, if the signal comes just before that thread begins to wait.
    """
    heard, said = os.pipe()
    os.set_blocking(said, False)

    def watch() -> None:
        os.read(heard, 1)
        stop.set()

    Thread(target=watch, name="signal-watch", daemon=True).start()
    signal.set_wakeup_fd(said)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # no handler, no byte for the pipe


def end_with_parent() -> None:
    """End this process soon after the one that started it is gone, however that ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_EVERY_S)
        os._exit(1)

    Thread(target=watch, name="parent-watch", daemon=True).start()


def stop_when_stdin_closes(stop: Event) -> None:
    """Set *stop* when whoever holds our standard input is gone, however it ended."""

    def watch() -> None:
        # Not sys.stdin: a thread that waits inside its lock would break the interpreter's end.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        stop.set()

    Thread(target=watch, name="parent-watch", daemon=True).start()
