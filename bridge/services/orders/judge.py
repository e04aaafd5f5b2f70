"""Judging orders under their locks: what the database says of them, and what the rules do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.domain.backfills import Standing
from bridge.domain.grants import BookedCredits, GrantPolicy
from bridge.domain.ids import Credits, LineId, OrderId, UserId
from bridge.domain.orders import Order
from bridge.domain.packages import JudgedLine, amounts_of, judge_line
from bridge.domain.second_looks import second_look_at
from bridge.domain.verdicts import ForeignPurchase, Surroundings, Verdict, judge_order
from bridge.services.read_site import SiteReader
from bridge.store import ledger, wp_options, wp_products, wp_users
from bridge.store.db import Database
from bridge.store.leases import Fence
from bridge.store.order_rows import LockedOrder
from bridge.store.tx import Tx
from bridge.store.wp_products import Items, Products


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingContext:
    """Where orders are booked, and by which rules."""

    db: Database
    site: SiteReader
    policy: GrantPolicy
    ledger_epoch: datetime  # where history ends: see `domain.verdicts.Surroundings`
    annotate: bool
    tells_each: bool = True  # in the log; else it has a line for each group
    fence: Fence | None = None  # None: exactly-once needs no lease, it only saves work


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the database says of the products that some orders name."""

    products: Products
    items: Items  # what REST no longer tells of some lines

    def judge(self, order: Order, frozen: Mapping[LineId, Credits]) -> tuple[JudgedLine, ...]:
        """Judge an order's lines by it, except those whose amount is frozen."""
        return tuple(
            judge_line(
                line,
                wp_products.sold_by(line, self.products, self.items),
                frozen=frozen.get(line.line_id),
            )
            for line in order.lines
        )


@dataclass(frozen=True, slots=True)
class WholeOrder:
    """An order with its refunds, and what was found out about its parent."""

    order: Order
    parent_has_packages: bool = False  # the order that it was split off grants by itself

    @property
    def order_id(self) -> OrderId:
        """Which."""
        return self.order.order_id


@dataclass(frozen=True, slots=True)
class Judgement:
    """An order under its lock, and what the rules say of it."""

    order: Order
    locked: LockedOrder
    lines: tuple[JudgedLine, ...]
    verdict: Verdict
    booked: BookedCredits
    """The credits booked for the order, including those adopted now."""

    @property
    def account_to_change(self) -> UserId | None:
        """Whose credits the verdict asks to change; None if nothing is to be booked."""
        due = self.verdict.due
        asks = due is not None and due != self.booked.due_before
        return self.verdict.account_id if asks else None

    @property
    def takes(self) -> bool:
        """Whether less is due than is booked."""
        return self.verdict.due is not None and self.verdict.due < self.booked.due_before

    @property
    def foreseen(self) -> Standing:
        """How the order would stand if nothing hindered its booking."""
        verdict = self.verdict
        due = self.booked.net if verdict.due is None else verdict.due
        return self.standing(self.booked.net if verdict.account_id is None else due)

    def standing(self, booked: Credits) -> Standing:
        """Return how the order stands with so many credits booked."""
        verdict = self.verdict
        due = self.booked.due_before if verdict.due is None else verdict.due
        return Standing(
            verdict.state,
            verdict.reason,
            booked=booked,
            at_stake=Credits(max(0, due - booked)),
            is_adopted=(self.locked.record.adoption or verdict.adopt) is not None,
        )


def judge_orders(
    tx: Tx,
    context: BookingContext,
    orders: Sequence[WholeOrder],
    locked: Mapping[OrderId, LockedOrder],
    catalogue: Catalogue,
) -> list[Judgement]:
    """Judge some orders, each by itself: what was booked for one says nothing of another."""
    around = _Around.read(tx, context, orders, locked)
    return [_judge(context, one, locked[one.order_id], catalogue, around) for one in orders]


def _judge(
    context: BookingContext,
    whole: WholeOrder,
    locked: LockedOrder,
    catalogue: Catalogue,
    around: "_Around",
) -> Judgement:
    order, policy = whole.order, context.policy
    lines = catalogue.judge(order, locked.frozen)
    surroundings = around.of(context, whole, locked)
    verdict = judge_order(order, lines, locked.record, surroundings, policy)
    if verdict.look_again_at is None and amounts_of(lines):
        again = second_look_at(verdict, order, policy, locked.now)
        verdict = replace(verdict, look_again_at=again)
    booked = locked.record.booked
    if verdict.adopt is not None:
        booked = BookedCredits(granted=verdict.adopt.credits)
    return Judgement(order, locked, lines, verdict, booked)


@dataclass(frozen=True, slots=True)
class _Around:
    """What else the database says, read under the orders' locks for all of them at once."""

    purchases: Mapping[OrderId, ForeignPurchase]
    markers: Mapping[OrderId, int]
    peer_may_grant: bool
    users: set[int]
    email_owners: Mapping[OrderId, UserId]
    packages: set[int]  # products that are packages, of those that refunds name

    @classmethod
    def read(
        cls,
        tx: Tx,
        context: BookingContext,
        orders: Sequence[WholeOrder],
        locked: Mapping[OrderId, LockedOrder],
    ) -> "_Around":
        new = [one.order for one in orders if locked[one.order_id].record.account_id is None]
        ids = [order.order_id for order in new]
        customers = {_customer(one.order, locked[one.order_id]) for one in orders}
        claimed = new if context.policy.claim_by_email else []
        emails = {
            order.order_id: (order.email, order.created_at)
            for order in claimed
            if not _customer(order, locked[order.order_id])
        }
        return cls(
            purchases=ledger.find_foreign_purchases(tx, ids),
            markers=wp_options.order_markers(tx, ids),
            peer_may_grant=bool(new) and wp_options.peer_may_grant(tx),
            users=wp_users.existing_users(tx, customers),
            email_owners=wp_users.find_older_accounts(tx, emails),
            packages=_packages_taken_back(tx, [one.order for one in orders]),
        )

    def of(self, context: BookingContext, whole: WholeOrder, locked: LockedOrder) -> Surroundings:
        """Return what decides about one order."""
        order, order_id = whole.order, whole.order_id
        is_new = locked.record.account_id is None
        return Surroundings(
            now=locked.now,
            ledger_epoch=context.ledger_epoch,
            foreign_purchase=self.purchases.get(order_id),
            marker=max(order.marker, self.markers.get(order_id, 0)) if is_new else 0,
            peer_may_grant=is_new and self.peer_may_grant,
            customer_exists=_customer(order, locked) in self.users,
            email_owner=self.email_owners.get(order_id),
            refunds_other_package=not self.packages.isdisjoint(_taken_back(order)),
            parent_has_packages=whole.parent_has_packages,
        )


def _customer(order: Order, locked: LockedOrder) -> int:
    """Return whose the order is said to be; 0: a guest's."""
    return locked.record.assigned_to or order.customer_id


def _taken_back(order: Order) -> set[int]:
    """Return the products that refunds take back and no line of the order has."""
    parts = [part for refund in order.refunds for part in refund.unlinked]
    return {i for part in parts if part.takes and not part.fits for i in part.product_ids} - {0}


def _packages_taken_back(tx: Tx, orders: Sequence[Order]) -> set[int]:
    ids = {i for order in orders for i in _taken_back(order)}
    products = wp_products.read_products(tx, ids)
    return {i for i, metas in products.items() if metas.is_package == "yes"}
