"""What people decide about a change of many accounts once they have looked at it."""

from bridge.domain.bulks import Bulk, BulkState
from bridge.domain.errors import BridgeError
from bridge.domain.sentences import Sentence
from bridge.services.bulk.make import UnknownBulkError
from bridge.store import bulk_files, bulks, state
from bridge.store.db import Database
from bridge.store.tx import Tx


class BulkNotReadyError(BridgeError):
    """The change cannot be booked as it stands, or it is too late to discard it."""

    code = "bulk_not_ready"


def start_bulk(db: Database, bulk_id: int, *, by: str) -> None:
    """
    Have the worker book it; once it was started, to start it again changes nothing.

    Raises:
        UnknownBulkError: There is none.
        BulkNotReadyError: Lines of it are wrong, it has none, or it is still read.
    """

    def start(tx: Tx) -> None:
        bulk = _lock(tx, bulk_id)
        is_started = bulk.state in (BulkState.BOOKING, BulkState.DONE)
        if is_started:
            state.wait_for_disk(tx)
        elif bulk.may_start:
            bulks.start(tx, bulk_id, by=by)
        else:
            raise BulkNotReadyError(
                Sentence("It cannot be booked as it stands; open its page again.")
            )

    db.transaction(start)


def discard_bulk(db: Database, bulk_id: int) -> None:
    """
    Discard it; nothing of it was booked, and nothing will be.

    Raises:
        UnknownBulkError: There is none.
        BulkNotReadyError: It was started.
    """

    def discard(tx: Tx) -> None:
        bulk = _lock(tx, bulk_id)
        if bulk.state is BulkState.DISCARDED:
            state.wait_for_disk(tx)
        elif not bulks.discard(tx, bulk_id):
            raise BulkNotReadyError(
                Sentence("It was started; what is booked can be taken back by hand.")
            )
        bulk_files.delete(tx, bulk_id)

    db.transaction(discard)


def _lock(tx: Tx, bulk_id: int) -> Bulk:
    bulk = bulks.lock(tx, bulk_id)
    if bulk is None:
        raise UnknownBulkError(bulk_id)
    return bulk
