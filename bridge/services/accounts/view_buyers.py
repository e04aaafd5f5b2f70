"""Who is behind orders that wait for people: who paid, and whose account it may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.buyers import NOBODY, Buyer, LikelyOwner
from bridge.domain.ids import OrderId, UserId
from bridge.domain.order_views import OrderView
from bridge.store import buyers, wp_users
from bridge.store.db import Database
from bridge.store.tx import Tx
from bridge.store.wp_users import Namesake


@dataclass(frozen=True, slots=True)
class OrderPeople:
    """Who bought an order, the account that has it, and the one that it may belong to."""

    buyer: Buyer
    customer: str  # the name of the order's user; empty: a guest's, or nobody has the id any more
    owner: LikelyOwner | None


def view_buyers(db: Database, orders: Sequence[OrderView]) -> dict[int, OrderPeople]:
    """Return who is behind each of some orders; an account is suggested to those without one."""
    with db.reading() as tx:
        return buyers_of(tx, orders)


def buyers_of(tx: Tx, orders: Sequence[OrderView]) -> dict[int, OrderPeople]:
    """As `view_buyers`."""
    known = buyers.read_buyers(tx, {order.order_id for order in orders})
    users = {UserId(order.user_id) for order in orders if order.user_id}
    names = wp_users.list_names(tx, users) if users else {}
    found = {order.order_id: known.get(OrderId(order.order_id), NOBODY) for order in orders}
    homeless = {o.order_id for o in orders if not o.user_id or UserId(o.user_id) not in names}
    emails = {found[order_id].email for order_id in homeless}
    namesakes = wp_users.find_namesakes(tx, emails - {""})
    return {
        order.order_id: OrderPeople(
            buyer=found[order.order_id],
            customer=_name(names, order.user_id),
            owner=_owner(found[order.order_id], namesakes) if order.order_id in homeless else None,
        )
        for order in orders
    }


def _name(names: Mapping[UserId, wp_users.UserNames], user_id: int | None) -> str:
    known = names.get(UserId(user_id)) if user_id else None
    return known.name if known else ""


def _owner(buyer: Buyer, namesakes: Mapping[str, Sequence[Namesake]]) -> LikelyOwner | None:
    """Return the account that may claim the order (R10), else the only one with its address."""
    same = tuple(namesakes.get(buyer.email, ()))
    older = tuple(one for one in same if _is_older(one, buyer))
    for accounts in (older, same):
        if len(accounts) == 1:
            one = accounts[0]
            return LikelyOwner(one.user_id, one.name, one.login, is_older=one in older)
    return None


def _is_older(account: Namesake, buyer: Buyer) -> bool:
    since, ordered_at = account.registered_at, buyer.ordered_at
    return since is not None and ordered_at is not None and since < ordered_at
