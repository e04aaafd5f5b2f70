"""Events and their deliveries: an outbox that is filled from ledger and orders."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bridge.domain.events import Channel, Delivery, Event, EventType
from bridge.domain.ids import MAX_ID
from bridge.domain.paging import Cursor
from bridge.domain.verdicts import OrderState
from bridge.store.columns import naive, utc, utc_or_none
from bridge.store.tx import Row, Tx

_ASKING = (OrderState.ATTENTION, OrderState.UNCLAIMED)
_KEEP_DAYS = 90

_ADD = """
    INSERT IGNORE INTO {p}aipkit_bridge_events (event_key, type, data, happened_at) VALUES {rows}
"""
_KNOWN = "SELECT event_key FROM {p}aipkit_bridge_events WHERE event_key IN %s"
_ADDRESS = """
    INSERT IGNORE INTO {p}aipkit_bridge_deliveries (event_id, channel, next_try_at)
    SELECT event_id, %(channel)s, UTC_TIMESTAMP(6) FROM {p}aipkit_bridge_events
     WHERE event_key IN %(keys)s AND type IN %(types)s
"""
# Those that ask already when somebody begins to listen: they are on the status page.
_MARK_ASKING = """
    INSERT IGNORE INTO {p}aipkit_bridge_events (event_key, type, data, happened_at)
    SELECT CONCAT(%(type)s, ':', order_id, ':', reason_code), %(type)s, '{}', UTC_TIMESTAMP(6)
      FROM {p}aipkit_bridge_orders WHERE state IN %(states)s AND dismissed_reason IS NULL
"""
_DUE = """
    SELECT event.event_id, event.event_key, event.type, event.data, event.happened_at,
           delivery.channel, delivery.attempts, delivery.next_try_at, delivery.arrived_at,
           delivery.last_error
      FROM {p}aipkit_bridge_deliveries delivery
      JOIN {p}aipkit_bridge_events event ON event.event_id = delivery.event_id
     WHERE delivery.next_try_at <= UTC_TIMESTAMP(6) AND delivery.channel IN %(channels)s
     ORDER BY delivery.next_try_at, event.event_id LIMIT %(limit)s
"""
_IS_DUE = """
    SELECT 1 FROM {p}aipkit_bridge_deliveries
     WHERE next_try_at <= UTC_TIMESTAMP(6) AND channel IN %s LIMIT 1
"""
_PAGE = _DUE.replace(
    "delivery.next_try_at <= UTC_TIMESTAMP(6)",
    "(event.event_id, delivery.channel) < (%(before_id)s, %(before_channel)s)",
).replace("delivery.next_try_at, event.event_id", "event.event_id DESC, delivery.channel DESC")
_CLAIM = """
    UPDATE {p}aipkit_bridge_deliveries
       SET next_try_at = UTC_TIMESTAMP(6) + INTERVAL %(seconds)s SECOND
     WHERE event_id = %(event_id)s AND channel = %(channel)s
       AND next_try_at <= UTC_TIMESTAMP(6)
"""
_ARRIVED = """
    UPDATE {p}aipkit_bridge_deliveries
       SET attempts = attempts + 1, next_try_at = NULL, arrived_at = UTC_TIMESTAMP(6),
           last_error = ''
     WHERE event_id = %(event_id)s AND channel = %(channel)s AND arrived_at IS NULL
"""
_FAILED = """
    UPDATE {p}aipkit_bridge_deliveries
       SET attempts = attempts + 1, last_error = %(error)s,
           next_try_at = UTC_TIMESTAMP(6) + INTERVAL %(pause_s)s SECOND
     WHERE event_id = %(event_id)s AND channel = %(channel)s AND arrived_at IS NULL
"""
_ATTEMPTS = """
    SELECT attempts FROM {p}aipkit_bridge_deliveries
     WHERE event_id = %s AND channel = %s AND arrived_at IS NULL FOR UPDATE
"""
_AGAIN = """
    UPDATE {p}aipkit_bridge_deliveries
       SET attempts = 0, next_try_at = UTC_TIMESTAMP(6), arrived_at = NULL, last_error = ''
     WHERE event_id = %(event_id)s AND channel = %(channel)s AND next_try_at IS NULL
"""
# An order that still asks is not told of again: its event stays as long as it does.
_OLD = """
    SELECT event.event_id FROM {p}aipkit_bridge_events event
     WHERE event.happened_at < UTC_TIMESTAMP(6) - INTERVAL %(days)s DAY
       AND NOT EXISTS (
         SELECT 1 FROM {p}aipkit_bridge_orders asking
          WHERE event.type = %(type)s AND asking.state IN %(states)s
            AND event.event_key = CONCAT(%(type)s, ':', asking.order_id, ':', asking.reason_code))
     ORDER BY event.happened_at LIMIT %(limit)s
