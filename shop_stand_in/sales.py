"""What the stand-in shop sells, and how an order is placed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from shop_stand_in.bodies import add_up, blank_order, shown
from shop_stand_in.edits import OrderEdits
from shop_stand_in.types import Json, Line, Money, money


class Sales(OrderEdits):
    """Products and new orders."""

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
            self.used("order", product_id)
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
        parent_id: int = 0,
    ) -> int:
        """
        Place an order and return its id.

        Args:
            at: When; default now. It becomes every date that the status calls for.
            meta: Order meta that is there from the start, such as `_subscription_renewal`.
            shipping, fee: A shipping or fee line of that total.
            coupon: Taken off the first line's total.
            parent_id: The order that a marketplace split this one off.
        """
        with self.lock:
            number = order_id or self._next("order")
            self.used("order", number)
            order = blank_order(number, customer_id, email, self.home_url)
            self._fill(order, lines, shipping, fee, coupon)
            order["meta_data"] = self._meta(meta or {})
            order["parent_id"] = parent_id
            for name in ("date_created", "date_modified"):
                self._stamp(order, name, at)
            self._enter(order, status, at)
            self._orders[number] = order
            self._index.add(order)
        return number

    def _fill(
        self, order: Json, lines: Iterable[Line], shipping: Money, fee: Money, coupon: Money
    ) -> None:
        items = [self._line(line) for line in lines]
        if coupon:
            items[0]["total"] = money(Decimal(items[0]["total"]) - Decimal(coupon))
        order["line_items"] = items
        order["discount_total"] = money(coupon)
        order["shipping_lines"] = self._extra("shipping", shipping)
        order["fee_lines"] = self._extra("fee", fee)
        add_up(order)

    def _line(self, line: Line) -> Json:
        product = self.variations.get(line.variation_id) or self.products.get(line.product_id, {})
        full = self.price_of(line.product_id, line.variation_id) * line.quantity
        total = full if line.total is None else Decimal(line.total)
        full = max(full, total)
        each = total / line.quantity if line.quantity else Decimal(0)
        meta = [shown(entry) for entry in self._meta(line.meta)]
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
