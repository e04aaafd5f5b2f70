"""`aipkit-bridge worker`."""

from threading import Event

import click

from bridge.cli.context import Context, pass_context
from bridge.cli.memory import share_arenas
from bridge.cli.signals import stop_on_signals, stop_when_stdin_closes
from bridge.jobs.scheduler import Worker


@click.command()
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input closes.")
@pass_context
def worker(context: Context, *, with_parent: bool) -> None:
    """Poll the shop and do all other work by the clock, until stopped.

    More than one may run: one works, the others stand by and take over within 20 seconds.
    """
    share_arenas()
    stop = Event()
    stop_on_signals(stop)
    if with_parent:
        stop_when_stdin_closes(stop)
    if context.wait_for_database(stop):
        Worker(context.bridge()).run_until(stop)