"""
_FORGET = (
    "DELETE FROM {p}aipkit_bridge_deliveries WHERE event_id IN %s",
    "DELETE FROM {p}aipkit_bridge_events WHERE event_id IN %s",
)


def add(tx: Tx, events: Sequence[Event], channels: Sequence[Channel]) -> None:
    """
    Keep events that are not kept yet, each to be delivered to those who listen to its kind.

    Those that are kept have their deliveries: who listens since then is not told of them.
    """
    keys = tuple(one.key for one in events)
    known = {row["event_key"] for row in tx.all(_KNOWN, (keys,))} if keys else set()
    new = [one for one in events if one.key not in known]
    if not new:
        return
    tx.insert_many(_ADD, [(one.key, one.type, json.dumps(one.data), naive(one.at)) for one in new])
    keys = tuple(one.key for one in new)
    for channel in channels:
        if channel.types:
            args = {"channel": channel.name, "keys": keys, "types": tuple(channel.types)}
            tx.run(_ADDRESS, args)


def pass_over_asking(tx: Tx) -> None:
    """Tell nobody of the orders that ask for a person already."""
    tx.run(_MARK_ASKING, {"type": EventType.ATTENTION, "states": _ASKING})


def is_due(tx: Tx, channels: Sequence[str]) -> bool:
    """Say whether something is to be delivered now."""
    return bool(channels) and tx.one(_IS_DUE, (tuple(channels),)) is not None


def list_due(tx: Tx, channels: Sequence[str], limit: int) -> Sequence[Delivery]:
    """Return what is to be delivered now, what waits longest first."""
    if not channels:
        return []
    args = {"channels": tuple(channels), "limit": limit}
    return [_delivery(row) for row in tx.all(_DUE, args)]


def list_deliveries(
    tx: Tx, channels: Sequence[str], before: Cursor[str] | None, limit: int
) -> Sequence[Delivery]:
    """Return deliveries, those of the newest events first."""
    if not channels:
        return []
    args = {
        "channels": tuple(channels),
        "limit": limit,
        "before_id": before.number if before else MAX_ID,
        "before_channel": before.place if before else "",
    }
    return [_delivery(row) for row in tx.all(_PAGE, args)]


def claim(tx: Tx, delivery: Delivery, for_s: int) -> bool:
    """Take a delivery for this process for some seconds; False if another one has it."""
    args = {"event_id": delivery.event_id, "channel": delivery.channel, "seconds": for_s}
    return tx.run(_CLAIM, args) == 1


def note_arrival(tx: Tx, event_id: int, channel: str) -> None:
    """Note that it was taken."""
    tx.run(_ARRIVED, {"event_id": event_id, "channel": channel})


def note_failure(tx: Tx, event_id: int, channel: str, error: str, pause: timedelta | None) -> None:
    """Note why it was not taken, and when to try again; None: never."""
    pause_s = None if pause is None else pause.total_seconds()
    args = {"event_id": event_id, "channel": channel}
    tx.run(_FAILED, {**args, "error": error[:500], "pause_s": pause_s})


def count_attempts(tx: Tx, event_id: int, channel: str) -> int | None:
    """Return how often it was tried, and lock it; None: it is not there, or has arrived."""
    row = tx.one(_ATTEMPTS, (event_id, channel))
    return row["attempts"] if row else None


def send_again(tx: Tx, event_id: int, channel: str) -> bool:
    """Have one that has ended delivered anew; False: it is not there, or under way."""
    return tx.run(_AGAIN, {"event_id": event_id, "channel": channel}) == 1


def prune(tx: Tx, limit: int) -> int:
    """Delete old events with their deliveries; return how many."""
    args = {
        "days": _KEEP_DAYS,
        "limit": limit,
        "type": EventType.ATTENTION,
        "states": _ASKING,
    }
    ids = tuple(row["event_id"] for row in tx.all(_OLD, args))
    if ids:
        for sql in _FORGET:
            tx.run(sql, (ids,))
    return len(ids)


def _delivery(row: Row) -> Delivery:
    return Delivery(
        event_id=row["event_id"],
        event=Event(
            row["event_key"], EventType(row["type"]), utc(row["happened_at"]), _data(row["data"])
        ),
        channel=row["channel"],
        attempts=row["attempts"],
        next_try_at=utc_or_none(row["next_try_at"]),
        arrived_at=utc_or_none(row["arrived_at"]),
        last_error=row["last_error"],
    )


def _data(text: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(text)
    return data
