"""The forms that ask for changes of many accounts."""

import hashlib
import json
from contextlib import closing
from functools import partial
from typing import IO, Annotated, BinaryIO, cast

from pydantic import BeforeValidator

from bridge.domain.bulks import Bulk, BulkKind
from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Credits, UserId, whole_number
from bridge.domain.quotas import Module
from bridge.domain.sentences import Sentence
from bridge.services.bulk.make import BulkRequest, give_to_matching, give_to_selected, import_file
from bridge.services.spending.idempotency import KeyPurpose
from bridge.web.http.deps import get_bridge
from bridge.web.http.keys import request_key
from bridge.web.http.parsing import MAX_UNITS, Form, printable_key, to_user_id
from bridge.web.http.reader import say
from bridge.web.http.words import MODULE_NAMES
from bridge.web.screens.admin import AdminSession
from bridge.web.screens.credits_forms import NO_REASON, check_reason, parse_amount
from bridge.web.screens.credits_query import AccountListQuery

_MAX_TICKED = 1000
_PART_BYTES = 2**20
_NO_TOKENS = Sentence(
    "The tokens to add must be a whole number from {least:,} to {most:,}.",
    least=1,
    most=MAX_UNITS,
)


def _ticked(texts: tuple[str, ...]) -> tuple[UserId, ...]:
    users = tuple(sorted({_user(text) for text in texts}))
    if not 0 < len(users) <= _MAX_TICKED:
        raise InvalidInputError(
            Sentence("Tick accounts first, or choose all that the list has found.")
        )
    return users


def _user(text: str) -> UserId:
    number = whole_number(text)
    if number is None:
        raise InvalidInputError(Sentence("The form is not complete; open the list again."))
    return to_user_id(number)


def _credits(typed: str) -> Credits:
    return parse_amount(typed.strip(), _NO_TOKENS, least=1)


def _reason(typed: str) -> str:
    return check_reason(typed.strip()) or NO_REASON


Tokens = Annotated[Credits, BeforeValidator(_credits)]
Reason = Annotated[str, BeforeValidator(_reason)]
Key = Annotated[str, BeforeValidator(partial(printable_key, field="key"))]


class WhomForm(Form):
    """Whether all that the list has found are meant (`matching`), or those that are ticked."""

    whom: str


class SelectedForm(Form):
    """Credits for the accounts that are ticked."""

    user: Annotated[tuple[UserId, ...], BeforeValidator(_ticked)]
    credits: Tokens
    reason: Reason
    key: Key


class MatchingForm(Form):
    """Credits for all that the list's search and filters find."""

    credits: Tokens
    reason: Reason
    key: Key


class ImportForm(Form):
    """What comes beside a file."""

    reason: Reason
    key: Key


def ask_selected(admin: AdminSession, form: SelectedForm) -> int:
    """Ask for credits for the ticked accounts; return the id."""
    users, credits = form.user, form.credits
    bulk_request = _bulk_request(admin, form, {"users": users, "credits": credits})
    return give_to_selected(get_bridge().db, bulk_request, users, credits)


def ask_matching(admin: AdminSession, asked: AccountListQuery, form: MatchingForm) -> int:
    """Ask for credits for all that the list's search and filters find; return the id."""
    search, filters, credits = asked.query.filter.search, asked.filters, form.credits
    bulk_request = _bulk_request(
        admin, form, {"search": search, "filters": filters, "credits": credits}
    )
    return give_to_matching(get_bridge().db, bulk_request, search, filters, credits)


def ask_import(admin: AdminSession, form: ImportForm, file: IO[bytes], name: str) -> int:
    """
    Keep an uploaded file; return the id.

    Raises:
        InvalidInputError: It is empty.
    """
    with closing(cast(BinaryIO, file)) as stream:
        digest = hashlib.sha256()
        for part in iter(lambda: stream.read(_PART_BYTES), b""):
            digest.update(part)
        bulk_request = _bulk_request(admin, form, {"file": digest.hexdigest()})
        return import_file(get_bridge().db, bulk_request, stream, name, stream.tell())


def describe_source(bulk: Bulk) -> Sentence:
    """Return in words where the accounts of one come from."""
    if bulk.kind is BulkKind.SELECTED:
        return Sentence("accounts that were ticked")
    if bulk.kind is BulkKind.IMPORT:
        return Sentence("file {name}", name=bulk.source)
    source = json.loads(bulk.source)
    if bulk.kind is BulkKind.UNDO:
        return Sentence("what change {number} has booked, taken back", number=source["undoes"])
    words = [f"“{source['search']}”"] if source["search"] else []
    words += [say(_filter_words(part)) for part in source["filters"]]
    if not words:
        return Sentence("all accounts")
    return Sentence("all accounts with {what}", what=", ".join(words))


def _filter_words(part: str) -> Sentence:
    """Return a filter of the list in words."""
    if part == "has_balance":
        return Sentence("a balance")
    if part.startswith("role:"):
        return Sentence("the role {role}", role=part.removeprefix("role:"))
    module, _, least = part.removeprefix("used_").partition(">=")
    feature = Sentence(MODULE_NAMES[Module(module)])
    return Sentence("at least {least:,} used in {feature}", least=int(least), feature=feature)


def _bulk_request(
    admin: AdminSession,
    form: SelectedForm | MatchingForm | ImportForm,
    asked: dict[str, object],
) -> BulkRequest:
    key = request_key(
        get_bridge(), admin.caller, KeyPurpose.BULK, form.key, {**asked, "reason": form.reason}
    )
    # What was sent with another amount is another request, though the browser kept the form's key.
    return BulkRequest(key.with_request, form.reason, by=admin.caller)
