"""Fills the stand-in shop with answers recorded from a real one."""

import json
import re
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

from shop_stand_in.storage import Storage
from shop_stand_in.types import Json, money


def load_recordings(state: Storage, folder: Path) -> None:
    """Put into *state* what the recordings in *folder* hold; see `ShopState.from_recordings`."""
    for file in sorted(folder.glob("*.json")):
        recorded = json.loads(file.read_text())
        request, body = recorded["request"], recorded["body"]
        if recorded["status"] == 200 and not {"_fields"} & set(request.get("params", {})):
            _load(state, request["path"].partition("/wc/v3/")[2].split("/"), body)
    partial = json.loads((folder / "products_all.json").read_text())["body"]
    sold = [line for order in state.every_order() for line in order["line_items"]]
    for product in partial:
        prices = [
            money(Decimal(line["subtotal"]) / line["quantity"])
            for line in sold
            if line["product_id"] == product["id"] and not line["variation_id"]
        ]
        product["price"] = prices[0] if prices else ""
        state.products.setdefault(product["id"], product)
    state.used("order", max([*state.products, *state.variations, 0]))


def _load(state: Storage, path: list[str], body: Any) -> None:
    bodies: list[Json] = deepcopy(body if isinstance(body, list) else [body])
    for one in bodies:
        one.pop("_links", None)
    match path:
        case ["orders"] | ["orders", _]:
            for order in bodies:
                state.put_order(order)
        case ["orders", order_id, "refunds"]:
            state.put_refunds(int(order_id), bodies)
        case ["products", _] | ["products"]:
            state.products.update((one["id"], one) for one in bodies)
        case ["products", _, "variations", _]:
            state.variations.update((one["id"], one) for one in bodies)
    for kind, pattern in (("meta", r'"id": (\d+), "key"'), ("item", r'"id": (\d+), "name"')):
        found = re.findall(pattern, json.dumps(bodies)) if path[0] == "orders" else []
        state.used(kind, max(map(int, found), default=0))
