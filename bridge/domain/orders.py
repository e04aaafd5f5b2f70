"""A WooCommerce order as the rules see it: not its JSON, not its table."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from bridge.domain.ids import LineId, OrderId


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One product line. Money in the order's currency."""

    line_id: LineId
    product_id: int  # 0: WooCommerce no longer knows the product
    variation_id: int  # 0: not a variation
    name: str
    quantity: int | None  # None: a fraction, as some plugins sell; such a line cannot grant
    paid: Decimal  # total + tax, >= 0
    own_amount: str | None = None  # item meta `_aipkit_tokens_amount`, written at checkout


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What a refund takes back of one product line; all figures >= 0."""

    line_id: LineId
    quantity: int  # 0 also for a fraction: then the amount says what is taken
    amount: Decimal  # |total| + |tax|
    inferred: bool = False  # it names no item: this is the only one of its product


@dataclass(frozen=True, slots=True)
class UnlinkedPart:
    """A refund's product line that names no item of the order, and fits none or several."""

    product_id: int
    variation_id: int
    fits: tuple[LineId, ...]
    quantity: int
    amount: Decimal

    @property
    def product_ids(self) -> tuple[int, int]:
        """What it sold; 0 for none."""
        return self.product_id, self.variation_id

    @property
    def takes(self) -> bool:
        """Whether anything would be taken back by it."""
        return self.quantity > 0 or self.amount > 0


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of an order."""

    refund_id: int
    amount: Decimal  # the whole refund, >= 0
    lines: tuple[RefundLine, ...]
    other_lines: Decimal  # sum of |total| + |tax| of shipping, fee and unlinked item lines
    unlinked: tuple[UnlinkedPart, ...] = ()
    at: datetime | None = None  # when it was made; None: nobody says


@dataclass(frozen=True, slots=True)
class Order:
    """One fetch of an order. Instants are aware UTC; status without `wc-`."""

    order_id: OrderId
    number: str
    status: str
    customer_id: int  # 0: a guest's order
    email: str
    currency: str
    total: Decimal  # before refunds
    created_at: datetime
    modified_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    lines: tuple[OrderLine, ...]
    refunds: tuple[Refund, ...]
    refund_heads: tuple[tuple[int, Decimal], ...]  # (id, total) as the order itself lists them
    marker: int  # order meta `_aipkit_tokens_granted`; 0 when absent
    is_renewal: bool  # a subscription made it: its meta may be copied from another order
    buyer: str = ""  # the name on the bill
    parent_id: int = 0  # of a marketplace's sub-order: the order that was split

    @property
    def finished_at(self) -> datetime:
        """When it counts as completed (R12)."""
        return self.completed_at or self.paid_at or self.created_at

    @property
    def sold_at(self) -> datetime:
        """When its money came in."""
        return self.paid_at or self.finished_at

    @property
    def may_be_part_of_another(self) -> bool:
        """Whether its lines may be copies of another order's; a renewal's are its own."""
        return self.parent_id > 0 and not self.is_renewal

    def contents_digest(self) -> bytes:
        """
        Return a digest of lines and refunds, for *History*: have they changed since?

        Links that were inferred stay out: they are our reading, which may get better.
        """
        lines = sorted((i.line_id, i.quantity or 0, _plain(i.paid)) for i in self.lines)
        refunds = sorted(
            (
                r.refund_id,
                _plain(r.amount),
                sorted(
                    (i.line_id, i.quantity, _plain(i.amount)) for i in r.lines if not i.inferred
                ),
            )
            for r in self.refunds
        )
        return sha256(repr((lines, refunds)).encode()).digest()

    def digest(self) -> bytes:
        """
        Return a digest of all that can change what is booked, as far as the order itself says.

        Refunds count by id and total, so an order can be told unchanged before their lines are
        fetched. The marker and the modification date stay out: the bridge writes the one, and
        so moves the other, and neither changes what an order that has a booking is due. The
        buyer's name decides nothing, and is erased together with the e-mail address.
        """
        lines = sorted(
            (
                *(i.line_id, i.product_id, i.variation_id, str(i.quantity)),
                *(i.name, _plain(i.paid), i.own_amount or ""),
            )
            for i in self.lines
        )
        facts: tuple[object, ...] = (
            self.status,
            self.customer_id,
            self.email,
            self.number,
            _plain(self.total),
            self.created_at,
            self.finished_at,
            self.is_renewal,
            lines,
            sorted((refund_id, _plain(total)) for refund_id, total in self.refund_heads),
        )
        if self.parent_id:
            facts += (self.parent_id,)
        return sha256(repr(facts).encode()).digest()


def _plain(amount: Decimal) -> str:
    return str(amount.normalize())
