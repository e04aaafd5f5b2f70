"""
Backfill: orders completed before `grants.since`, by the same rules and the same booking.

It lets orders in, and has them imported as any other: what is granted, adopted, unclaimed or
asked about is decided there. A dry run asks the same judgement and writes nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.domain.backfills import BackfillReport, BackfillSpan, Outcome, Standing
from bridge.domain.errors import BridgeError
from bridge.domain.grants import GrantPolicy
from bridge.domain.ids import Credits, OrderId
from bridge.domain.orders import Order
from bridge.domain.packages import Problem
from bridge.domain.verdicts import OrderState, Reason
from bridge.services.orders.ahead import ahead
from bridge.services.orders.backfill_parts import KeptParts, Part, PartOfRun, PartTeam
from bridge.services.orders.book import foresee_orders, let_in
from bridge.services.orders.book_groups import (
    OrderBooker,
    groups_of,
    halving,
    raise_if_it_stops_all,
)
from bridge.services.orders.chunks import Chunk
from bridge.services.orders.decide import look_at_order
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.services.orders.import_orders import import_orders
from bridge.services.orders.judge import WholeOrder
from bridge.services.orders.past_orders import PastOrders
from bridge.services.orders.record_trouble import OrderNotSentError, record_unreadable
from bridge.services.orders.teams import Hear
from bridge.services.orders.whole_orders import (
    ImportContext,
    KnownOrders,
    complete_order,
    concerns_us,
    read_known,
)
from bridge.store import backfills, orders
from bridge.store.tx import Tx
from bridge.store.wp_products import Items
from bridge.woo.errors import OrderVanishedError, ShopError
from bridge.woo.parse import order_id_of, parse_order

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BackfillRun:
    """One run: by which rules, which orders, from where."""

    context: ImportContext
    span: BackfillSpan
    source: PastOrders

    def apply(self, hear: Hear, team: PartTeam | None = None) -> BackfillReport:
        """
        Grant what is due, from where a run of the same kind was left.

        Any number may run at once, beside any number of workers: each order is booked once.

        Args:
            hear: Is told how many orders more have been passed by.
            team: Does the parts; none: this process does, one after another.

        Raises:
            ShopError: The shop could not be read; what was done stays, and the next run goes on.
            TeamError: A process was killed; likewise.
        """
        kept = KeptParts(self.context.db, self._what())
        parts = kept.parts(self.source.parts())
        hear(sum(part.passed for part in parts))
        open_parts = [part for part in parts if part.position is not None]
        done = [part for part in parts if part.position is None]
        done += self._do(open_parts, kept.run, hear, team)
        kept.forget(parts)
        return _sum_up(done)

    def foresee(self, hear: Hear, team: PartTeam | None = None) -> BackfillReport:
        """Say what `apply` would do; nothing is written anywhere."""
        parts = [Part(number, begin) for number, begin in enumerate(self.source.parts())]
        return _sum_up(self._do(parts, None, hear, team))

    def _do(
        self, parts: Sequence[Part], run: str | None, hear: Hear, team: PartTeam | None
    ) -> Iterator[Part]:
        tasks = [(part, run) for part in parts]
        if team is None or len(tasks) < 2:
            return (self.do_part(task, hear) for task in tasks)
        return team.work(tasks, hear)

    def do_part(self, task: PartOfRun, hear: Hear) -> Part:
        """Do what is left of a part; return it, with what came of it."""
        part, run = task
        if part.position is None:
            return part
        kept = KeptParts(self.context.db, self._what(), run) if run else None
        context = replace(self.context, tells_each=False)
        for chosen in ahead(self._chosen(part.position)):
            if kept is None:
                _foresee(context, chosen, part.report)
            else:
                _apply(context, chosen, part.report)
            part.passed += chosen.chunk.passed
            part.position = chosen.chunk.position
            if kept is not None:
                kept.keep(part)
            hear(chosen.chunk.passed)
        part.position = None
        if kept is not None:
            kept.keep(part)
        return part

    def _chosen(self, position: Json) -> Iterator["_Chosen"]:
        for chunk in self.source.chunks(position):
            yield _choose(self.context, chunk)

    def _what(self) -> list[str]:
        """Return what must be the same for a run to go on where another was left."""
        return [self.source.way, str(self.span.since), self.context.policy.fingerprint()]


def _sum_up(parts: Iterable[Part]) -> BackfillReport:
    report = BackfillReport()
    for part in parts:
        report.add(part.report)
    return report


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The orders of a chunk that have, or may have, to do with credits, and no booking yet."""

    chunk: Chunk
    orders: Mapping[Order, Json]
    unreadable: Sequence[Json]
    known: KnownOrders
    others: Sequence[tuple[Outcome, Credits]]  # what became of those that need no judgement

    def note_others(self, report: BackfillReport) -> None:
        """Count the orders that need no judgement."""
        report.orders[Outcome.NO_PACKAGE] += self.chunk.plain
        for outcome, credits in self.others:
            report.note(outcome, credits)

    @property
    def ids(self) -> list[OrderId]:
        return [*(one.order_id for one in self.orders), *map(order_id_of, self.unreadable)]


