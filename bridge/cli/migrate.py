"""`aipkit-bridge migrate`."""

import click

from bridge.cli.context import Context, pass_context
from bridge.store.migrate import migrate as run_migrations


@click.command()
@pass_context
def migrate(context: Context) -> None:
    """Make or update the bridge's own tables. Safe to repeat."""
    done = run_migrations(context.bridge(migrated=False).db)
    for name in done:
        click.echo(f"applied {name}")
    click.echo("The database is up to date.")
