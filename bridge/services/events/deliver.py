"""
Delivering events to webhooks: each until its receiver has taken it, or for three days.

What dies between a receiver's answer and its note is sent again, with the same `webhook-id`: by it
receivers know what they have.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.errors import InvalidInputError
from bridge.domain.events import Channel, Delivery, EventType, pause_after
from bridge.domain.paging import Cursor, Page, page_of
from bridge.domain.sentences import Sentence
from bridge.services.failures import Failures
from bridge.store import events
from bridge.store.db import Database
from bridge.webhooks.post import Message, WebhookRefusedError, post

_BATCH = 50
_CLAIM_S = 120
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of events."""

    url: str
    secret: str
    types: frozenset[EventType]

    @property
    def channel(self) -> Channel:
        """Its name in the outbox: an address that is changed begins anew."""
        return Channel(f"webhook:{hashlib.sha256(self.url.encode()).hexdigest()[:16]}", self.types)


def names_of(webhooks: Sequence[Webhook]) -> list[str]:
    """Return their channels' names."""
    return [webhook.channel.name for webhook in webhooks]


def deliveries_are_due(db: Database, webhooks: Sequence[Webhook]) -> bool:
    """Say whether something is to be sent now."""
    if not webhooks:
        return False
    with db.reading() as tx:
        return events.is_due(tx, names_of(webhooks))


def deliver_events(db: Database, webhooks: Sequence[Webhook], site_url: str) -> int:
    """
    Send what is due; return how many arrived.

    An address that fails is left alone for the rest of the run, so that one that hangs does not
    keep the others waiting.

    Raises:
        SetAsideError: A defect of ours with some; it is tried again when its claim has ended.
    """
    by_channel = {webhook.channel.name: webhook for webhook in webhooks}
    failing: set[str] = set()
    failures, arrived = Failures("event_delivered"), 0
    with db.reading() as tx:
        due = events.list_due(tx, list(by_channel), _BATCH)
    for delivery in due:
        if delivery.channel in failing:
            continue
        with failures.guard(f"event {delivery.event_id}"):
            if not _claim(db, delivery):
                continue  # another process sends it
            if _deliver(db, by_channel[delivery.channel], delivery, site_url):
                arrived += 1
            else:
                failing.add(delivery.channel)
    failures.report()
    return arrived


def _claim(db: Database, delivery: Delivery) -> bool:
    return db.transaction(lambda tx: events.claim(tx, delivery, _CLAIM_S))


def _deliver(db: Database, webhook: Webhook, delivery: Delivery, site_url: str) -> bool:
    which = (delivery.event_id, delivery.channel)
    try:
        post(webhook.url, webhook.secret, message_of(delivery, site_url), int(time.time()))
    except WebhookRefusedError as error:
        reason = str(error)
        pause = None if error.is_gone else pause_after(delivery.attempts + 1)
        db.transaction(lambda tx: events.note_failure(tx, *which, reason, pause))
        return False
    db.transaction(lambda tx: events.note_arrival(tx, *which))
    return True


def message_of(delivery: Delivery, site_url: str) -> Message:
    """Return what is sent: the same bytes under the same id, however often."""
    event = delivery.event
    digest = hashlib.sha256(f"{site_url}|{event.key}|{delivery.event_id}".encode()).hexdigest()
    body: Mapping[str, object] = {
        "type": event.type,
        "timestamp": event.at.isoformat(),
        "site": site_url,
        "data": event.data,
    }
    return Message(f"evt_{digest[:24]}", json.dumps(body).encode())


def list_deliveries(
    db: Database, webhooks: Sequence[Webhook], before: Cursor[str] | None
) -> Page[Delivery]:
    """Return a page of deliveries, those of the newest events first."""
    with db.reading() as tx:
        found = events.list_deliveries(tx, names_of(webhooks), before, PAGE_SIZE + 1)
    return page_of(found, PAGE_SIZE, lambda one: Cursor(one.channel, one.event_id))


def send_again(db: Database, event_id: int, channel: str) -> None:
    """
    Have a delivery that has ended made anew.

    Raises:
        InvalidInputError: There is none, or it is under way.
    """
    if not db.transaction(lambda tx: events.send_again(tx, event_id, channel)):
        raise InvalidInputError(
            Sentence("This event is on its way already, or is not kept any more.")
        )
