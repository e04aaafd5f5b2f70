"""
Finding out what a change of many accounts means, before anybody books it: line by line.

The worker does it, some seconds at a time, and goes on where it stopped. What was found so far is
committed with how far it got, so no line is missed or there twice, whoever dies in between.
"""

import json
import time
from collections.abc import Sequence
from itertools import islice

import structlog

from bridge.domain.account_queries import SortKey, parse_filter
from bridge.domain.bulks import Bulk, BulkKind, BulkLine, BulkState, LineState
from bridge.domain.errors import BridgeError
from bridge.domain.ids import Credits, UserId
from bridge.domain.sentences import Sentence
from bridge.services.accounts.keep_summaries import searches_anywhere
from bridge.services.bulk.judge_import import judge_lines
from bridge.services.bulk.read_import import ImportFile, UnreadableFileError
from bridge.store import account_list, bulk_files, bulk_lines, bulks
from bridge.store.bulks import ReadProgress
from bridge.store.db import Database
from bridge.store.tx import Tx

log = structlog.get_logger()

RUN_FOR_S = 5.0
MAX_WRONG = 1000
"""With more wrong lines than this the rest of a file is not read."""

_CHUNK = 500


def bulks_to_read(db: Database) -> bool:
    """Say whether a change waits to be read."""
    with db.reading() as tx:
        return bulks.find_first(tx, BulkState.READING) is not None


def read_bulks(db: Database, *, run_for_s: float = RUN_FOR_S) -> None:
    """Read waiting changes for some seconds, from where the last run stopped."""
    stop_at = time.monotonic() + run_for_s
    while time.monotonic() < stop_at:
        with db.reading() as tx:
            bulk = bulks.find_first(tx, BulkState.READING)
        if bulk is None:
            return
        try:
            if bulk.kind is BulkKind.IMPORT:
                _read_file(db, bulk, stop_at)
            elif bulk.kind is BulkKind.UNDO:
                _find_booked(db, bulk)
            else:
                _find_accounts(db, bulk)
        except BridgeError:
            raise
        except Exception as error:  # a defect with one must not stop those behind it
            log.exception("set_aside", what="bulk_read", item=bulk.bulk_id)
            why = f"It could not be read ({type(error).__name__}: see the log)."
            _give_up(db, bulk.bulk_id, why)


def _find_accounts(db: Database, bulk: Bulk) -> None:
    """Keep lines for the next accounts that the filter finds, in the order of user ids."""
    source = json.loads(bulk.source)
    wanted = parse_filter(source["search"], source["filters"])
    with db.reading() as tx:
        anywhere = searches_anywhere(tx)
        selection = account_list.select(tx, wanted, SortKey.BALANCE, anywhere=anywhere)
        users = account_list.list_matching(tx, selection, UserId(bulk.position), _CHUNK)
    lines = [BulkLine(user, user, bulk.credits) for user in users]
    position = users[-1] if users else bulk.position
    _keep(db, bulk, lines, position, position, is_last=len(users) < _CHUNK)


def _find_booked(db: Database, bulk: Bulk) -> None:
    """Keep lines that take back the next ones that another change has booked."""
    other = json.loads(bulk.source)["undoes"]
    with db.reading() as tx:
        booked = bulk_lines.list_lines(
            tx, other, LineState.BOOKED, after=bulk.position, limit=_CHUNK
        )
    lines = [_taken_back(line) for line in booked]
    position = booked[-1].line_no if booked else bulk.position
    _keep(db, bulk, lines, position, position, is_last=len(booked) < _CHUNK)


def _taken_back(line: BulkLine) -> BulkLine:
    """Return the opposite of a booked line; of older versions' nobody knows the ledger row."""
    state = LineState.READY if line.entry_id else LineState.SAME
    delta = Credits(-line.delta)
    return BulkLine(line.line_no, line.user_id, delta, undoes=line.entry_id, state=state)


def _read_file(db: Database, bulk: Bulk, stop_at: float) -> None:
    try:
        file = ImportFile(db, bulk.bulk_id, offset=bulk.position, line_no=bulk.line_no)
        records = file.records()
        while time.monotonic() < stop_at:
            chunk = list(islice(records, _CHUNK))
            with db.reading() as tx:
                lines = judge_lines(tx, bulk.bulk_id, file.columns, chunk)
            is_last = len(chunk) < _CHUNK
            kept = _keep(db, bulk, lines, file.offset, file.line_no, is_last=is_last)
            if kept is None or is_last:
                return
            bulk = kept
            _refuse_nonsense(bulk)
    except UnreadableFileError as error:
        _give_up(db, bulk.bulk_id, str(error))


def _refuse_nonsense(bulk: Bulk) -> None:
    if bulk.wrong_lines > MAX_WRONG:
        raise UnreadableFileError(
            Sentence(
                "More than {most:,} lines are wrong; the rest was not read.",
                most=MAX_WRONG,
            )
        )


def _keep(
    db: Database,
    bulk: Bulk,
    lines: Sequence[BulkLine],
    position: int,
    line_no: int,
    *,
    is_last: bool,
) -> Bulk | None:
    """Keep lines read behind *bulk*'s position; return None if it was read on or discarded."""
    ready = [line for line in lines if line.state is LineState.READY]
    read = ReadProgress(
        position,
        line_no,
        ready=len(ready),
        wrong=sum(line.state is LineState.WRONG for line in lines),
        same=sum(line.state is LineState.SAME for line in lines),
        added=Credits(sum(line.delta for line in ready if line.delta > 0)),
        taken=Credits(-sum(line.delta for line in ready if line.delta < 0)),
    )

    def keep(tx: Tx) -> Bulk | None:
        now = bulks.lock(tx, bulk.bulk_id)
        if now is None or (now.state, now.position) != (BulkState.READING, bulk.position):
            return None
        bulk_lines.add(tx, bulk.bulk_id, lines)
        bulks.move(tx, bulk.bulk_id, read)
        if is_last:
            bulks.end_reading(tx, bulk.bulk_id)
            bulk_files.delete(tx, bulk.bulk_id)
        return bulks.find(tx, bulk.bulk_id)

    return db.transaction(keep)


def _give_up(db: Database, bulk_id: int, why: str) -> None:
    def give_up(tx: Tx) -> None:
        bulks.end_reading(tx, bulk_id, error=why)
        bulk_files.delete(tx, bulk_id)

    db.transaction(give_up)
