"""`aipkit-bridge export`."""

import os
import sys
from pathlib import Path
from typing import TextIO

import click

from bridge.cli.context import Context, pass_context
from bridge.domain.errors import BridgeError
from bridge.services.accounts.export import export_accounts


class NotWrittenError(BridgeError):
    """The file cannot be written."""


@click.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Else printed.")
@pass_context
def export(context: Context, output: Path | None) -> None:
    """Write all accounts as CSV: balance, use of each module, last purchase and activity.

    The file is there when it is complete, and not before.

    Example: aipkit-bridge export --output accounts.csv
    """
    if output is None:
        _write(context, sys.stdout)
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            os.fchmod(file.fileno(), 0o600)  # customers' names and e-mail addresses
            _write(context, file)
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise NotWrittenError(f"{output}: {error.strerror}; nothing was written.") from error
    click.echo(f"{output} is complete.", err=True)


def _write(context: Context, file: TextIO) -> None:
    bridge = context.bridge()
    for piece in export_accounts(bridge.db, bridge.site.get()):
        file.write(piece)
