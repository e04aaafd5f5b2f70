"""`make demo`: everything running, with a past, until Ctrl-C."""

import signal
from threading import Event

import click

from demo.pages import PLACES
from demo.running import Demo, running_demo

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_until_stopped(port: int) -> None:
    """Run the demo and print where to look, until Ctrl-C; also while it starts."""
    for number in _SIGNALS:
        signal.signal(number, _leave)
    try:
        click.echo("Starting a database and a shop; in less than a minute there is more to see.")
        with running_demo(port, say=click.echo) as demo:
            click.echo(_told(demo))
            Event().wait()
    except KeyboardInterrupt:
        click.echo("\nGoodbye. Everything of the demo is stopped and deleted.")


def _leave(*_: object) -> None:
    """Begin to end; a second signal does not disturb that."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _told(demo: Demo) -> str:
    shop, width = demo.running_shop.url, max(map(len, PLACES))
    lines = [f"  {title + ':':<{width + 2}}{shop}{path}" for title, path in PLACES.items()]
    return "\n".join(
        [
            "",
            "Ready. Buy in the shop, spend on the member's page, watch it in Credits:",
            "",
            *lines,
            "",
            "No sign-in is needed. Two orders wait for you on the status page: nobody said how",
            "many tokens one brings, and one is a guest's. Ctrl-C ends the demo and deletes it.",
        ]
    )
