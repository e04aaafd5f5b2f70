"""A stand-in of the other plugin: it grants an order in its own, wrong steps, with pauses."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from shop_stand_in.state import ShopState
from tests.support.site import SiteDatabase

STEPS = ("check", "write balance", "save order", "insert row")


@dataclass
class Peer:
    """One run of its grant hook; ``step`` does the next step, so tests decide what is between."""

    site: SiteDatabase
    shop: ShopState
    order_id: int
    user_id: int
    credits: int
    done: list[str] = field(default_factory=list)
    _before: int = 0

    def step(self) -> str:
        """Do the next of its steps; '' when it has ended."""
        if len(self.done) == len(STEPS) or "stopped" in self.done:
            return ""
        name = STEPS[len(self.done)]
        self.done.append(name)
        {
            "check": self._check,
            "write balance": self._write_balance,
            "save order": self._save_order,
            "insert row": self._insert_row,
        }[name]()
        return name

    def run(self, between: Callable[[], None] = lambda: None) -> None:
        """Do all steps, with *between* in every pause."""
        while self.step():
            between()

    @property
    def stopped(self) -> bool:
        return "stopped" in self.done

    def _check(self) -> None:
        order = self.shop.order(self.order_id)
        assert order is not None
        metas = {meta["key"]: meta["value"] for meta in order["meta_data"]}
        key = f"woocommerce_order_{self.order_id}_purchase"
        rows = self.site.rows(
            "SELECT 1 FROM wp_aipkit_token_ledger WHERE idempotency_key = %s", (key,)
        )
        if int(metas.get("_aipkit_tokens_granted", 0)) > 0 or rows:
            self.done.append("stopped")
        self._before = self.site.balance(self.user_id)

    def _write_balance(self) -> None:
        changed = self.site.run(
            "UPDATE wp_usermeta SET meta_value = %s"
            " WHERE user_id = %s AND meta_key = '_aipkit_token_balance'",
            (str(self._before + self.credits), self.user_id),
        )
        if not changed:
            self.site.run(
                "INSERT INTO wp_usermeta (user_id, meta_key, meta_value)"
                " VALUES (%s, '_aipkit_token_balance', %s)",
                (self.user_id, str(self._before + self.credits)),
            )

    def _save_order(self) -> None:
        entry = {"key": "_aipkit_tokens_granted", "value": str(self.credits)}
        self.shop.write_meta(self.order_id, [entry])
        self.site.run(
            "INSERT INTO wp_wc_orders_meta (order_id, meta_key, meta_value)"
            " VALUES (%s, '_aipkit_tokens_granted', %s)",
            (self.order_id, str(self.credits)),
        )

    def _insert_row(self) -> None:
        meta = {
            "tokens_granted": self.credits,
            "balance_before": self._before,
            "balance_after": self._before + self.credits,
        }
        self.site.run(
            "INSERT IGNORE INTO wp_aipkit_token_ledger"
            " (user_id, actor_type, module, context_type, context_id, operation,"
            "  usage_total_units, credits_delta, entry_type, reference_type, reference_id,"
            "  idempotency_key, meta, created_at)"
            " VALUES (%s, 'user', 'woocommerce', 'order', %s, 'purchase', %s, %s, 'purchase',"
            "  'woocommerce_order', %s, %s, %s, UTC_TIMESTAMP())",
            (
                self.user_id,
                self.order_id,
                self.credits,
                self.credits,
                str(self.order_id),
                f"woocommerce_order_{self.order_id}_purchase",
                json.dumps(meta),
            ),
        )
