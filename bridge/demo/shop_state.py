"""What the stand-in shop holds, and what its owner and customers can do to it.

Everything is kept in the shape in which WooCommerce's REST API answers it, in memory, behind one
lock. An order's body is replaced, never edited in place, so a reader needs the lock only to pick
the bodies, and an answer is always one moment's truth.
"""

import json
import re
import secrets
import threading
import time
from bisect import bisect_left, bisect_right, insort
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Money = str | int | Decimal
Entry = tuple[str, int]  # (what it is sorted by, order id): WooCommerce's tie-break

Hook = Callable[["SeenRequest"], object]

STATUS_NAMES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "checkout-draft": "Draft",
}
PAID = ("processing", "completed")
LAST_ID = 2**63
"""Sorts behind every order id of the same second."""
ADDRESS = "first_name last_name company address_1 address_2 city state postcode country"


@dataclass(frozen=True, slots=True)
class Key:
    """A REST key as made under WooCommerce → Settings → Advanced."""

    consumer_key: str = "ck_" + "a1" * 20
    consumer_secret: str = "cs_" + "b2" * 20
    permissions: Literal["read", "write", "read_write"] = "read_write"


@dataclass(frozen=True, slots=True)
class Line:
    """One product line of a new order; name and price default to the product's own."""

    product_id: int
    quantity: int = 1
    variation_id: int = 0
    total: Money | None = None  # after discounts; default: price * quantity
    tax: Money = 0
    name: str | None = None
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What is given back of one item: `quantity` 0 refunds money only."""

    item_id: int
    quantity: int = 0
    total: Money | None = None  # without tax; default: the share of `quantity` in the item's
    tax: Money | None = None  # likewise


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One REST request as it reached the shop; `params` as PHP's $_GET has them."""

    number: int  # from 1
    method: str
    path: str  # behind /wp-json/wc/v3/
    params: Json


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for an answer to go wrong; make it with one of the class methods.

    With `after`, the request takes effect first and only its answer is lost.
    """

    kind: Literal["status", "html", "truncated", "empty", "hang", "cut"]
    status: int = 200
    seconds: float = 0
    after: bool = False
    release: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def unauthorized(cls) -> Self:
        """401, as if the key had been revoked."""
        return cls("status", 401)

    @classmethod
    def too_many(cls, retry_after_s: int = 1) -> Self:
        """429 with Retry-After, as a host's firewall answers."""
        return cls("status", 429, retry_after_s)

    @classmethod
    def server_error(cls, status: int = 500, *, after: bool = False) -> Self:
        """WordPress' "critical error" answer."""
        return cls("status", status, after=after)

    @classmethod
    def html(cls) -> Self:
        """A security plugin's page, with status 200."""
        return cls("html")

    @classmethod
    def truncated(cls) -> Self:
        """The first half of the real answer, with the Content-Length of that half."""
        return cls("truncated", after=True)

    @classmethod
    def empty(cls) -> Self:
        """Status 200 and no body: PHP died."""
        return cls("empty")

    @classmethod
    def hang(cls, seconds: float = 30, release: threading.Event | None = None) -> Self:
        """Answer correctly, but only after *seconds*, or when *release* is set."""
        return cls("hang", seconds=seconds, release=release or threading.Event())

    @classmethod
    def cut(cls, *, after: bool = False) -> Self:
        """The connection is closed without an answer."""
        return cls("cut", after=after)


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


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


def money(amount: Money) -> str:
    """Two decimals, as WooCommerce writes prices."""
    return f"{Decimal(amount):.2f}"


