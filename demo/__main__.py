"""`make demo`: try the bridge on a private database and a shop of its own."""

import sys

import click

from bridge.cli.logs import set_up_logging
from bridge.domain.errors import BridgeError
from demo.once import play_once
from demo.tour import run_until_stopped


@click.command()
@click.option("--once", is_flag=True, help="Play the main job, print what happened, end.")
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True)
def demo(*, once: bool, port: int) -> None:
    """Try the bridge on a private database and a shop of its own. Leaves nothing behind."""
    set_up_logging(debug=False, quiet=True)
    try:
        if once:
            play_once()
        else:
            run_until_stopped(port)
    except BridgeError as error:
        click.echo(f"demo: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    demo()