def _apply(context: ImportContext, chosen: _Chosen, report: BackfillReport) -> None:
    """Let a chunk's orders in, have them booked, and count how they stand then."""
    chunk = chosen.chunk
    chosen.note_others(report)
    booker = OrderBooker(context, chosen.known, chunk.fetch_number, lets_in=True)
    booked = booker.book(chosen.orders)
    lost = [order_id for order_id, _ in chunk.lost]
    let_in(context.db, [*map(order_id_of, chosen.unreadable), *lost])
    import_orders(context, chosen.unreadable, fetch_number=chunk.fetch_number)
    for order_id, error in chunk.lost:
        record_unreadable(context, order_id, _not_sent(error), chunk.fetch_number)
    for one in booked:
        report.note_standing(one.standing)
    others = {*chosen.ids, *lost} - {one.order_id for one in booked}
    for kept in _standings(context, others).values():
        report.note_standing(kept.standing)


def _standings(
    context: ImportContext, ids: Collection[OrderId]
) -> Mapping[OrderId, backfills.KeptStanding]:
    """
    Return how orders stand that were let in; those that nobody has judged since are fetched again.

    The worker may have fetched one after us and judged it before it was let in; then our fetch
    is the older one, and counts no more. A new one does: whoever judges now sees it let in.
    """
    with context.db.reading() as tx:
        kept = backfills.read_standings(tx, ids)
    passed_over = [order_id for order_id, one in kept.items() if one.waits_for_judgement]
    for order_id in passed_over:
        number = next_fetch_number(context.db)
        try:
            item = context.shop.get_order(order_id, fetch_number=number)
        except (OrderVanishedError, ShopError):
            look_at_order(context.db, order_id)
            continue
        import_orders(context, [item], fetch_number=number)
    if passed_over:
        with context.db.reading() as tx:
            kept = backfills.read_standings(tx, ids)
    return kept


def _foresee(context: ImportContext, chosen: _Chosen, report: BackfillReport) -> None:
    """Count how a chunk's orders would stand."""
    chunk = chosen.chunk
    chosen.note_others(report)
    for _ in (*chosen.unreadable, *chunk.lost):
        report.note_standing(_asking(Reason.UNREADABLE))
    whole = []
    for order, item in chosen.orders.items():
        try:
            whole.append(complete_order(context, chosen.known, order, item, chunk.fetch_number))
        except Exception as error:  # noqa: BLE001  # as the import: one order stops no other
            _note_failed(report, error)

    def foresee(group: Sequence[WholeOrder]) -> None:
        for standing in foresee_orders(context, group, chosen.known.catalogue):
            report.note_standing(standing)

    for group in groups_of(whole):
        for _ in halving(group, foresee, lambda _, error: _note_failed(report, error)):
            pass


def _note_failed(report: BackfillReport, error: Exception) -> None:
    """Count an order as the import would record it."""
    raise_if_it_stops_all(error)
    if not isinstance(error, OrderVanishedError):
        is_ours = not isinstance(error, BridgeError)
        report.note_standing(_asking(Reason.DEFECT if is_ours else Reason.UNREADABLE))


def _asking(reason: Reason) -> Standing:
    return Standing(OrderState.ATTENTION, reason, booked=Credits(0))


def _choose(context: ImportContext, chunk: Chunk) -> _Chosen:
    """Choose the orders to judge."""
    parsed: dict[Order, Json] = {}
    unreadable = []
    for item in chunk.items:
        try:
            parsed[parse_order(item, ())] = item
        except Exception:  # noqa: BLE001  # the import says what is wrong, and lists it
            unreadable.append(item)
    with context.db.reading() as tx:
        booked, known = _look_up(tx, list(parsed), chunk.sold)
    others = [(Outcome.BOOKED_BEFORE, standing.booked) for standing in booked.values()]
    chosen = {}
    for order, item in parsed.items():
        if order.order_id in booked:
            continue
        if concerns_us(order, known, context.policy, backfilled=True):
            chosen[order] = item
        else:
            others.append((_without_package(order, known, context.policy), Credits(0)))
    return _Chosen(chunk, chosen, unreadable, known, others)


def _look_up(
    tx: Tx, found: Sequence[Order], sold: Items | None
) -> tuple[Mapping[OrderId, Standing], KnownOrders]:
    ids = [order.order_id for order in found]
    kept = backfills.read_standings(tx, ids)
    booked = {order_id: one.standing for order_id, one in kept.items() if one.has_account}
    left = [order for order in found if order.order_id not in booked]
    return booked, read_known(tx, left, orders.read_seen(tx, ids), sold)


def _without_package(order: Order, known: KnownOrders, policy: GrantPolicy) -> Outcome:
    """Say why an order is none of ours; of a deleted product nobody knows what it was."""
    judged = known.catalogue.judge(order, {})
    is_gone = any(one.problem is Problem.PRODUCT_GONE for one in judged)
    was_sold = order.status in policy.statuses
    return Outcome.PRODUCT_GONE if is_gone and was_sold else Outcome.NO_PACKAGE


def _not_sent(error: BridgeError) -> BridgeError:
    return OrderNotSentError(error) if isinstance(error, ShopError) else error