class ShopState:
    """The shop: products, orders with refunds and notes, keys, faults and what was asked.

    Methods change it as WooCommerce would: `date_modified` moves, one second being its finest
    step, save where WooCommerce itself forgets to (each such method says so).
    """

    def __init__(
        self,
        now: Callable[[], datetime] = utc_now,
        *,
        zone: str = "Europe/Istanbul",
        keys: Sequence[Key] = (Key(),),
        auth_time: Callable[[], float] = time.time,
    ) -> None:
        """
        Open an empty shop.

        Args:
            now: The shop's clock: order dates and the Date header.
            zone: The site's time zone, of `date_modified` and of the trap with `Z`.
            keys: REST keys that are let in.
            auth_time: Unix time that OAuth timestamps are judged by; it stays the real one
                when *now* is a test's, because clients sign with their own clock.
        """
        self.now, self.zone, self.auth_time = now, ZoneInfo(zone), auth_time
        self.keys = list(keys)
        self.home_url = "http://127.0.0.1:8090"
        self.statuses = list(STATUS_NAMES)
        self.products: dict[int, Json] = {}
        self.variations: dict[int, Json] = {}
        self.unreadable: set[int] = set()
        self.faults: list[Fault | None] | Callable[[SeenRequest], Fault | None] = []
        self.hooks: list[Hook] = []
        self.requests: deque[SeenRequest] = deque(maxlen=10_000)
        self.counts: Counter[str] = Counter()
        self.nonces: dict[tuple[str, str], float] = {}
        self.lock = threading.RLock()
        self._orders: dict[int, Json] = {}
        self._refunds: dict[int, list[Json]] = {}
        self._notes: dict[int, list[Json]] = {}
        self._index = OrderIndex()
        self._last_ids: Counter[str] = Counter()

    # What was asked

    def on_request(self, hook: Hook) -> Hook:
        """Run *hook* before each answer, without the lock: it may change orders."""
        self.hooks.append(hook)
        return hook

    def saw(self, method: str, path: str, params: Json) -> tuple[SeenRequest, Fault | None]:
        """Note a request, run the hooks and take the fault meant for it, if any."""
        with self.lock:
            kind = f"{method} {re.sub(r'[0-9]+', '<id>', path)}"
            self.counts["all"] += 1
            self.counts[kind] += 1
            seen = SeenRequest(self.counts["all"], method, path, params)
            self.requests.append(seen)
        for hook in list(self.hooks):
            hook(seen)
        if callable(self.faults):
            return seen, self.faults(seen)
        with self.lock:
            return seen, self.faults.pop(0) if self.faults else None

    # Reading

    def order(self, order_id: int) -> Json | None:
        """One order's body, not to be changed; None when it never was or is deleted for good."""
        with self.lock:
            return self._orders.get(order_id)

    def refunds(self, order_id: int) -> list[Json]:
        """Its refunds, newest first."""
        with self.lock:
            return self._refunds.get(order_id, [])[::-1]

    def notes(self, order_id: int) -> list[Json]:
        """Its notes, newest first."""
        with self.lock:
            return self._notes.get(order_id, [])[::-1]

    def find(self, query: OrderQuery) -> tuple[list[Json], int]:
        """One page and the total.

        Unreadable orders count in the total and are dropped from the page after the limit, as
        WooCommerce does: a page may be short without being the last.
        """
        with self.lock:
            entries = self._matching(query)
            page = entries[query.start : query.start + query.per_page]
            bodies = [self._orders[i] for _, i in page if i not in self.unreadable]
            return bodies, len(entries)

    def _matching(self, query: OrderQuery) -> list[Entry]:
        column = query.orderby if query.orderby in OrderIndex.COLUMNS else "id"
        windows = {"modified": query.modified, "date": query.created}
        own_window = windows.pop(column, (None, None))
        entries = self._index.entries(column, query.statuses, own_window)
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
                tests.append(_inside(OrderIndex.COLUMNS[other], after, before))
        if tests:
            entries = [e for e in entries if all(test(self._orders[e[1]]) for test in tests)]
        return entries[::-1] if query.descending else entries

    # Products

    def add_product(
        self,
        product_id: int,
        name: str,
        price: Money = "5.00",
        *,
        credits: int | str | None = None,
        package: str | None = None,
        parent_id: int = 0,
    ) -> int:
        """
        Put a product on sale; with *parent_id*, a variation of that product.

        Args:
            credits: `_aipkit_tokens_amount`; anything, valid or not, may be written there.
            package: `_aipkit_is_token_package`; default `yes` when there are credits and the
                product is no variation (those are marked at their parent).
        """
        marks: Json = {}
        if package or (credits is not None and not parent_id):
            marks["_aipkit_is_token_package"] = package or "yes"
        if credits is not None:
            marks["_aipkit_tokens_amount"] = str(credits)
        with self.lock:
            body = {"id": product_id, "name": name, "type": "simple", "status": "publish"}
            body |= {"price": money(price), "regular_price": money(price), "virtual": True}
            body |= {"parent_id": parent_id, "variations": [], "meta_data": self._meta(marks)}
            self._used("order", product_id)
            if parent_id:
                parent = self.products[parent_id]
                variations = list(dict.fromkeys([*parent["variations"], product_id]))
                self.products[parent_id] = parent | {"type": "variable", "variations": variations}
                self.variations[product_id] = body | {"type": "variation"}
            else:
                self.products[product_id] = body
        return product_id

    def delete_product(self, product_id: int) -> None:
        """Delete a product for good: orders then answer `product_id` 0, and no date moves."""
        with self.lock:
            self.products.pop(product_id, None)
            for order_id, order in list(self._orders.items()):
                for line in order["line_items"]:
                    if line["product_id"] == product_id:
                        self.edit_line(order_id, line["id"], product_id=0, variation_id=0)

    def price_of(self, product_id: int, variation_id: int = 0) -> Decimal:
        """What one costs today; 0 for a product that is not there."""
        product = self.variations.get(variation_id) or self.products.get(product_id) or {}
        return Decimal(product.get("price") or 0)

    # Orders

    def add_order(
        self,
        customer_id: int = 0,
        lines: Iterable[Line] = (),
        *,
        status: str = "pending",
        order_id: int | None = None,
        email: str = "customer@example.com",
        at: datetime | None = None,
        meta: Mapping[str, str] | None = None,
        shipping: Money = 0,
        fee: Money = 0,
        coupon: Money = 0,
    ) -> int:
        """
        Place an order and return its id.

        Args:
            at: When; default now. It becomes every date that the status calls for.
            meta: Order meta that is there from the start, such as `_subscription_renewal`.
            shipping, fee: A shipping or fee line of that total.
            coupon: Taken off the first line's total.
        """
        with self.lock:
            number = order_id or self._next("order")
            self._used("order", number)
            items = [self._line(line) for line in lines]
            if coupon:
                items[0]["total"] = money(Decimal(items[0]["total"]) - Decimal(coupon))
            order = _blank_order(number, customer_id, email, self.home_url)
            order["line_items"] = items
            order["discount_total"] = money(coupon)
            order["shipping_lines"] = self._extra("shipping", shipping)
            order["fee_lines"] = self._extra("fee", fee)
            order["meta_data"] = self._meta(meta or {})
            _add_up(order)
            for name in ("date_created", "date_modified"):
                self._stamp(order, name, at)
            self._enter(order, status, at)
            self._orders[number] = order
            self._index.add(order)
        return number

    def set_status(self, order_id: int, status: str) -> None:
        """Move the order to *status*, with a system note.

        `completed` and `processing` set the paid date if there is none, `completed` the completed
        date; `refunded` refunds what is left of it without naming lines, as WooCommerce does.
        """
        with self.lock:
            old = self._orders[order_id]["status"]
            self._change(order_id, lambda order: self._enter(order, status))
            if old != status:
                names = (STATUS_NAMES.get(one, one) for one in (old, status))
                self.add_note(order_id, "Order status changed from {} to {}.".format(*names))
            left = self._left_to_refund(order_id)
            if status == "refunded" and left > 0:
                self._add_refund(order_id, left, [], [], "Order fully refunded.")

    def refund(
        self,
        order_id: int,
        amount: Money | None = None,
        lines: Sequence[RefundLine] = (),
        *,
        reason: str = "",
        moves_date: bool = True,
    ) -> int:
        """
        Refund *amount* (default: the sum of *lines*) and return the refund's id.

        A refund of all that is left makes the order `refunded`; a partial one leaves it, and so
        does one of all the money while units of a free line are left.

        Args:
            lines: Item, shipping or fee lines by their id in the order.
            moves_date: False is how WooCommerce before 7.6 and some gateways did it.
        """
        with self.lock:
            products, others = self._refund_lines(order_id, lines)
            total = sum((_gross(line) for line in products + others), Decimal(0))
            given = Decimal(amount) if amount is not None else -total
            left = self._left_to_refund(order_id)
            if not 0 <= given <= left:
                raise ValueError(f"order {order_id}: cannot refund {given}, {left} is left")
            refund_id = self._add_refund(order_id, given, products, others, reason, moves_date)
            if given == left and not self._free_units_left(order_id):
                self.set_status(order_id, "refunded")
            return refund_id

    def delete_refund(self, order_id: int, refund_id: int, *, moves_date: bool = False) -> None:
        """Delete a refund; WooCommerce does not save the order then, so its date stays."""

        def forget(order: Json) -> None:
            order["refunds"] = [one for one in order["refunds"] if one["id"] != refund_id]

        with self.lock:
            self._refunds[order_id] = [
                one for one in self._refunds[order_id] if one["id"] != refund_id
            ]
            self._change(order_id, forget, moves_date=moves_date)

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
            _add_up(order)

        self._change(order_id, edit, moves_date=moves_date)

    def set_customer(self, order_id: int, customer_id: int, *, moves_date: bool = True) -> None:
        """Give the order to another customer; 0 makes it a guest's."""
        self._change(
            order_id, lambda order: order.update(customer_id=customer_id), moves_date=moves_date
        )

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

    # Recordings

    @classmethod
    def from_recordings(
        cls, folder: Path, now: Callable[[], datetime] = utc_now, **options: Any
    ) -> Self:
        """Load recorded answers: GETs then answer the same bodies, save the host in links.

        A product that was recorded in a list only (`products_all.json`) has few fields; its price
        is what it was sold for. A variation that was not recorded is not there.
        """
        state = cls(now, **options)
        for file in sorted(folder.glob("*.json")):
            recorded = json.loads(file.read_text())
            request, body = recorded["request"], recorded["body"]
            if recorded["status"] == 200 and not {"_fields"} & set(request.get("params", {})):
                state._load(request["path"].partition("/wc/v3/")[2].split("/"), body)
        partial = json.loads((folder / "products_all.json").read_text())["body"]
        sold = [line for order in state._orders.values() for line in order["line_items"]]
        for product in partial:
            prices = [
                money(Decimal(line["subtotal"]) / line["quantity"])
                for line in sold
                if line["product_id"] == product["id"] and not line["variation_id"]
            ]
            product["price"] = prices[0] if prices else ""
            state.products.setdefault(product["id"], product)
        state._used("order", max([*state.products, *state.variations, 0]))
        return state

    def _load(self, path: list[str], body: Any) -> None:
        bodies: list[Json] = deepcopy(body if isinstance(body, list) else [body])
        for one in bodies:
            one.pop("_links", None)
        match path:
            case ["orders"] | ["orders", _]:
                for order in bodies:
                    self._load_order(order)
            case ["orders", order_id, "refunds"]:
                self._refunds[int(order_id)] = bodies[::-1]
                self._used("order", max((one["id"] for one in bodies), default=0))
            case ["products", _] | ["products"]:
                self.products.update((one["id"], one) for one in bodies)
            case ["products", _, "variations", _]:
                self.variations.update((one["id"], one) for one in bodies)
        for kind, pattern in (("meta", r'"id": (\d+), "key"'), ("item", r'"id": (\d+), "name"')):
            found = re.findall(pattern, json.dumps(bodies)) if path[0] == "orders" else []
            self._used(kind, max(map(int, found), default=0))

    def _load_order(self, order: Json) -> None:
        with self.lock:
            if order["id"] in self._orders:
                self._index.remove(self._orders[order["id"]])
            self._orders[order["id"]] = order
            self._index.add(order)
            self._used("order", order["id"])

    # Inside

    def _next(self, kind: str) -> int:
        with self.lock:
            self._last_ids[kind] += 1
            return self._last_ids[kind]

    def skip_ids(self, number: int) -> None:
        """Give orders, refunds and lines ids above *number*, as in a shop with a past."""
        with self.lock:
            for kind in ("order", "item"):
                self._used(kind, number)

    def _used(self, kind: str, number: int) -> None:
        self._last_ids[kind] = max(self._last_ids[kind], number)

    def _utc(self, at: datetime | None = None) -> datetime:
        moment = at or self.now()
        naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        return naive.replace(microsecond=0)

    def _stamp(self, body: Json, name: str, at: datetime | None = None) -> None:
        gmt = self._utc(at)
        local = gmt.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)
        body[name], body[f"{name}_gmt"] = local.isoformat(), gmt.isoformat()

    def _change(
        self, order_id: int, edit: Callable[[Json], object], moves_date: bool = True
    ) -> None:
        with self.lock:
            old = self._orders[order_id]
            new = deepcopy(old)
            edit(new)
            if moves_date:
                self._stamp(new, "date_modified")
            self._index.remove(old)
            self._orders[order_id] = new
            self._index.add(new)

    def _enter(self, order: Json, status: str, at: datetime | None = None) -> None:
        if status in PAID and not order["date_paid"]:
            self._stamp(order, "date_paid", at)
        if status == "completed" and order["status"] != status:
            self._stamp(order, "date_completed", at)
        order["status"] = status
        order["is_editable"] = status in ("pending", "on-hold", "auto-draft")
        order["needs_payment"] = status in ("pending", "failed") and Decimal(order["total"]) > 0

    def _meta(self, values: Mapping[str, Any]) -> list[Json]:
        return [{"id": self._next("meta"), "key": k, "value": v} for k, v in values.items()]

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

    def _line(self, line: Line) -> Json:
        product = self.variations.get(line.variation_id) or self.products.get(line.product_id, {})
        full = self.price_of(line.product_id, line.variation_id) * line.quantity
        total = full if line.total is None else Decimal(line.total)
        full = max(full, total)
        each = total / line.quantity if line.quantity else Decimal(0)
        meta = [_shown(entry) for entry in self._meta(line.meta)]
        body: Json = {"id": self._next("item"), "name": line.name or product.get("name", "Gone")}
        body |= {"product_id": line.product_id, "variation_id": line.variation_id}
        body |= {"quantity": line.quantity, "tax_class": "", "subtotal": money(full)}
        body |= {"subtotal_tax": money(line.tax), "total": money(total)}
        body |= {"total_tax": money(line.tax), "taxes": [], "meta_data": meta, "sku": ""}
        body |= {"global_unique_id": "", "price": int(each) if each == int(each) else float(each)}
        return body | {"image": {"id": "", "src": ""}, "parent_name": None}

    def _extra(self, kind: Literal["shipping", "fee"], total: Money) -> list[Json]:
        if not Decimal(total):
            return []
        name = {"method_title": "Flat rate", "method_id": "flat_rate", "instance_id": "1"}
        if kind == "fee":
            name = {"name": "Fee", "tax_class": "", "tax_status": "taxable"}
        rest = {"total": money(total), "total_tax": "0.00", "taxes": [], "meta_data": []}
        return [{"id": self._next("item"), **name, **rest}]

    def _left_to_refund(self, order_id: int) -> Decimal:
        with self.lock:
            given = sum(Decimal(one["amount"]) for one in self._refunds.get(order_id, ()))
            return Decimal(self._orders[order_id]["total"]) - given

    def _free_units_left(self, order_id: int) -> bool:
        lines = self._orders[order_id]["line_items"]
        refunded = [line for one in self._refunds[order_id] for line in one["line_items"]]
        units = sum(line["quantity"] for line in lines + refunded)
        return units > 0 and any(Decimal(line["total"]) == 0 for line in lines)

    def _refund_lines(
        self, order_id: int, lines: Sequence[RefundLine]
    ) -> tuple[list[Json], list[Json]]:
        order = self._orders[order_id]
        kinds = ("line_items", "shipping_lines", "fee_lines")
        items = {item["id"]: item for kind in kinds for item in order[kind]}
        bodies = [self._refund_line(items[line.item_id], line) for line in lines]
        own = [body for body in bodies if "product_id" in body]
        return own, [body for body in bodies if "product_id" not in body]

    def _refund_line(self, item: Json, line: RefundLine) -> Json:
        share = Decimal(line.quantity) / item.get("quantity", 1)
        total = Decimal(item["total"]) * share if line.total is None else Decimal(line.total)
        tax = Decimal(item["total_tax"]) * share if line.tax is None else Decimal(line.tax)
        meta = [_shown(m) for m in self._meta({"_refunded_item_id": str(line.item_id)})]
        body = deepcopy(item) | {"id": self._next("item"), "meta_data": meta}
        body |= {"total": money(-total), "total_tax": money(-tax)}
        if "product_id" in item:
            body |= {"quantity": -line.quantity, "subtotal": money(-total)}
            body["subtotal_tax"] = body["total_tax"]
        return body

    def _add_refund(
        self,
        order_id: int,
        amount: Decimal,
        products: list[Json],
        others: list[Json],
        reason: str,
        moves_date: bool = True,
    ) -> int:
        with self.lock:
            refund: Json = {"id": self._next("order")}
            self._stamp(refund, "date_created")
            kind = "full" if amount == self._left_to_refund(order_id) else "partial"
            refund |= {"amount": money(amount), "reason": reason, "refunded_by": 1}
            refund |= {"refunded_payment": False, "meta_data": self._meta({"_refund_type": kind})}
            shipping = [one for one in others if "method_id" in one]
            refund |= {"line_items": products, "shipping_lines": shipping, "tax_lines": []}
            refund["fee_lines"] = [one for one in others if "method_id" not in one]
            tax = sum((Decimal(line["total_tax"]) for line in products + others), Decimal(0))
            short = {"id": refund["id"], "reason": reason}
            short |= {"total": money(-amount), "total_tax": money(tax)}
            self._refunds.setdefault(order_id, []).append(refund)
            self._change(order_id, lambda order: order["refunds"].insert(0, short), moves_date)
            return int(refund["id"])


