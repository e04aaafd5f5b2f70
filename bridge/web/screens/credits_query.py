"""What the Credits list is asked for, and the addresses that ask for something else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.account_queries import AccountQuery, SortKey, parse_query
from bridge.domain.quotas import Module
from bridge.web.http.links import url_for
from bridge.web.http.parsing import Form, Typed

_TEXTS = frozenset({SortKey.NAME, SortKey.EMAIL})


class AccountListForm(Form):
    """The form above the list."""

    search: Typed
    has_balance: Typed
    module: Typed
    least: Typed
    role: Typed
    sort: Typed
    order: Typed


@dataclass(frozen=True, slots=True)
class AccountListQuery:
    """The query, the texts of the form that it was made of, and the filters among them."""

    query: AccountQuery
    fields: Mapping[str, str]
    filters: Sequence[str]

    @property
    def has_filters(self) -> bool:
        """Whether anything but a search narrows the list."""
        wanted = self.query.filter
        return bool(wanted.has_balance or wanted.used_at_least or wanted.roles)

    @property
    def is_narrowed(self) -> bool:
        """Whether some accounts may be left out."""
        return self.has_filters or bool(self.query.filter.search)

    def sorted_by(self, sort: str) -> str:
        """Return the address of the list by a column; by the one it has: the other way round."""
        is_current = sort == self.query.sort
        down = not self.query.descending if is_current else sort not in _TEXTS
        return self._with(sort=sort, order="desc" if down else "asc")

    def page_at(self, cursor: str) -> str:
        """Return the address of another page of this list."""
        return self._with(cursor=cursor)

    def direction_of(self, *columns: str) -> str | None:
        """Return `ascending` or `descending` for the column that the list is sorted by."""
        if self.query.sort not in columns:
            return None
        return "descending" if self.query.descending else "ascending"

    def _with(self, **changes: str) -> str:
        arguments = {name: text for name, text in {**self.fields, **changes}.items() if text}
        return url_for("credits.show_list", **arguments)


def parse_asked(form: AccountListForm) -> AccountListQuery:
    """
    Return what a form asks for.

    Raises:
        InvalidInputError: Names the one that cannot be read.
    """
    parts = ["has_balance"] if form.has_balance else []
    if form.least:
        parts.append(f"used_{form.module or Module.CHAT}>={form.least}")
    if form.role:
        parts.append(f"role:{form.role}")
    query = parse_query(
        search=form.search, sort=form.sort, order=form.order, filter_text=",".join(parts)
    )
    return AccountListQuery(query, form.model_dump(), parts)
