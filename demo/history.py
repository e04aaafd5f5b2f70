"""
Thirty days of a shop's life, lived in seconds.

All of it is booked by the bridge's own services. Only the clock is ours, of the shop and of the
database's sessions: it is set to each moment in turn, so that orders, periods, charts and books
are as they would be.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from bridge.config import Settings
from bridge.domain.answers import Booked
from bridge.domain.ids import Actor, Credits, OrderId, UserId, admin_name
from bridge.services.orders.annotate import annotate_orders
from bridge.services.orders.fetch_numbers import next_fetch_number
from bridge.services.orders.import_orders import import_orders
from bridge.services.settings.change_prices import add_price
from bridge.services.spending.adjust import Adjustment, ByDelta, adjust
from bridge.services.spending.idempotency import KeyPurpose, request_key
from bridge.services.spending.outcomes import Failure
from bridge.services.spending.spend import RecordUse, prepare_record
from bridge.wiring import build
from demo.people import ADMIN, MEMBERS, Person
from demo.prices import FREE, RULES, SORTS, Sort
from demo.site import PACKS, WORKSHOP
from shop_stand_in.state import Line, RefundLine, ShopState, utc_now

DAYS = 30
_HOURS = (7, 11, 15, 19)  # UTC, about
_FIRST_ORDERS = 14  # days before, in which customers bought for the first time
_BUY_AT_FIRST = 2  # of them a day
_NEW, *_OLD = MEMBERS  # the first has used what is free, and buys two days ago
_CUSTOMERS = _OLD[: _FIRST_ORDERS * _BUY_AT_FIRST]
_RUNNING_LOW = 3_500
_BASKETS = (*((PACKS[0], 1),) * 6, *((PACKS[0], 2),) * 2, (PACKS[1], 1))
_FIRST_BASKET = (PACKS[0], 2)
_ONE_IN = 12  # refunds
_GUEST = MEMBERS[14]  # who bought without logging in
_GUESTS = tuple(f"guest-{number}" for number in range(1, 7))
_ENOUGH = 2_000  # with less of a balance nobody begins what is not free


class History:
    """The life of the site, to be lived once."""

    def __init__(self, settings: Settings, shop: ShopState) -> None:
        """Use a site that is furnished and migrated, and that no worker works on."""
        self._session: list[str] = []
        self._bridge = build(settings, session=self._session)
        self._shop = shop
        self._random = Random(7)  # noqa: S311  # no secret: each demo is the same
        self._balances: dict[int, int] = {}
        self._has_new_bought = False
        self._count = 0
        self._now = datetime.now(UTC)

    def live(self) -> None:
        """Do all of it; the clocks are right again afterwards."""
        end = self._now
        try:
            for rule in RULES:
                add_price(self._bridge.db, self._bridge.site, rule, by=admin_name(UserId(1)))
            for moment in _moments(end, self._random):
                self._set_clock(moment)
                self._shop_for(moment, end)
                if moment > end - timedelta(days=DAYS):
                    self._spend(moment)
            self._leave_work()
        finally:
            self._shop.now = utc_now
            self._bridge.close()

    def _set_clock(self, moment: datetime) -> None:
        self._now = moment
        self._session[:] = [f"SET timestamp = {moment.timestamp():.6f}"]
        self._bridge.db.close()  # connections are made anew, with it
        self._shop.now = lambda: moment

    def _shop_for(self, moment: datetime, end: datetime) -> None:
        """Let some buy; now and then one finds that it was too much."""
        if moment > end - timedelta(days=DAYS):
            short = [one for one in _CUSTOMERS if self._balances[one.user_id] < _RUNNING_LOW]
            buyers = [one for one in short if self._random.random() < 0.4]
        else:
            fresh = [one for one in _CUSTOMERS if one.user_id not in self._balances]
            buyers = fresh[:_BUY_AT_FIRST]
        if moment > end - timedelta(days=2) and not self._has_new_bought:
            self._has_new_bought = True
            buyers.append(_NEW)
        orders = [self._order(member) for member in buyers]
        self._import(orders)
        if self._random.randrange(_ONE_IN) == 0 and buyers and buyers[0] is not _NEW:
            self._refund_one(orders[0])

    def _order(self, member: Person) -> int:
        pack, quantity = _FIRST_BASKET if member is _NEW else self._random.choice(_BASKETS)
        known = self._balances.get(member.user_id, 0)
        self._balances[member.user_id] = known + pack[3] * quantity
        return self._shop.add_order(
            member.user_id, [Line(pack[0], quantity)], email=member.email, status="completed"
        )

    def _import(self, order_ids: Sequence[int]) -> None:
        if not order_ids:
            return
        number = next_fetch_number(self._bridge.db)
        ids = [OrderId(one) for one in order_ids]
        items = self._bridge.shop.get_orders(ids, status="any", fetch_number=number)
        import_orders(self._bridge.import_context(), items, fetch_number=number)

    def _refund_one(self, order_id: int) -> None:
        item = (self._shop.order(order_id) or {})["line_items"][0]["id"]
        self._shop.refund(order_id, lines=[RefundLine(item, 1)], reason="Bought by mistake")
        self._import([order_id])

    def _spend(self, moment: datetime) -> None:
        """Let a part of all use what they can pay or have for free; fewer do at weekends."""
        share = 0.2 if moment.weekday() >= 5 else 0.42  # Saturday, Sunday
        active = [one for one in MEMBERS if self._random.random() < share]
        uses = [self._use(Actor(UserId(one.user_id)), self._sort_for(one)) for one in active]
        guests = self._random.sample(_GUESTS, 2)
        uses += [self._use(Actor(session_id=one), FREE[0]) for one in guests]
        for outcome, use in zip(self._bridge.spending.submit_all(uses), uses, strict=True):
            if isinstance(outcome, Failure):
                raise outcome.error
            self._remember(use.actor, outcome.answer)

    def _remember(self, actor: Actor, answer: Booked) -> None:
        if actor.user_id is not None:
            self._balances[actor.user_id] = answer.payment.balance_after

    def _sort_for(self, member: Person) -> Sort:
        sorts = SORTS if self._balances.get(member.user_id, 0) > _ENOUGH else FREE
        [chosen] = self._random.choices(sorts, [one.weight for one in sorts])
        return chosen

    def _use(self, actor: Actor, sort: Sort) -> RecordUse:
        self._count += 1
        site_url = self._bridge.settings.site.url
        return prepare_record(
            self._bridge.site.get(),
            actor,
            sort.context,
            sort.one(self._random),
            enabled=self._bridge.settings.modules.enabled,
            key=request_key(site_url, "demo", KeyPurpose.RECORD, str(self._count), {}),
        )

    def _leave_work(self) -> None:
        """Leave a gift, and what the owner may do: a pack without an amount, a guest's order."""
        self._session.clear()
        self._bridge.db.close()
        gift = Adjustment(
            actor=Actor(UserId(MEMBERS[1].user_id)),
            change=ByDelta(Credits(2_500)),
            reason="Goodwill: her chat broke off on Monday",
            by=admin_name(UserId(ADMIN.user_id)),
        )
        adjust(self._bridge.db, self._bridge.spending, gift)
        buyer = MEMBERS[5]
        unclear = self._shop.add_order(
            buyer.user_id, [Line(WORKSHOP[0])], email=buyer.email, status="completed"
        )
        guest = self._shop.add_order(
            0, [Line(PACKS[0][0])], email=_GUEST.email, status="completed"
        )
        self._import([unclear, guest])
        annotate_orders(self._bridge.db, self._bridge.shop)


def _moments(end: datetime, random: Random) -> Iterator[datetime]:
    """Yield the moments at which something happens, up to an hour ago."""
    for day in range(-DAYS - _FIRST_ORDERS, 1):
        midnight = (end + timedelta(days=day)).replace(hour=0, minute=0, second=0, microsecond=0)
        hours = _HOURS if day > -DAYS else _HOURS[1:2]
        for hour in hours:
            moment = midnight + timedelta(hours=hour, seconds=random.randrange(7200))
            if moment < end - timedelta(hours=1):
                yield moment
