"""The forms that ask for changes of many accounts."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import closing
from typing import BinaryIO, cast

from werkzeug.datastructures import FileStorage, MultiDict

from bridge.domain.bulks import Bulk, BulkKind
from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import Credits, UserId, whole_number
from bridge.services.bulk.make import BulkRequest, give_to_matching, give_to_selected, import_file
from bridge.services.spending.idempotency import request_key
from bridge.web.http.deps import get_bridge
from bridge.web.http.parsing import printable_key, to_user_id
from bridge.web.screens.admin import AdminSession
from bridge.web.screens.credits_forms import NO_REASON, check_reason, parse_amount
from bridge.web.screens.credits_query import parse_asked

_MAX_TICKED = 1000
_PART_BYTES = 2**20


def ask_selected(admin: AdminSession, fields: MultiDict[str, str]) -> int:
    """
    Ask for credits for the ticked accounts; return the id.

    Raises:
        InvalidInputError: Nobody is ticked, or what was typed is no amount.
    """
    users = sorted({_ticked(text) for text in fields.getlist("user")})
    if not 0 < len(users) <= _MAX_TICKED:
        raise InvalidInputError("Tick accounts first, or choose all that the list has found.")
    credits = _credits(fields)
    bulk_request = _bulk_request(admin, fields, {"users": users, "credits": credits})
    return give_to_selected(get_bridge().db, bulk_request, users, credits)


def ask_matching(admin: AdminSession, fields: MultiDict[str, str]) -> int:
    """
    Ask for credits for all that the list's search and filters find; return the id.

    Raises:
        InvalidInputError: Names what cannot be read.
    """
    asked, credits = parse_asked(fields), _credits(fields)
    search, filters = asked.query.filter.search, asked.filters
    bulk_request = _bulk_request(
        admin, fields, {"search": search, "filters": filters, "credits": credits}
    )
    return give_to_matching(get_bridge().db, bulk_request, search, filters, credits)


def ask_import(admin: AdminSession, fields: Mapping[str, str], file: FileStorage | None) -> int:
    """
    Keep an uploaded file; return the id.

    Raises:
        InvalidInputError: There is none, or it is empty.
    """
    if file is None or not file.filename:
        raise InvalidInputError("Choose a CSV file first.")
    with closing(cast(BinaryIO, file.stream)) as stream:
        digest = hashlib.sha256()
        for part in iter(lambda: stream.read(_PART_BYTES), b""):
            digest.update(part)
        bulk_request = _bulk_request(admin, fields, {"file": digest.hexdigest()})
        return import_file(get_bridge().db, bulk_request, stream, file.filename, stream.tell())


def describe_source(bulk: Bulk) -> str:
    """Return in words where the accounts of one come from."""
    if bulk.kind is BulkKind.SELECTED:
        return "accounts that were ticked"
    if bulk.kind is BulkKind.IMPORT:
        return f"file {bulk.source}"
    source = json.loads(bulk.source)
    words = [f"“{source['search']}”"] if source["search"] else []
    words += [part.replace("_", " ") for part in source["filters"]]
    return f"all accounts with {', '.join(words)}" if words else "all accounts"


def _ticked(text: str) -> UserId:
    number = whole_number(text)
    if number is None:
        raise InvalidInputError("The form is not complete; open the list again.")
    return to_user_id(number)


def _credits(fields: Mapping[str, str]) -> Credits:
    return parse_amount(fields.get("credits", "").strip(), "The tokens to add", least=1)


def _bulk_request(
    admin: AdminSession, fields: Mapping[str, str], asked: dict[str, object]
) -> BulkRequest:
    reason = check_reason(fields.get("reason", "").strip()) or NO_REASON
    caller, given = admin.caller, printable_key(fields.get("key"), "key")
    site_url = get_bridge().settings.site.url
    key = request_key(site_url, caller, "bulk", given, {**asked, "reason": reason})
    # What was sent with another amount is another request, though the browser kept the form's key.
    form_key = hashlib.sha256(key.digest + key.request_hash).digest()
    return BulkRequest(form_key, reason, by=caller)
