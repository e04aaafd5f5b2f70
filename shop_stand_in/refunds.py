"""The stand-in shop's refunds, and the statuses that go with them."""

from collections.abc import Sequence
from copy import deepcopy
from decimal import Decimal

from shop_stand_in.bodies import gross, shown
from shop_stand_in.edits import OrderEdits
from shop_stand_in.types import STATUS_NAMES, Json, Money, RefundLine, money


class Refunds(OrderEdits):
    """Moves orders between statuses, and gives money back."""

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
            total = sum((gross(line) for line in products + others), Decimal(0))
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
        meta = [shown(m) for m in self._meta({"_refunded_item_id": str(line.item_id)})]
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
