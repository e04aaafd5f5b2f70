"""Tables on the command line."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_WIDEST = 10_000


def print_table(table: Table) -> None:
    """
    Print a table as wide as it is, with each row on one line.

    A terminal that is narrower breaks the lines itself; files and other programs get whole ones.
    """
    wide = Console(width=_WIDEST, highlight=False)
    width = Measurement.get(wide, wide.options, table).maximum
    Console(width=width, highlight=False).print(table)
