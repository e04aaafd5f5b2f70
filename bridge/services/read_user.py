"""One user's figures, read together: every question about an account starts here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.domain.errors import UnknownUserError
from bridge.domain.quotas import LimitSettings, Quota, quota_at, user_limit
from bridge.store import accounts, wp_users
from bridge.store.accounts import AccountFigures
from bridge.store.db import Tx
from bridge.store.peer_plugin import BALANCE_KEY, Context, counter_keys, read_counter
from bridge.store.wp_options import Site
from bridge.store.wp_users import Profile


@dataclass(frozen=True, slots=True)
class UserFigures:
    """What a user owns and has used, as of ``profile.read_at``."""

    profile: Profile
    account: AccountFigures
    roles: frozenset[str]
    metas: Mapping[str, str | None]

    def quota(self, site: Site, context: Context, limits: LimitSettings) -> Quota:
        """Return the free allowance of a context that was read."""
        return quota_at(
            self.profile.read_at,
            read_counter(self.metas, context),
            user_limit(limits, self.roles),
            limits.period,
            site.calendar,
        )


def read_user(tx: Tx, site: Site, user_id: int, contexts: Collection[Context]) -> UserFigures:
    """
    Read a user's account, roles, and the counters of *contexts*, without a lock.

    Raises:
        UnknownUserError: WordPress has no such user.
    """
    profile = wp_users.find_profile(tx, user_id)
    if profile is None:
        raise UnknownUserError(f"There is no user {user_id}.")
    roles_key = wp_users.capabilities_key(tx)
    counters = [key for context in contexts for key in counter_keys(context)]
    metas = wp_users.read_metas(tx, user_id, [BALANCE_KEY, roles_key, *counters])
    return UserFigures(
        profile=profile,
        account=accounts.read_account(tx, profile.user_id, metas),
        roles=wp_users.roles_in(metas.get(roles_key), site.roles),
        metas=metas,
    )