def _inside(key: str, after: str | None, before: str | None) -> Callable[[Json], bool]:
    def inside(order: Json) -> bool:
        at: str = order[key]
        return (after is None or at > after) and (before is None or at < before)

    return inside


def _shown(entry: Json) -> Json:
    return entry | {"display_key": entry["key"], "display_value": entry["value"]}


def _gross(line: Json) -> Decimal:
    return Decimal(line["total"]) + Decimal(line["total_tax"])


def _stored(value: Any) -> Any:
    """What a value looks like after the database had it: scalars are text."""
    if value is None or isinstance(value, str | list | dict):
        return value
    return ("1" if value else "") if isinstance(value, bool) else str(value)


def _add_up(order: Json) -> None:
    lines = order["line_items"] + order["shipping_lines"] + order["fee_lines"]
    tax = sum((Decimal(line["total_tax"]) for line in lines), Decimal(0))
    order["shipping_total"] = money(sum(Decimal(one["total"]) for one in order["shipping_lines"]))
    order["total_tax"] = order["cart_tax"] = money(tax)
    order["total"] = money(sum(map(_gross, lines), Decimal(0)))


def _blank_order(order_id: int, customer_id: int, email: str, home_url: str) -> Json:
    key = f"wc_order_{secrets.token_hex(6)}"
    empty = dict.fromkeys(ADDRESS.split(), "")
    zeros = ("discount_total", "discount_tax", "shipping_total", "shipping_tax", "cart_tax")
    order: Json = {"id": order_id, "parent_id": 0, "status": "pending", "currency": "USD"}
    order |= {"version": "10.9.1", "prices_include_tax": False}
    order |= {"date_created": None, "date_modified": None}
    order |= dict.fromkeys((*zeros, "total", "total_tax"), "0.00")
    order |= {"customer_id": customer_id, "order_key": key}
    order |= {"billing": {**empty, "email": email, "phone": ""}}
    order |= {"shipping": {**empty, "phone": ""}}
    order |= {"payment_method": "", "payment_method_title": "", "transaction_id": ""}
    order |= {"customer_ip_address": "127.0.0.1", "customer_user_agent": "", "created_via": ""}
    order |= {"customer_note": "", "date_completed": None, "date_paid": None, "cart_hash": ""}
    order |= {"number": str(order_id), "meta_data": [], "line_items": [], "tax_lines": []}
    order |= {"shipping_lines": [], "fee_lines": [], "coupon_lines": [], "refunds": []}
    pay = f"{home_url}/checkout/order-pay/{order_id}/?pay_for_order=true&key={key}"
    order |= {"payment_url": pay, "is_editable": True, "needs_payment": True}
    order |= {"needs_processing": True, "date_created_gmt": None, "date_modified_gmt": None}
    return order | {"date_completed_gmt": None, "date_paid_gmt": None, "currency_symbol": "$"}
