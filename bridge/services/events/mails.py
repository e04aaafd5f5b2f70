"""Events of which WordPress sends mails: its plugin takes them, and says which were sent."""

from collections.abc import Sequence

from bridge.domain.events import MAIL, Delivery, pause_after
from bridge.store import events
from bridge.store.db import Database
from bridge.store.tx import Tx

CLAIM_S = 600
"""So long nobody else gets an event that was taken: WordPress has died if it says nothing."""


def take_mails(db: Database, limit: int) -> Sequence[Delivery]:
    """Return events to write of, what waits longest first; nobody else gets them for a while."""

    def take(tx: Tx) -> list[Delivery]:
        due = events.list_due(tx, [MAIL], limit)
        return [one for one in due if events.claim(tx, one, CLAIM_S)]

    return db.transaction(take)


def note_sent(db: Database, event_id: int) -> None:
    """Note that its mail was sent; again changes nothing."""
    db.transaction(lambda tx: events.note_arrival(tx, event_id, MAIL))


def note_unsent(db: Database, event_id: int, error: str) -> None:
    """Note why its mail could not be sent; it is given out again, for some three days."""

    def note(tx: Tx) -> None:
        attempts = events.count_attempts(tx, event_id, MAIL)
        if attempts is not None:
            events.note_failure(tx, event_id, MAIL, error, pause_after(attempts + 1))

    db.transaction(note)
