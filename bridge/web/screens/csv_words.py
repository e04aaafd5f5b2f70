"""
Headings of the files that people download from a screen, in their language.

Columns keep their order, and in English the names that they have for programs. The file of all
accounts has those in every language, since it can be changed and read in again.
"""

from bridge.web.http.reader import reader_language


def pgettext(_context: str, text: str) -> str:
    """Mark a heading: it is translated where it is written."""
    return text


HEADINGS = frozenset(
    {
        pgettext("column", "at"),
        pgettext("column", "kind"),
        pgettext("column", "order_id"),
        pgettext("column", "order_number"),
        pgettext("column", "refund_id"),
        pgettext("column", "product_id"),
        pgettext("column", "variation_id"),
        pgettext("column", "product"),
        pgettext("column", "quantity"),
        pgettext("column", "tokens"),
        pgettext("column", "amount"),
        pgettext("column", "currency"),
        pgettext("column", "user_id"),
        pgettext("column", "email"),
        pgettext("column", "status"),
        pgettext("column", "id"),
        pgettext("column", "session_id"),
        pgettext("column", "entry_type"),
        pgettext("column", "operation"),
        pgettext("column", "balance_after"),
        pgettext("column", "module"),
        pgettext("column", "context_type"),
        pgettext("column", "context_id"),
        pgettext("column", "provider"),
        pgettext("column", "model"),
        pgettext("column", "units_in"),
        pgettext("column", "units_out"),
        pgettext("column", "units"),
        pgettext("column", "reference_type"),
        pgettext("column", "reference_id"),
        pgettext("column", "reason"),
        pgettext("column", "login"),
        pgettext("column", "name"),
        pgettext("column", "uses"),
        pgettext("column", "tokens_used"),
        pgettext("column", "tokens_spent"),
    }
)


def heading(name: str) -> str:
    """Return a column's heading as the reader says it."""
    return reader_language().text_in("column", name)
