"""Changing a balance by hand: by a difference, or to a number if it still is what was shown."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog

from bridge.domain.accounts import Account
from bridge.domain.answers import Adjusted
from bridge.domain.errors import BridgeError, UnknownUserError
from bridge.domain.ids import Credits, UserId
from bridge.domain.ledger import (
    BY_HAND,
    ContextType,
    EntryType,
    LedgerEntry,
    ReferenceType,
    entry_name,
)
from bridge.domain.sentences import Sentence
from bridge.services.spending.book import Operation
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.open_accounts import open_missing_balances
from bridge.services.spending.outcomes import Failure, PendingAnswer, Receipt
from bridge.store import wp_users
from bridge.store.db import Database

log = structlog.get_logger()


class _BalanceError(BridgeError):
    """The balance does not allow it; callers are told what it is."""

    def __init__(self, text: str, balance: Credits) -> None:
        super().__init__(text)
        self.balance = balance

    @property
    def details(self) -> Mapping[str, object]:
        """The balance as it stands."""
        return {"balance": self.balance}


class BalanceChangedError(_BalanceError):
    """The balance is not what whoever set it was shown."""

    code = "balance_changed"


class BalanceTooSmallError(_BalanceError):
    """More was to be taken than there is."""

    code = "balance_too_small"


@dataclass(frozen=True, slots=True)
class ByDelta:
    """Add this much, or take it."""

    delta: Credits

    def delta_of(self, balance: Credits) -> Credits:
        """Return the change of a balance."""
        if self.delta < 0 and balance + self.delta < 0:
            raise BalanceTooSmallError(
                Sentence(
                    "delta: the balance is {balance:,}; no more can be taken.", balance=balance
                ),
                balance,
            )
        return self.delta


@dataclass(frozen=True, slots=True)
class SetTo:
    """Make it this much, if it still is what was expected."""

    set_to: Credits  # >= 0
    expected: Credits

    @property
    def delta(self) -> Credits:
        """The change of a balance that is as expected."""
        return Credits(self.set_to - self.expected)

    def delta_of(self, balance: Credits) -> Credits:
        """Return the change of a balance."""
        if balance != self.expected:
            raise BalanceChangedError(
                Sentence(
                    "expected_balance: it is {balance:,} by now, not {expected:,}.",
                    balance=balance,
                    expected=self.expected,
                ),
                balance,
            )
        return self.delta


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment(Operation[Adjusted]):
    """A change of a user's balance by hand."""

    change: ByDelta | SetTo
    reason: str
    by: str
    """`admin:{user id}`, `api:{key name}` or `cli:{system user}`."""
    bulk_id: int | None = None
    """The change of many accounts that it is part of."""

    @property
    def user_id(self) -> UserId:
        """Whose balance: guests have none."""
        assert self.actor.user_id is not None
        return self.actor.user_id

    @property
    def may_credit(self) -> bool:
        """Whether it may leave the account with something."""
        if isinstance(self.change, SetTo):
            return self.change.set_to > 0
        return self.change.delta > 0

    def decide(self, account: Account) -> PendingAnswer[Adjusted]:
        """Change the balance; what is held stays held, so less may be available than before."""
        delta = self.change.delta_of(account.funds.balance)
        entry = account.change(delta, lambda before, after: self._entry(delta, before, after))
        balance = account.funds.balance

        def tell(entry_id: int | None) -> Adjusted:
            assert entry_id is not None, "every change has its row"
            return Adjusted(entry_id, balance)

        return PendingAnswer(tell, entry)

    def _entry(self, delta: Credits, before: Credits, after: Credits) -> LedgerEntry:
        meta = {"reason": self.reason, "balance_before": before, "balance_after": after}
        if self.bulk_id is not None:
            meta["bulk_id"] = self.bulk_id
        return LedgerEntry(
            user_id=self.user_id,
            entry_type=EntryType.BY_HAND,
            operation="manual_adjustment",
            module=BY_HAND,
            context_type=ContextType.BY_HAND,
            context_id=None,
            credits_delta=delta,
            usage_total_units=abs(delta),
            reference_type=ReferenceType.BY_HAND,
            reference_id=self.by,
            idempotency_key=None,
            meta=meta,
        )


def adjust(db: Database, spending: GroupCommit, adjustment: Adjustment) -> Receipt[Adjusted]:
    """
    Book one adjustment, with its ledger row; the first answer to its key stands.

    Raises:
        UnknownUserError: WordPress has no such user.
        BalanceChangedError: The balance is not what was expected.
        BalanceTooSmallError: There is less than is to be taken.
        BalanceTooLargeError: There would be more than WordPress can store.
        IdempotencyMismatchError: The key came before with something else.
    """
    with db.reading() as tx:
        if not wp_users.user_exists(tx, adjustment.user_id):
            raise UnknownUserError(
                Sentence("There is no user {user_id}.", user_id=adjustment.user_id)
            )
    _open_balances(db, [adjustment])
    told = spending.submit(adjustment)
    if not told.replayed:
        log.info(
            "balance_adjusted",
            user_id=adjustment.user_id,
            credits=adjustment.change.delta,
            by=adjustment.by,
            entry_id=entry_name(told.answer.entry_id),
        )
    return told


def adjust_all(
    db: Database, spending: GroupCommit, adjustments: Sequence[Adjustment]
) -> list[Receipt[Adjusted] | Failure]:
    """Book many, each on its own, some accounts a transaction; see `GroupCommit.submit_all`."""
    _open_balances(db, adjustments)
    return spending.submit_all(adjustments)


def _open_balances(db: Database, adjustments: Collection[Adjustment]) -> None:
    """Make the balance rows of those who will own something for the first time."""
    open_missing_balances(db, [one.user_id for one in adjustments if one.may_credit])
