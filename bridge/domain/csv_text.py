"""Lines of CSV files, which people open in spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula: with an apostrophe before."""
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text


def plain_text(cell: str) -> str:
    """Return what `csv_text` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_STARTS_FORMULA) else cell


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as RFC 4180 has them; texts of others must have gone through `csv_text`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
