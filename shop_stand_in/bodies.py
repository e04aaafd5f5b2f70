"""Order bodies in the shape in which WooCommerce's REST API answers them."""

import secrets
from decimal import Decimal

from shop_stand_in.types import Json, money

ADDRESS = "first_name last_name company address_1 address_2 city state postcode country"


def shown(entry: Json) -> Json:
    """A line's meta entry, which WooCommerce answers with two fields more."""
    return entry | {"display_key": entry["key"], "display_value": entry["value"]}


def gross(line: Json) -> Decimal:
    """What a line comes to with its tax."""
    return Decimal(line["total"]) + Decimal(line["total_tax"])


def add_up(order: Json) -> None:
    """Set the order's totals to the sums over its lines."""
    lines = order["line_items"] + order["shipping_lines"] + order["fee_lines"]
    tax = sum((Decimal(line["total_tax"]) for line in lines), Decimal(0))
    order["shipping_total"] = money(sum(Decimal(one["total"]) for one in order["shipping_lines"]))
    order["total_tax"] = order["cart_tax"] = money(tax)
    order["total"] = money(sum(map(gross, lines), Decimal(0)))


def blank_order(order_id: int, customer_id: int, email: str, home_url: str) -> Json:
    """A new order, pending, with no lines and no dates."""
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
