"""`aipkit-bridge sync`."""

import time
from threading import Event

import click

from bridge.cli.context import Context, pass_context
from bridge.cli.signals import stop_on_signals
from bridge.domain.errors import BridgeError, ConfigError
from bridge.services.orders.annotate import annotate_orders
from bridge.services.orders.due import shop_rests
from bridge.services.orders.poll_shop import poll_shop
from bridge.wiring import Bridge


@click.command()
@click.option("--once", is_flag=True, help="Poll until all that exists now is seen, then end.")
@pass_context
def sync(context: Context, *, once: bool) -> None:
    """Read the shop's orders and book what they are due.

    Any number of these may run, beside any number of workers: each order is booked once.
    """
    bridge = context.bridge()
    if once:
        _sync(bridge)
        return
    stop = Event()
    stop_on_signals(stop)
    while not stop.is_set():
        try:
            if not shop_rests(bridge.db):
                _sync(bridge)
        except ConfigError:
            raise
        except BridgeError as error:
            click.echo(f"aipkit-bridge: {error}", err=True)
        stop.wait(bridge.settings.woocommerce.poll_seconds)


def _sync(bridge: Bridge) -> None:
    started = time.monotonic()
    done = poll_shop(bridge.import_context(), bridge.shop)
    noted = annotate_orders(bridge.db, bridge.shop)
    click.echo(
        f"{done.fetched} orders read, {done.applied} applied, {done.booked} booked, "
        f"{noted.done} annotated in {time.monotonic() - started:.1f} s"
    )
