"""`aipkit-bridge doctor`."""

import click

from bridge.checks import Level, run_checks
from bridge.cli.context import Context, pass_context

_MARKS = {Level.OK: "ok     ", Level.WARNING: "WARNING", Level.ERROR: "ERROR  "}


@click.command()
@pass_context
def doctor(context: Context) -> int:
    """Check configuration, database, shop and WordPress; say what to do. Changes nothing."""
    worst = Level.OK
    for result in run_checks(context.bridge(migrated=False)):
        click.echo(f"{result.number} {_MARKS[result.level]} {result.text}")
        if result.hint:
            click.echo(f"             {result.hint}")
        if result.level is not Level.OK and worst is not Level.ERROR:
            worst = result.level
    return 1 if worst is Level.ERROR else 0
