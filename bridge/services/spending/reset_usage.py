"""
Starting an account's free limits anew before their time.

No credits move, so the ledger's row of it has a delta of 0: it says who did it, why, and what was
forgiven, so that it can be taken back (`bridge.services.spending.undo`).
"""

from collections.abc import Collection
from dataclasses import dataclass

from bridge.domain.accounts import Account
from bridge.domain.answers import Adjusted, UsageReset
from bridge.domain.counter_entries import RESET
from bridge.domain.ids import Actor, Credits, UserId
from bridge.domain.ledger import BY_HAND, ContextType, EntryType, LedgerEntry, ReferenceType
from bridge.domain.quotas import Context, context_name
from bridge.domain.site import Site
from bridge.services.spending.book import Operation
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.idempotency import RequestKey
from bridge.services.spending.outcomes import PendingAnswer, Receipt

_NOTHING = Credits(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetUsage(Operation[Adjusted]):
    """Let counters begin at 0 now."""

    reason: str
    by: str

    def decide(self, account: Account) -> PendingAnswer[Adjusted]:
        """Reset each; what open holds reserve of a limit stays reserved."""
        forgiven = {context: account.reset(context) for context in self.contexts}
        named = {context_name(context): used for context, used in forgiven.items() if used}
        entry = account.change(_NOTHING, lambda before, _: self._entry(named, before))
        balance = account.funds.balance

        def tell(entry_id: int | None) -> Adjusted:
            assert entry_id is not None, "it always has its row"
            return Adjusted(entry_id, balance)

        return PendingAnswer(tell, entry)

    def _entry(self, forgiven: dict[str, int], balance: Credits) -> LedgerEntry:
        return LedgerEntry(
            user_id=self.actor.user_id,
            entry_type=EntryType.BY_HAND,
            operation=RESET,
            module=BY_HAND,
            context_type=ContextType.BY_HAND,
            context_id=None,
            credits_delta=_NOTHING,
            usage_total_units=0,
            reference_type=ReferenceType.BY_HAND,
            reference_id=self.by,
            idempotency_key=None,
            meta={
                "reason": self.reason,
                "balance_before": balance,
                "balance_after": balance,
                "forgiven": forgiven,
            },
        )


def reset_usage(
    site: Site,
    spending: GroupCommit,
    user_id: UserId,
    contexts: Collection[Context] | None = None,
    *,
    reason: str,
    by: str,
    key: RequestKey | None = None,
) -> Receipt[Adjusted | UsageReset]:
    """
    Let some counters of a user's account begin at 0, as of now.

    Args:
        site: Read by `SiteReader`.
        spending: Where all bookings go through.
        user_id: Whose account.
        contexts: Chatbots and modules; None: all that the site has.
        reason: Why; kept in the ledger.
        by: Who does it: `admin:{user id}`.
        key: Names the intended effect: a repeat forgives nothing that was used since.

    Returns:
        The row that says so; `UsageReset` if the key's first answer is older than such rows.

    Raises:
        UnknownUserError: WordPress has no such user.
        IdempotencyMismatchError: The key came before with something else.
    """
    known = tuple(place for place in site.limits if contexts is None or place in contexts)
    return spending.submit(
        ResetUsage(actor=Actor(user_id), contexts=known, key=key, reason=reason, by=by)
    )
