"""The forms of the Credits screens: what was typed, and its booking."""

import re
from collections.abc import Mapping
from dataclasses import asdict

from bridge.domain.answers import Adjusted, UsageReset
from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Actor, Credits
from bridge.domain.ledger import MAX_REASON
from bridge.domain.quotas import context_in
from bridge.domain.sentences import Sentence
from bridge.services.spending.adjust import Adjustment, ByDelta, SetTo, adjust
from bridge.services.spending.idempotency import IdempotencyMismatchError, KeyPurpose, RequestKey
from bridge.services.spending.outcomes import Receipt
from bridge.services.spending.reset_usage import reset_usage
from bridge.services.spending.undo import UndoRequest, undo
from bridge.web.http.deps import get_bridge
from bridge.web.http.keys import request_key
from bridge.web.http.parsing import (
    MAX_UNITS,
    Form,
    Typed,
    printable_key,
    to_user_id,
)
from bridge.web.http.reader import reader_language
from bridge.web.screens.admin import AdminSession

_AMOUNT = re.compile(r"[0-9]{1,16}|[0-9]{1,3}([ \u00a0\u202f][0-9]{3}){1,5}", re.ASCII)
_SHOWN = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_NO_BALANCE = Sentence(
    "The balance must be a whole number from {least:,} to {most:,}.", least=0, most=MAX_UNITS
)
_NO_AMOUNT = Sentence(
    "The tokens must be a whole number from {least:,} to {most:,}.", least=1, most=MAX_UNITS
)
_NOT_COMPLETE = Sentence("The form is not complete; open the page again.")
UNDONE = Sentence("Undone on the Credits screen")
NO_REASON = Sentence("Changed on the Credits screen")


class BalanceForm(Form):
    """
    What was shown, what was typed, and the key that the form was given when it was made.

    ``how`` is `give`, `take` or `set`, and ``amount`` its number.
    """

    how: Typed
    amount: Typed
    set_to: Typed = ""
    """What the form of before called the amount of a `set`: one may still be open somewhere."""
    expected: Typed
    reason: Typed
    key: Typed

    def to_change(self) -> ByDelta | SetTo:
        """
        Return the change.

        Raises:
            InvalidInputError: What was typed is no number, or the form is not complete.
        """
        check_reason(self.reason)
        if self.set_to:
            return self._set_to(self.set_to)
        if self.how in ("give", "take"):
            amount = parse_amount(self.amount, _NO_AMOUNT, least=1)
            return ByDelta(amount if self.how == "give" else Credits(-amount))
        if self.how != "set":
            raise InvalidInputError(_NOT_COMPLETE)
        return self._set_to(self.amount)

    def _set_to(self, typed: str) -> SetTo:
        set_to = parse_amount(typed, _NO_BALANCE, least=0)
        if not _SHOWN.fullmatch(self.expected):
            raise InvalidInputError(_NOT_COMPLETE)
        return SetTo(set_to, Credits(int(self.expected)))


class ResetForm(Form):
    """Which counter begins at 0, as `context_in` reads it; empty: all."""

    context: str
    reason: Typed
    key: str


class UndoForm(Form):
    """Why a row is taken back; ``place`` is where the answer leads: `ledger`, or the balance."""

    reason: Typed
    place: str


def parse_amount(text: str, refusal: Sentence, *, least: int) -> Credits:
    """
    Return a number as people type it, with or without separators of thousands.

    Raises:
        InvalidInputError: It is no whole number from *least* on; *refusal* says so.
    """
    amount = read_amount(text)
    if amount is None or amount < least:
        raise InvalidInputError(refusal)
    return Credits(amount)


def read_amount(typed: str) -> int | None:
    """
    Return a whole number of tokens, also with separators of thousands; None for none.

    Those are the reader's: `10.000` is ten thousand in German, and no whole number in English.
    """
    spaced = typed.replace(reader_language().thousands, " ")
    digits = re.sub(r"[^0-9]", "", spaced)
    return int(digits) if _AMOUNT.fullmatch(spaced) and int(digits) <= MAX_UNITS else None


def check_reason(reason: str) -> str:
    """Return a reason; raises InvalidInputError for one that the ledger has no room for."""
    if len(reason) > MAX_REASON:
        raise InvalidInputError(
            Sentence("The reason may have {most:,} characters at most.", most=MAX_REASON)
        )
    return reason


def book_balance(admin: AdminSession, user_id: int, form: BalanceForm) -> Receipt[Adjusted]:
    """
    Book what was typed; a form that comes twice is booked once.

    Raises:
        InvalidInputError: It is no balance.
        IdempotencyMismatchError: The form came before with something else.
        BridgeError: See `adjust`.
    """
    bridge, user = get_bridge(), to_user_id(user_id)
    change = form.to_change()
    reason = form.reason or NO_REASON
    key = _key(
        admin, KeyPurpose.ADJUST, form.key, {**asdict(change), "reason": reason, "user": user}
    )
    adjustment = Adjustment(
        actor=Actor(user), change=change, reason=reason, by=admin.caller, key=key
    )
    try:
        return adjust(bridge.db, bridge.spending, adjustment)
    except IdempotencyMismatchError:
        raise IdempotencyMismatchError(
            Sentence(
                "This form was saved before, with another balance or reason. Open the page again."
            )
        ) from None


def book_reset(
    admin: AdminSession, user_id: int, form: ResetForm
) -> Receipt[Adjusted | UsageReset]:
    """
    Let the counter that a form names begin at 0, or all if it names none.

    Raises:
        InvalidInputError: There is no such counter.
        BridgeError: See `reset_usage`.
    """
    bridge, user, name = get_bridge(), to_user_id(user_id), form.context
    context = context_in(name)
    if name and context is None:
        raise InvalidInputError(
            Sentence("The form names no chatbot or module; open the page again.")
        )
    reason = check_reason(form.reason) or NO_REASON
    asked = {"context": name, "user": user, **({"reason": form.reason} if form.reason else {})}
    key = _key(admin, KeyPurpose.RESET, form.key, asked)
    return reset_usage(
        bridge.site.get(),
        bridge.spending,
        user,
        None if context is None else (context,),
        reason=reason,
        by=admin.caller,
        key=key,
    )


def book_undo(
    admin: AdminSession, user_id: int, entry_id: int, form: UndoForm
) -> Receipt[Adjusted]:
    """
    Take a row back, once however often it is asked for.

    Raises:
        BridgeError: See `undo`.
    """
    bridge, user = get_bridge(), to_user_id(user_id)
    reason = check_reason(form.reason) or UNDONE
    wanted = UndoRequest(user, entry_id, reason, admin.caller)
    return undo(bridge.db, bridge.spending, bridge.settings.site.url, wanted)


def _key(
    admin: AdminSession, operation: KeyPurpose, given: str, request: Mapping[str, object]
) -> RequestKey:
    return request_key(get_bridge(), admin.caller, operation, printable_key(given, "key"), request)
