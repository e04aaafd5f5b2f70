"""What many users own and have used at this moment, read without a lock: for lists."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.domain.ids import Credits, UserId
from bridge.domain.ledger import Funds
from bridge.domain.periods import next_turn
from bridge.domain.quotas import Module, as_of
from bridge.domain.site import Site
from bridge.store import accounts, wp_users
from bridge.store.peer_plugin import BALANCE_KEY, counter_keys, effective_balance, read_counter
from bridge.store.tx import Tx
from bridge.store.wp_users import UserNames


@dataclass(frozen=True, slots=True)
class Figures:
    """One user: ``used`` in the current periods, of chat the sum over published chatbots."""

    names: UserNames
    balance: Credits  # below 0 while in debt
    used: Mapping[Module, Credits]
    turns_at: datetime | None  # when the first of the counters starts anew
    roles: frozenset[str]


def read_figures(tx: Tx, site: Site, user_ids: Collection[UserId]) -> dict[UserId, Figures]:
    """Return the figures of those users who exist."""
    if not user_ids:
        return {}
    now = tx.now()
    role_key = wp_users.capabilities_key(tx)
    keys = [BALANCE_KEY, role_key, *(key for place in site.limits for key in counter_keys(place))]
    metas = wp_users.list_metas(tx, user_ids, keys)
    debts = accounts.list_debts(tx, user_ids)
    figures = {}
    for user_id, names in wp_users.list_names(tx, user_ids).items():
        mine = metas.get(user_id, {})
        funds = _funds(user_id, mine, debts)
        used, turns_at = _used(site, mine, now)
        roles = wp_users.roles_in(mine.get(role_key), site.roles)
        figures[user_id] = Figures(names, funds.balance, used, turns_at, roles)
    return figures


def read_balances(tx: Tx, user_ids: Collection[UserId]) -> dict[UserId, Credits]:
    """Return what those users who exist own; below 0 while in debt."""
    if not user_ids:
        return {}
    metas = wp_users.list_metas(tx, user_ids, [BALANCE_KEY])
    debts = accounts.list_debts(tx, user_ids)
    return {
        user_id: _funds(user_id, metas.get(user_id, {}), debts).balance
        for user_id in wp_users.list_names(tx, user_ids)
    }


def _funds(
    user_id: UserId, metas: Mapping[str, str | None], debts: Mapping[UserId, Credits]
) -> Funds:
    return Funds(effective_balance(metas.get(BALANCE_KEY)), debts.get(user_id, Credits(0)))


def _used(
    site: Site, metas: Mapping[str, str | None], now: datetime
) -> tuple[dict[Module, Credits], datetime | None]:
    used = dict.fromkeys(Module, Credits(0))
    turns = []
    for context, limits in site.limits.items():
        if counter_keys(context)[0] not in metas:
            continue
        counter = as_of(now, read_counter(metas, context), limits.period, site.calendar)
        if counter.used:
            used[context.module] = Credits(used[context.module] + counter.used)
            turns.append(next_turn(now, limits.period, site.calendar))
    return used, min((turn for turn in turns if turn), default=None)
