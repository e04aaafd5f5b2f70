"""Which of the stand-in shop's orders a list request finds, without looking at them all."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from shop_stand_in.types import Json

Entry = tuple[str, int]  # (what it is sorted by, order id): WooCommerce's tie-break

LAST_ID = 2**63
"""Sorts behind every order id of the same second."""


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """`GET orders`, its dates already turned into GMT; both ends of a window are exclusive."""

    statuses: tuple[str, ...] = ("any",)
    per_page: int = 10
    start: int = 0
    orderby: str = "date"
    descending: bool = True
    modified: tuple[str | None, str | None] = (None, None)
    created: tuple[str | None, str | None] = (None, None)
    include: tuple[int, ...] = ()
    exclude: frozenset[int] = frozenset()
    customer: int | None = None


class OrderIndex:
    """Order ids sorted by each column, for each status and for `any` (all but the trash)."""

    COLUMNS: Mapping[str, str] = {
        "modified": "date_modified_gmt",
        "date": "date_created_gmt",
        "id": "",
    }

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str], list[Entry]] = {}

    def _places(self, order: Json) -> Iterable[tuple[list[Entry], Entry]]:
        groups = [order["status"]] + ["any"] * (order["status"] not in ("trash", "auto-draft"))
        for column, key in self.COLUMNS.items():
            entry = (order[key] if key else "", order["id"])
            for group in groups:
                yield self._lists.setdefault((column, group), []), entry

    def add(self, order: Json) -> None:
        """Enter *order* under its present dates and status."""
        for entries, entry in self._places(order):
            insort(entries, entry)

    def remove(self, order: Json) -> None:
        """Take *order* out; its body must be the one that was added."""
        for entries, entry in self._places(order):
            del entries[bisect_left(entries, entry)]

    def entries(
        self, column: str, groups: Sequence[str], window: tuple[str | None, str | None]
    ) -> list[Entry]:
        """The entries of *groups* whose column lies strictly inside *window*, ascending."""
        after, before = window
        found: list[Entry] = []
        for group in dict.fromkeys(["any"] if "any" in groups else groups):
            entries = self._lists.get((column, group), [])
            first = bisect_right(entries, (after, LAST_ID)) if after else 0
            last = bisect_left(entries, (before, 0)) if before else len(entries)
            found += entries[first:last]
        return sorted(found) if len(groups) > 1 else found

    def matching(self, query: OrderQuery, orders: Mapping[int, Json]) -> list[Entry]:
        """The entries that *query* asks for, in its order; *orders* are the indexed bodies."""
        column = query.orderby if query.orderby in self.COLUMNS else "id"
        windows = {"modified": query.modified, "date": query.created}
        own_window = windows.pop(column, (None, None))
        entries = self.entries(column, query.statuses, own_window)
        tests: list[Callable[[Json], bool]] = []
        if query.include:
            wanted = {order_id: place for place, order_id in enumerate(query.include)}
            entries = [entry for entry in entries if entry[1] in wanted]
            if query.orderby == "include":
                return sorted(entries, key=lambda entry: wanted[entry[1]])
        if query.exclude:
            tests.append(lambda order: order["id"] not in query.exclude)
        if query.customer is not None:
            tests.append(lambda order: bool(order["customer_id"] == query.customer))
        for other, (after, before) in windows.items():
            if after or before:
                tests.append(_inside(self.COLUMNS[other], after, before))
        if tests:
            entries = [e for e in entries if all(test(orders[e[1]]) for test in tests)]
        return entries[::-1] if query.descending else entries


def _inside(key: str, after: str | None, before: str | None) -> Callable[[Json], bool]:
    def inside(order: Json) -> bool:
        at: str = order[key]
        return (after is None or at > after) and (before is None or at < before)

    return inside
