"""Texts in CSV files, which people open in spreadsheets."""

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula: with an apostrophe before."""
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text
