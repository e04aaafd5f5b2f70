"""Asking for changes of many accounts: what is kept of a request until it is booked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from bridge.domain.bulks import Bulk, BulkKind, BulkLine, BulkState
from bridge.domain.errors import BridgeError, InvalidInputError
from bridge.domain.ids import Credits, UserId
from bridge.domain.sentences import Sentence
from bridge.store import bulk_files, bulk_lines, bulks, state
from bridge.store.bulk_files import PART_BYTES
from bridge.store.bulks import ReadProgress
from bridge.store.db import Database
from bridge.store.tx import Tx

MAX_FILE_MIB = 64
MAX_FILE_BYTES = MAX_FILE_MIB * 2**20


class UnknownBulkError(BridgeError):
    """There is no such change of many accounts."""

    code = "unknown_bulk"

    def __init__(self, bulk_id: int) -> None:
        super().__init__(
            Sentence(
                "There is no change of many accounts with the number {bulk_id}.", bulk_id=bulk_id
            )
        )


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """
    What all kinds have in common.

    ``form_key``: 32 bytes of the form and all that was typed: sent twice, it asks once.
    ``by``: `admin:{user id}`.
    """

    form_key: bytes
    reason: str
    by: str


def give_to_selected(
    db: Database, request: BulkRequest, users: Sequence[UserId], credits: Credits
) -> int:
    """Ask for credits for these users; return the id of the change, which needs no reading."""

    def make(tx: Tx) -> int:
        bulk_id, is_new = _make(tx, request, BulkKind.SELECTED, credits=credits)
        if is_new:
            last, found = max(users), len(users)
            bulk_lines.add(tx, bulk_id, [BulkLine(user, user, credits) for user in users])
            bulks.move(
                tx, bulk_id, ReadProgress(last, last, ready=found, added=Credits(credits * found))
            )
            bulks.end_reading(tx, bulk_id)
        return bulk_id

    return db.transaction(make)


def give_to_matching(
    db: Database, request: BulkRequest, search: str, filters: Sequence[str], credits: Credits
) -> int:
    """
    Ask for credits for all that a filter finds; return the id. The worker looks who that is.

    Args:
        db: Where.
        request: What all kinds have in common.
        search: As `parse_filter` takes it, and was tried with it.
        filters: Likewise.
        credits: For each.
    """
    source = json.dumps({"search": search, "filters": list(filters)})
    return db.transaction(
        lambda tx: _make(tx, request, BulkKind.MATCHING, source=source, credits=credits)[0]
    )


def undo_bulk(db: Database, bulk_id: int, reason: str, *, by: str) -> int:
    """
    Ask for all that a change has booked to be taken back; return the id of the change that does.

    There is one, whoever asks how often; after it was discarded, another.

    Raises:
        UnknownBulkError: There is no such change.
        InvalidInputError: It is not booked to its end.
    """

    def make(tx: Tx) -> int:
        bulk = bulks.find(tx, bulk_id)
        if bulk is None:
            raise UnknownBulkError(bulk_id)
        if bulk.state is not BulkState.DONE:
            raise InvalidInputError(Sentence("It can be undone once it is booked to its end."))
        made = find_undoing(tx, bulk_id)
        if made is not None:
            state.wait_for_disk(tx)
            return made.bulk_id
        source = json.dumps({"undoes": bulk_id})
        request = BulkRequest(_undo_key(bulk_id, _discarded(tx, bulk_id)), reason, by)
        return _make(tx, request, BulkKind.UNDO, source=source)[0]

    return db.transaction(make)


def find_undoing(tx: Tx, bulk_id: int) -> Bulk | None:
    """Return the change that takes another one back, if there is one that was not discarded."""
    return bulks.find_made(tx, _undo_key(bulk_id, _discarded(tx, bulk_id)))


def _discarded(tx: Tx, bulk_id: int) -> int:
    """Return how many changes that were to take this one back were discarded."""
    number = 0
    while True:
        made = bulks.find_made(tx, _undo_key(bulk_id, number))
        if made is None or made.state is not BulkState.DISCARDED:
            return number
        number += 1


def _undo_key(bulk_id: int, number: int) -> bytes:
    return sha256(f"undo of {bulk_id}, {number}".encode()).digest()


def import_file(db: Database, request: BulkRequest, file: BinaryIO, name: str, size: int) -> int:
    """
    Keep a CSV file of changes; return the id. The worker reads it.

    Raises:
        InvalidInputError: It is empty or too large.
    """
    if not 0 < size <= MAX_FILE_BYTES:
        raise InvalidInputError(
            Sentence("file: choose one with 1 byte to {most} MiB.", most=MAX_FILE_MIB)
        )

    def keep(tx: Tx) -> int:
        bulk_id, is_new = _make(tx, request, BulkKind.IMPORT, source=name[:200], size=size)
        file.seek(0)
        parts = iter(lambda: file.read(PART_BYTES), b"") if is_new else ()
        for number, part in enumerate(parts):
            bulk_files.add_part(tx, bulk_id, number, part)
        return bulk_id

    return db.transaction(keep)


def _make(
    tx: Tx,
    request: BulkRequest,
    kind: BulkKind,
    *,
    source: str = "",
    credits: Credits = Credits(0),
    size: int = 0,
) -> tuple[int, bool]:
    return bulks.make(
        tx,
        request.form_key,
        kind=kind,
        source=source,
        reason=request.reason,
        credits=credits,
        size=size,
        made_by=request.by,
    )
