"""What becomes of a request: decided on in a transaction, told once that has committed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from bridge.domain.answers import Answer
from bridge.domain.ledger import LedgerEntry

A = TypeVar("A", bound=Answer)
A_co = TypeVar("A_co", bound=Answer, covariant=True)


@dataclass(frozen=True, slots=True)
class PendingAnswer(Generic[A_co]):
    """
    What a transaction has decided and still has to write.

    ``tell`` makes the answer, of the id that the database will have given to ``entry``.
    """

    tell: Callable[[int | None], A_co]
    entry: LedgerEntry | int | None = None  # int: the row was there before
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Receipt(Generic[A_co]):
    """An answer; ``replayed``: the request had it before, and nothing was booked now."""

    answer: A_co
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands for a request's error where there are outcomes of many; of one, it is raised."""

    error: Exception


Outcome: TypeAlias = Receipt[Answer] | Failure


def error_of(outcome: Outcome) -> Exception | None:
    """Return why a request failed, if it did."""
    return outcome.error if isinstance(outcome, Failure) else None


def at_once(answer: A, *, replayed: bool = False) -> PendingAnswer[A]:
    """Decide on an answer that names no new ledger row."""
    return PendingAnswer(lambda _: answer, replayed=replayed)
