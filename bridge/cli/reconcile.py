"""`aipkit-bridge reconcile`."""

import sys
import time

import click

from bridge.cli.context import Context, pass_context
from bridge.services.books.comparing import Reconciliation
from bridge.services.books.reconcile import reconcile as compare
from bridge.services.books.reconcile import repair_summaries_of_all

_LINE_EVERY = 50_000


@click.command()
@click.option("--repair", is_flag=True, help="Put holds and the accounts list right.")
@pass_context
def reconcile(context: Context, *, repair: bool) -> None:
    """Compare balances, orders, answers and holds with what they add up to.

    Nobody is held up: only what seems wrong is locked, one account or order at a time. What is
    wrong is listed on the status page. Balances are never repaired: people decide about credits.
    """
    bridge = context.bridge()
    started = time.monotonic()
    spending = bridge.spending if repair else None
    done = compare(bridge.db, spending=spending, progress=_hear)
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
    click.echo(
        f"{done.balances:,} balances, {done.orders:,} orders, {done.answers:,} answers and the "
        f"holds of {done.accounts:,} accounts compared in {time.monotonic() - started:.1f} s"
    )
    _tell(done)
    if repair:
        wrong = repair_summaries_of_all(bridge.db, bridge.site.get())
        click.echo(
            f"Holds of {done.repaired:,} accounts and {wrong:,} lines of the list put right"
        )
        click.echo("Balances and ledger rows are left as they are: adjust them by hand.")
    done.report()


def _tell(done: Reconciliation) -> None:
    if done.noticed:
        click.echo(
            f"{done.noticed:,} balances are not explained by the ledger; what is still so in ten "
            "minutes becomes a finding"
        )
    if done.sums:
        click.echo(f"{done.sums:,} sums of orders or of use were wrong and have been put right")
    click.echo(f"{done.findings:,} new findings" if done.findings else "No new findings")


def _hear(what: str, number: int) -> None:
    """Show on a terminal how far it is, elsewhere a line from time to time."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{number:,} {what}", err=True, nl=False)
    elif number % _LINE_EVERY == 0:
        click.echo(f"{number:,} {what}", err=True)
