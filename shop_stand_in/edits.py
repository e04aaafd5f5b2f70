"""What the stand-in shop's owner can do to an order, save what moves money."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from shop_stand_in.bodies import add_up
from shop_stand_in.storage import Storage
from shop_stand_in.types import Json, money

PAID = ("processing", "completed")


class OrderEdits(Storage):
    """Trash, lines, customer, dates, meta and notes."""

    def trash(self, order_id: int) -> None:
        """Move the order to the trash: gone from `any`, found under `trash` and by its id."""
        seconds = int(self._utc().replace(tzinfo=UTC).timestamp())

        def throw(order: Json) -> None:
            marks = {"_wp_trash_meta_status": f"wc-{order['status']}"}
            order["meta_data"] += self._meta(marks | {"_wp_trash_meta_time": str(seconds)})
            self._enter(order, "trash")

        self._change(order_id, throw)

    def untrash(self, order_id: int) -> None:
        """Take the order out of the trash, back to the status it had."""

        def take(order: Json) -> None:
            marks = [m for m in order["meta_data"] if m["key"].startswith("_wp_trash_meta_")]
            order["meta_data"] = [m for m in order["meta_data"] if m not in marks]
            self._enter(order, marks[0]["value"].removeprefix("wc-"))

        self._change(order_id, take)

    def delete(self, order_id: int) -> None:
        """Delete the order for good: 404 from now on, in no list."""
        with self.lock:
            self._index.remove(self._orders.pop(order_id))
            self._refunds.pop(order_id, None)
            self._notes.pop(order_id, None)

    def edit_line(
        self, order_id: int, line_id: int, *, moves_date: bool = False, **changes: Any
    ) -> None:
        """Change fields of one product line, as saving the items box does: no date moves.

        A new `quantity` takes the line's total along unless that is given too; `quantity` 0
        removes the line. The order's total follows.
        """

        def edit(order: Json) -> None:
            line = next(one for one in order["line_items"] if one["id"] == line_id)
            quantity = changes.get("quantity", line["quantity"])
            if quantity != line["quantity"]:
                line["total"] = line["subtotal"] = money(Decimal(str(line["price"])) * quantity)
            line.update(changes, total=money(changes.get("total", line["total"])))
            if not quantity:
                order["line_items"].remove(line)
            add_up(order)

        self._change(order_id, edit, moves_date=moves_date)

    def set_customer(self, order_id: int, customer_id: int, *, moves_date: bool = True) -> None:
        """Give the order to another customer; 0 makes it a guest's."""
        self._change(
            order_id, lambda order: order.update(customer_id=customer_id), moves_date=moves_date
        )

    def bill_to(self, order_id: int, **billing: str) -> None:
        """Change fields of the bill: `email`, `first_name` and the like."""
        self._change(order_id, lambda order: order["billing"].update(billing))

    def touch(self, order_id: int, at: datetime | None = None) -> None:
        """Save the order without a change: only its date moves, to *at* (default now)."""
        self._change(order_id, lambda order: self._stamp(order, "date_modified", at), at is None)

    def write_meta(
        self, order_id: int, entries: Iterable[Any], *, moves_date: bool = True
    ) -> None:
        """Change order meta as WooCommerce's CRUD does.

        An entry with an `id` changes that row. Without, the first row of its `key` gets the value
        and further rows of the key go; a new key gets a new row. None deletes. Entries without a
        key are skipped. `moves_date=False` is a direct write to the database.
        """

        def edit(order: Json) -> None:
            for entry in entries:
                if isinstance(entry, dict) and entry.get("key") is not None:
                    self._write_one_meta(order, entry)

        self._change(order_id, edit, moves_date=moves_date)

    def _write_one_meta(self, order: Json, entry: Json) -> None:
        rows, value = order["meta_data"], _stored(entry.get("value"))
        by = "id" if entry.get("id") else "key"
        matches = [row for row in rows if row[by] == entry[by]]
        if matches:
            matches[0].update(key=entry["key"], value=value)
        elif value is not None:
            rows += self._meta({entry["key"]: value})
        drop = matches if value is None else matches[1:]
        order["meta_data"] = [row for row in rows if row not in drop]

    def add_note(
        self, order_id: int, text: str, *, customer_note: bool = False, by_user: bool = False
    ) -> Json:
        """Add an order note: a comment beside the order, so no date moves."""
        with self.lock:
            note: Json = {"id": self._next("note"), "author": "admin" if by_user else "system"}
            self._stamp(note, "date_created")
            note |= {"note": text, "customer_note": customer_note}
            self._notes.setdefault(order_id, []).append(note)
            return note

    def _enter(self, order: Json, status: str, at: datetime | None = None) -> None:
        if status in PAID and not order["date_paid"]:
            self._stamp(order, "date_paid", at)
        if status == "completed" and order["status"] != status:
            self._stamp(order, "date_completed", at)
        order["status"] = status
        order["is_editable"] = status in ("pending", "on-hold", "auto-draft")
        order["needs_payment"] = status in ("pending", "failed") and Decimal(order["total"]) > 0


def _stored(value: Any) -> Any:
    """What a value looks like after the database had it: scalars are text."""
    if value is None or isinstance(value, str | list | dict):
        return value
    return ("1" if value else "") if isinstance(value, bool) else str(value)
