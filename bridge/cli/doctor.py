"""`aipkit-bridge doctor`."""

from collections.abc import Iterable

import click

from bridge.checks import Level, Result, run_checks
from bridge.cli.context import Context, pass_context

_MARKS = {Level.OK: "ok     ", Level.WARNING: "WARNING", Level.ERROR: "ERROR  "}


@click.command()
@pass_context
def doctor(context: Context) -> int:
    """Check configuration, database, shop and WordPress; say what to do. Changes nothing."""
    worst = show(run_checks(context.bridge(migrated=False)))
    return 1 if worst is Level.ERROR else 0


def show(results: Iterable[Result]) -> Level:
    """Print each result with its remedy; return the worst."""
    worst = Level.OK
    for result in results:
        click.echo(f"{result.number} {_MARKS[result.level]} {result.text}")
        if result.hint:
            click.echo(f"             {result.hint}")
        if result.level is not Level.OK and worst is not Level.ERROR:
            worst = result.level
    return worst
