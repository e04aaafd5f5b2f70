"""
Starting an account's free limits anew before their time.

The ledger has no row of it: it explains balances, and these stay. What was used remains in it.
"""

from collections.abc import Collection
from dataclasses import dataclass

from bridge.domain.accounts import Account
from bridge.domain.answers import UsageReset
from bridge.domain.ids import Actor, Credits
from bridge.domain.quotas import Context
from bridge.domain.site import Site
from bridge.services.spending.book import Operation
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.idempotency import RequestKey
from bridge.services.spending.outcomes import PendingAnswer, Receipt, at_once


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetUsage(Operation[UsageReset]):
    """Let counters begin at 0 now."""

    def decide(self, account: Account) -> PendingAnswer[UsageReset]:
        """Reset each; what open holds reserve of a limit stays reserved."""
        forgiven = sum(account.reset(context) for context in self.contexts)
        return at_once(UsageReset(Credits(forgiven)))


def reset_usage(
    site: Site,
    spending: GroupCommit,
    actor: Actor,
    contexts: Collection[Context] | None = None,
    key: RequestKey | None = None,
) -> Receipt[UsageReset]:
    """
    Let some counters of an account begin at 0, as of now.

    Args:
        site: Read by `SiteReader`.
        spending: Where all bookings go through.
        actor: Whose account.
        contexts: Chatbots and modules; None: all that the site has.
        key: Names the intended effect: a repeat forgives nothing that was used since.

    Raises:
        UnknownUserError: WordPress has no such user.
        IdempotencyMismatchError: The key came before with something else.
    """
    known = tuple(place for place in site.limits if contexts is None or place in contexts)
    return spending.submit(ResetUsage(actor=actor, contexts=known, key=key))
