"""What of a module's free limit is used and left (R17)."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bridge.domain import ids
from bridge.domain.ids import MAX_BALANCE, Credits
from bridge.domain.periods import Calendar, Period, is_due, next_turn

_DIGITS_OF_ANY_INT = 19
"""Digits of the largest that PHP's integers hold; with fewer a number is what it says."""
_NUMBER = re.compile(
    r"\s*[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?\s*", re.ASCII
)


class Module(StrEnum):
    """A feature that spends."""

    CHAT = "chat"
    AI_FORMS = "ai_forms"
    IMAGE_GENERATOR = "image_generator"


@dataclass(frozen=True, slots=True)
class Context:
    """A counter's place: a module, and for chat the chatbot."""

    module: Module
    bot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """What the database says was used, and when it was last reset (Unix seconds, 0 = never)."""

    used: Credits = Credits(0)
    last_reset: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """A module's free allowance at one instant; ``limit`` None = unlimited."""

    limit: Credits | None
    used: Credits
    period: Period
    resets_at: datetime | None
    held: Credits = Credits(0)

    @property
    def remaining(self) -> Credits | None:
        """Room left: the limit less what is used and held; None = unlimited."""
        if self.limit is None:
            return None
        return Credits(max(0, self.limit - self.used - self.held))


def whole_number(text: str | None) -> int | None:
    """
    Return the whole part of what PHP calls numeric (`12.7` is 12, `1e3` is 1000), else None.

    Beyond what PHP's integers hold it is their largest or smallest.
    """
    if text is None:
        return None
    if len(text) < _DIGITS_OF_ANY_INT and text.isascii() and text.isdecimal():
        return int(text)
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text.strip())
    if abs(number) >= MAX_BALANCE:
        return MAX_BALANCE if number > 0 else -MAX_BALANCE
    return int(number)


def quota_at(
    now: datetime,
    counter: Counter,
    limit: Credits | None,
    period: Period,
    calendar: Calendar,
    *,
    held: Credits = Credits(0),  # a NewType call is a plain int
) -> Quota:
    """Return the allowance at *now*: a period that is due counts as unused (R17)."""
    used = as_of(now, counter, period, calendar).used
    return Quota(limit, used, period, next_turn(now, period, calendar), held)


def as_of(now: datetime, counter: Counter, period: Period, calendar: Calendar) -> Counter:
    """
    Return the counter as it stands at *now*, which is what is to be written back.

    A period that is due starts anew; a counter without a stamp, or with one of the future, is
    stamped now. An unused counter stays as it is: there is nothing to start anew.
    """
    if counter.used == 0:
        return counter
    stamp = int(now.timestamp())
    if is_due(counter.last_reset, now, period, calendar):
        return Counter(Credits(0), stamp)
    if 0 < counter.last_reset <= stamp:
        return counter
    return Counter(counter.used, stamp)


def count(
    now: datetime, counter: Counter, change: int, period: Period, calendar: Calendar
) -> Counter:
    """Return the counter after a booking at *now*; never below 0, nor beyond what PHP holds."""
    stands = as_of(now, counter, period, calendar)
    used = Credits(min(MAX_BALANCE, max(0, stands.used + change)))
    stamp = stands.last_reset if stands.used else int(now.timestamp())
    return Counter(used, stamp) if used != stands.used else stands


def context_name(context: Context) -> str:
    """Return a counter's place as links and the ledger's meta name it: `chat-22`, `ai_forms`."""
    return context.module if context.bot_id is None else f"{context.module}-{context.bot_id}"


def context_in(name: str) -> Context | None:
    """Return the context that a link names: `chat-22`, `ai_forms`; None for what is none."""
    module, _, bot_id = name.partition("-")
    if module == Module.CHAT:
        number = ids.whole_number(bot_id)
        return None if number is None else Context(Module.CHAT, number)
    return Context(Module(module)) if module in set(Module) and not bot_id else None
