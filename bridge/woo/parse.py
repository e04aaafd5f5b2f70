"""
WooCommerce's order JSON into `domain.orders`. No HTTP.

What can be read in one way only is read, whatever PHP or a plugin has made of it; what could mean
two things is refused, and the refusal names the field.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from bridge.domain.currencies import without_noise
from bridge.domain.ids import LineId, OrderId
from bridge.domain.names import AMOUNT_KEY, MARKER_KEY
from bridge.domain.orders import Order, OrderLine, Refund, RefundLine, UnlinkedPart
from bridge.domain.quotas import whole_number
from bridge.woo.answers import as_list
from bridge.woo.errors import UnreadableOrderError

REFUNDED_ITEM_KEY = "_refunded_item_id"
RENEWAL_KEYS = frozenset({"_subscription_renewal", "_subscription_resubscribe"})

ORDER_FIELDS = (
    "id,parent_id,number,status,currency,total,customer_id,billing.email,billing.first_name,"
    "billing.last_name,billing.company,date_created_gmt,date_modified_gmt,date_paid_gmt,"
    "date_completed_gmt,line_items,refunds,meta_data"
)
"""`_fields` of an order request: WooCommerce computes only what is asked for."""

REFUND_FIELDS = "id,date_created_gmt,amount,line_items,shipping_lines,fee_lines,tax_lines"

_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_SMALLEST_EXPONENT = -40
"""Beyond it nothing is a number that somebody calculated; exact sums of such take for ever."""

Json = Mapping[str, Any]
T = TypeVar("T")


def order_id_of(data: object) -> OrderId:
    """Return the id, without which an order cannot even be listed."""
    value = data.get("id") if isinstance(data, Mapping) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise UnreadableOrderError(0, "id")
    return OrderId(value)


def parse_order(data: Json, refunds: Sequence[Json]) -> Order:
    """
    Return the order.

    Args:
        data: One object of `GET orders`, with `ORDER_FIELDS` at least.
        refunds: `GET orders/<id>/refunds`, whole; empty if the order lists none.

    Raises:
        UnreadableOrderError: A field is missing or is not what WooCommerce sends.
    """
    order_id = order_id_of(data)
    currency = _name(data.get("currency"))
    read = _Reader(order_id, data, currency)
    metas = _metas(read.get("meta_data", _list))
    lines = tuple(_line(read, item) for item in read.get("line_items", _list))
    billing = data.get("billing")
    bill: Json = billing if isinstance(billing, Mapping) else {}
    return Order(
        order_id=order_id,
        number=_name(data.get("number") or order_id),
        status=read.get("status", _text).removeprefix("wc-"),
        customer_id=read.get("customer_id", _count),
        email=_name(bill.get("email")),
        buyer=_buyer(bill),
        currency=currency,
        total=read.money("total"),
        created_at=read.get("date_created_gmt", _instant),
        modified_at=read.get("date_modified_gmt", _instant),
        paid_at=read.get("date_paid_gmt", _instant_or_none),
        completed_at=read.get("date_completed_gmt", _instant_or_none),
        lines=lines,
        refunds=tuple(_refund(read, lines, item) for item in refunds),
        refund_heads=tuple(_refund_head(read, item) for item in read.get("refunds", _list)),
        marker=max(0, whole_number(str(metas.get(MARKER_KEY, ""))) or 0),
        is_renewal=not RENEWAL_KEYS.isdisjoint(metas),
        parent_id=read.get("parent_id", _count) if data.get("parent_id") else 0,
    )


def _buyer(bill: Json) -> str:
    """Return the name on a bill: the person's, else the company's."""
    names = (_name(bill.get(part)).strip() for part in ("first_name", "last_name"))
    return " ".join(name for name in names if name) or _name(bill.get("company")).strip()


def modified_at(data: Json) -> datetime:
    """Return when WooCommerce says that the order last changed."""
    return _Reader(order_id_of(data), data).get("date_modified_gmt", _instant)


def finished_at(data: Json) -> datetime:
    """Return when the order counts as completed, as `Order.finished_at`."""
    read = _Reader(order_id_of(data), data)
    for field in ("date_completed_gmt", "date_paid_gmt"):
        if (instant := read.get(field, _instant_or_none)) is not None:
            return instant
    return read.get("date_created_gmt", _instant)


def _line(order: "_Reader", data: object) -> OrderLine:
    read = order.part("line_items.", data)
    metas = _metas(read.get("meta_data", _list))
    own = metas.get(AMOUNT_KEY)
    return OrderLine(
        line_id=LineId(read.get("id", _count)),
        product_id=read.get("product_id", _count),
        variation_id=read.get("variation_id", _count),
        name=_name(read.data.get("name")),
        quantity=read.get("quantity", _whole_or_none),
        paid=read.gross(),
        own_amount=None if own is None else _name(own),
    )


def _refund_head(order: "_Reader", data: object) -> tuple[int, Decimal]:
    read = order.part("refunds.", data)
    return read.get("id", _count), abs(read.money("total"))


def _refund(order: "_Reader", lines: Sequence[OrderLine], data: object) -> Refund:
    read = order.part("refunds.", data)
    linked, unlinked, other = [], [], Decimal(0)
    for item in read.get("line_items", _list):
        part = _refund_part(order, lines, item)
        if isinstance(part, RefundLine):
            linked.append(part)
        else:
            unlinked.append(part)
            other += part.amount
    for kind in ("shipping_lines", "fee_lines"):
        for item in as_list(read.data.get(kind)) or []:
            other += order.part(f"refunds.{kind}.", item).gross()
    return Refund(
        refund_id=read.get("id", _count),
        amount=abs(read.money("amount")),
        lines=tuple(linked),
        other_lines=other,
        unlinked=tuple(unlinked),
        at=read.get("date_created_gmt", _instant_or_none),
    )


def _refund_part(
    order: "_Reader", lines: Sequence[OrderLine], data: object
) -> RefundLine | UnlinkedPart:
    """Return what a line of a refund takes back: of the item it names, else of the one it fits."""
    read = order.part("refunds.line_items.", data)
    linked = _metas(read.get("meta_data", _list)).get(REFUNDED_ITEM_KEY, "")
    line_id = whole_number(str(linked)) or 0
    counted: int | None = read.get("quantity", _whole_or_none)
    quantity, amount = abs(counted or 0), read.gross()
    if line_id:
        return RefundLine(LineId(line_id), quantity, amount)
    product = _count_or_none(read.data.get("product_id"))
    variation = _count_or_none(read.data.get("variation_id")) or 0
    fits = [i.line_id for i in lines if (i.product_id, i.variation_id) == (product, variation)]
    if len(fits) == 1:
        return RefundLine(fits[0], quantity, amount, inferred=True)
    return UnlinkedPart(product or 0, variation, tuple(fits), quantity, amount)


class _Reader:
    """Reads fields of one object, and says which of them was wrong."""

    def __init__(
        self, order_id: OrderId, data: object, currency: str = "", path: str = ""
    ) -> None:
        if not isinstance(data, Mapping):
            raise UnreadableOrderError(order_id, path.rstrip("."))
        self.data: Json = data
        self._order_id = order_id
        self._currency = currency
        self._path = path

    def part(self, path: str, data: object) -> "_Reader":
        """Return a reader of a part of the same order."""
        return _Reader(self._order_id, data, self._currency, path)

    def money(self, field: str) -> Decimal:
        return without_noise(self.get(field, _money), self._currency)

    def gross(self) -> Decimal:
        """Return what a line comes to with its tax, >= 0."""
        return abs(self.money("total")) + abs(self.money("total_tax"))

    def get(self, field: str, read: Callable[[Any], T]) -> T:
        try:
            return read(self.data.get(field))
        except (ValueError, TypeError, InvalidOperation, OverflowError):
            raise UnreadableOrderError(self._order_id, self._path + field) from None


def _metas(items: Sequence[object]) -> dict[str, object]:
    """Of equal keys the first counts, as in WooCommerce."""
    metas: dict[str, object] = {}
    for item in items:
        if isinstance(item, Mapping):
            metas.setdefault(str(item.get("key")), item.get("value"))
    return metas


def _name(value: Any) -> str:
    """Return a text that a database can store: JSON may hold halves of characters."""
    text = "" if value is None else str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _list(value: Any) -> list[Any]:
    items = as_list(value)
    if items is None:
        raise TypeError
    return items


def _whole_or_none(value: Any) -> int | None:
    """Quantities may be fractions with some plugins: None."""
    if type(value) is int and abs(value) <= 2**63:
        return value
    number = Decimal(str(value))
    if isinstance(value, bool) or not number.is_finite() or not -20 < number.adjusted() < 20:
        raise ValueError
    if abs(number) > 2**63:
        raise ValueError
    return int(number) if number == number.to_integral_value() else None


def _whole(value: Any) -> int:
    number = _whole_or_none(value)
    if number is None:
        raise ValueError
    return number


def _count(value: Any) -> int:
    number = _whole(value)
    if number < 0:
        raise ValueError
    return number


def _count_or_none(value: Any) -> int | None:
    try:
        return _count(value)
    except (ValueError, InvalidOperation):
        return None


def _money(value: Any) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite() or number.adjusted() > 15:
        raise ValueError
    exponent = number.as_tuple().exponent
    if isinstance(value, bool) or not isinstance(exponent, int) or exponent < _SMALLEST_EXPONENT:
        raise ValueError
    return number


def _instant(value: Any) -> datetime:
    """WooCommerce's `*_gmt` fields are naive GMT, without `Z`."""
    parsed = datetime.fromisoformat(_text(value))
    if not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        raise ValueError
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _instant_or_none(value: Any) -> datetime | None:
    return _instant(value) if value else None
