"""One account read without a lock: every question about an account starts here."""

from collections.abc import Collection
from dataclasses import dataclass

from bridge.domain.accounts import Account
from bridge.domain.errors import UnknownUserError
from bridge.domain.ids import Actor, UserId
from bridge.domain.quotas import Context
from bridge.domain.sentences import Sentence
from bridge.domain.site import Site
from bridge.services.spending.load_accounts import guest_account, read_open_holds, user_account
from bridge.store import guests, wp_users
from bridge.store.account_reads import UnlockedAccount, find_account
from bridge.store.peer_plugin import BALANCE_KEY, counter_keys
from bridge.store.tx import Tx


@dataclass(frozen=True, slots=True)
class UserFigures:
    """Who a user is, and what they own and have used, as of ``account.now``."""

    user_id: UserId
    name: str
    account: Account


def read_user(tx: Tx, site: Site, user_id: int, contexts: Collection[Context]) -> UserFigures:
    """
    Read a user's account, and the counters of *contexts*.

    Raises:
        UnknownUserError: WordPress has no such user.
    """
    found = find_account(tx, user_id, _keys(tx, contexts))
    if found is None:
        raise UnknownUserError(Sentence("There is no user {user_id}.", user_id=user_id))
    return user_figures(tx, site, found, contexts)


def user_figures(
    tx: Tx, site: Site, found: UnlockedAccount, contexts: Collection[Context]
) -> UserFigures:
    """As `read_user`, of an account whose row and metas were read just now."""
    actor, now, metas, every = Actor(found.user_id), found.read_at, found.metas, {*contexts}
    open_holds = read_open_holds(tx, [actor] if found.open_holds else [], now)
    if found.open_holds:  # read again after them: what becomes of one meanwhile is not missed
        every |= open_holds.contexts_of(actor)
        metas = wp_users.read_metas(tx, found.user_id, _keys(tx, every))
    account = user_account(tx, site, actor, now, metas, every)
    account.funds = found.funds(metas)
    open_holds.put_into(account)
    return UserFigures(found.user_id, found.name, account)


def _keys(tx: Tx, contexts: Collection[Context]) -> list[str]:
    """Return the metas that balance, roles and counters are read from."""
    counters = (key for context in contexts for key in counter_keys(context))
    return [BALANCE_KEY, wp_users.capabilities_key(tx), *counters]


def read_guest(tx: Tx, site: Site, session_id: str, contexts: Collection[Context]) -> Account:
    """Read a guest's counters; a session that was never seen has used nothing."""
    actor, now = Actor(session_id=session_id), tx.now()
    row = guests.read_row(tx, session_id)
    open_holds = read_open_holds(tx, [actor] if row and row.open_holds else [], now)
    every = {*contexts, *open_holds.contexts_of(actor)}
    account = guest_account(site, actor, now, guests.read_counters(tx, session_id), every)
    open_holds.put_into(account)
    return account
