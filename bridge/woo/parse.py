"""WooCommerce's order JSON into `domain.orders`, strictly. No HTTP."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from bridge.domain.ids import LineId, OrderId
from bridge.domain.names import AMOUNT_KEY, MARKER_KEY
from bridge.domain.orders import Order, OrderLine, Refund, RefundLine
from bridge.domain.quotas import whole_number
from bridge.woo.errors import UnreadableOrderError

REFUNDED_ITEM_KEY = "_refunded_item_id"
RENEWAL_KEYS = frozenset({"_subscription_renewal", "_subscription_resubscribe"})

ORDER_FIELDS = (
    "id,number,status,currency,total,customer_id,billing.email,date_created_gmt,"
    "date_modified_gmt,date_paid_gmt,date_completed_gmt,line_items,refunds,meta_data"
)
"""`_fields` of an order request: WooCommerce computes only what is asked for."""

REFUND_FIELDS = "id,amount,line_items,shipping_lines,fee_lines,tax_lines"

_FIRST_YEAR, _LAST_YEAR = 1970, 9000

Json = Mapping[str, Any]
T = TypeVar("T")


def order_id_of(data: object) -> OrderId:
    """Return the id, without which an order cannot even be listed."""
    value = data.get("id") if isinstance(data, Mapping) else None
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
    read = _Reader(order_id, data)
    metas = _metas(read.get("meta_data", _list))
    billing = data.get("billing")
    email = billing.get("email") if isinstance(billing, Mapping) else None
    return Order(
        order_id=order_id,
        number=_name(data.get("number") or order_id),
        status=read.get("status", _text).removeprefix("wc-"),
        customer_id=read.get("customer_id", _count),
        email=_name(email),
        currency=_name(data.get("currency")),
        total=read.get("total", _money),
        created_at=read.get("date_created_gmt", _instant),
        modified_at=read.get("date_modified_gmt", _instant),
        paid_at=read.get("date_paid_gmt", _instant_or_none),
        completed_at=read.get("date_completed_gmt", _instant_or_none),
        lines=tuple(_line(order_id, item) for item in read.get("line_items", _list)),
        refunds=tuple(_refund(order_id, item) for item in refunds),
        refund_heads=tuple(_refund_head(order_id, item) for item in read.get("refunds", _list)),
        marker=max(0, whole_number(str(metas.get(MARKER_KEY, ""))) or 0),
        is_renewal=not RENEWAL_KEYS.isdisjoint(metas),
    )


def modified_at(data: Json) -> datetime:
    """Return when WooCommerce says that the order last changed."""
    return _Reader(order_id_of(data), data).get("date_modified_gmt", _instant)


def _line(order_id: OrderId, data: object) -> OrderLine:
    read = _Reader(order_id, data, "line_items.")
    metas = _metas(read.get("meta_data", _list))
    own = metas.get(AMOUNT_KEY)
    return OrderLine(
        line_id=LineId(read.get("id", _count)),
        product_id=read.get("product_id", _count),
        variation_id=read.get("variation_id", _count),
        name=_name(read.data.get("name")),
        quantity=read.get("quantity", _whole_or_none),
        paid=abs(read.get("total", _money)) + abs(read.get("total_tax", _money)),
        own_amount=None if own is None else _name(own),
    )


def _refund_head(order_id: OrderId, data: object) -> tuple[int, Decimal]:
    read = _Reader(order_id, data, "refunds.")
    return read.get("id", _count), abs(read.get("total", _money))


def _refund(order_id: OrderId, data: object) -> Refund:
    read = _Reader(order_id, data, "refunds.")
    lines, other = [], Decimal(0)
    for item in read.get("line_items", _list):
        line = _refund_line(order_id, item)
        if line.line_id:
            lines.append(line)
        else:
            other += line.amount
    for kind in ("shipping_lines", "fee_lines"):
        for item in read.data.get(kind) or []:
            part = _Reader(order_id, item, f"refunds.{kind}.")
            other += abs(part.get("total", _money)) + abs(part.get("total_tax", _money))
    return Refund(
        refund_id=read.get("id", _count),
        amount=abs(read.get("amount", _money)),
        lines=tuple(lines),
        other_lines=other,
    )


def _refund_line(order_id: OrderId, data: object) -> RefundLine:
    read = _Reader(order_id, data, "refunds.line_items.")
    linked = _metas(read.get("meta_data", _list)).get(REFUNDED_ITEM_KEY, "")
    quantity: int | None = read.get("quantity", _whole_or_none)
    return RefundLine(
        line_id=LineId(whole_number(str(linked)) or 0),
        quantity=abs(quantity or 0),
        amount=abs(read.get("total", _money)) + abs(read.get("total_tax", _money)),
    )


class _Reader:
    """Reads fields of one object, and says which of them was wrong."""

    def __init__(self, order_id: OrderId, data: object, path: str = "") -> None:
        if not isinstance(data, Mapping):
            raise UnreadableOrderError(order_id, path.rstrip("."))
        self.data: Json = data
        self._order_id = order_id
        self._path = path

    def get(self, field: str, read: Callable[[Any], T]) -> T:
        try:
            return read(self.data.get(field))
        except (ValueError, TypeError, InvalidOperation, OverflowError):
            raise UnreadableOrderError(self._order_id, self._path + field) from None


def _metas(items: Sequence[object]) -> dict[str, object]:
    return {str(item.get("key")): item.get("value") for item in items if isinstance(item, Mapping)}


def _name(value: Any) -> str:
    """Return a text that a database can store: JSON may hold halves of characters."""
    text = "" if value is None else str(value)
    return text.encode("utf-8", "replace").decode("utf-8")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _whole_or_none(value: Any) -> int | None:
    """Quantities may be fractions with some plugins: None."""
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


def _money(value: Any) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite() or number.adjusted() > 15:
        raise ValueError
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -12:
        raise ValueError  # nobody's money; exact sums of such would take for ever
    return number


def _instant(value: Any) -> datetime:
    """WooCommerce's `*_gmt` fields are naive GMT, without `Z`."""
    parsed = datetime.fromisoformat(_text(value))
    if not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        raise ValueError
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _instant_or_none(value: Any) -> datetime | None:
    return _instant(value) if value else None
