"""Holds: under the users' prefix, since the sites that share users reserve of one balance."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from bridge.domain.decisions import Split
from bridge.domain.holds import Hold, HoldState, OnExpiry, OpenHold
from bridge.domain.ids import Actor, Credits, UserId
from bridge.domain.pricing import Scope, Usage
from bridge.domain.quotas import Context, Module
from bridge.store import answers
from bridge.store.columns import naive, utc, utc_or_none
from bridge.store.tx import Query, Row, Tx
from bridge.store.values import NewIds

T = TypeVar("T")

_COLUMNS = """
    hold_id, user_id, session_id, module, bot_id, state, on_expiry, credits, from_balance,
    from_quota, usage_context, expires_at, charged_balance, charged_quota, charged_uncovered,
    charged_counted, commit_hash, answer
"""
_BY_ID = f"""
    SELECT {_COLUMNS} FROM {{u}}aipkit_bridge_holds
     WHERE hold_id IN %(ids)s AND site = %(site)s
"""  # noqa: S608  # columns of ours
_OWNERS = """
    SELECT hold_id, user_id, session_id, module, bot_id FROM {u}aipkit_bridge_holds
     WHERE hold_id IN %s AND site = %s
"""
# Another site's hold whose time is up reserves nothing more, unless that site is still to charge
# it: only there are the limits and the ledger that a charge needs.
_OPEN = """
    SELECT user_id, session_id, site, module, bot_id,
           SUM(from_balance) AS balance, SUM(from_quota) AS quota
      FROM {u}aipkit_bridge_holds
     WHERE {owner} IN %(owners)s AND state = 'open'
       AND (site = %(site)s OR expires_at > %(now)s OR on_expiry = 'charge')
     GROUP BY user_id, session_id, site, module, bot_id
"""
_DUE = f"""
    SELECT {_COLUMNS} FROM {{u}}aipkit_bridge_holds
     WHERE {{owner}} IN %(owners)s AND state = 'open' AND site = %(site)s AND expires_at <= %(now)s
"""  # noqa: S608  # columns of ours
# One statement for holds that are new and holds of which something became.
_WRITE = """
    INSERT INTO {u}aipkit_bridge_holds
           (hold_id, site, user_id, session_id, module, bot_id, state, on_expiry, credits,
            from_balance, from_quota, usage_context, expires_at, created_at, settled_at,
            charged_balance, charged_quota, charged_uncovered, charged_counted, commit_hash,
            answer)
    VALUES {rows}
    ON DUPLICATE KEY UPDATE
      state = VALUES(state), settled_at = VALUES(settled_at),
      charged_balance = VALUES(charged_balance), charged_quota = VALUES(charged_quota),
      charged_uncovered = VALUES(charged_uncovered), charged_counted = VALUES(charged_counted),
      commit_hash = VALUES(commit_hash), answer = VALUES(answer)
"""
_OF_USER = """
    SELECT site, module, bot_id, on_expiry, from_balance, from_quota, created_at, expires_at
      FROM {u}aipkit_bridge_holds
     WHERE user_id = %s AND state = 'open' AND expires_at > UTC_TIMESTAMP(6)
     ORDER BY expires_at LIMIT %s
"""
_NEXT_END = """
    SELECT MIN(expires_at) AS at FROM {u}aipkit_bridge_holds
     WHERE user_id = %(user_id)s AND state = 'open' AND expires_at > %(now)s
"""
_OVERDUE = """
    SELECT hold_id, user_id, session_id, expires_at FROM {u}aipkit_bridge_holds
     WHERE state = 'open' AND expires_at <= UTC_TIMESTAMP(6) - INTERVAL %(grace_s)s SECOND
       AND site = %(site)s
       AND expires_at >= %(at)s AND (expires_at > %(at)s OR hold_id > %(hold_id)s)
     ORDER BY expires_at, hold_id LIMIT %(limit)s
"""
_END_ALL = """
    UPDATE {u}aipkit_bridge_holds SET state = 'expired', settled_at = UTC_TIMESTAMP(6)
     WHERE user_id = %s AND state = 'open'
"""
_PRUNE = """
    DELETE FROM {u}aipkit_bridge_holds
     WHERE state = %(state)s AND expires_at < UTC_TIMESTAMP(6) - INTERVAL %(days)s DAY
       AND site = %(site)s
     LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an account's open holds reserve of its balance, and of one context's free limit."""

    actor: Actor
    context: Context | None  # None: another site's, whose limits are not ours
    balance: Credits
    quota: Credits


Position: TypeAlias = tuple[datetime, bytes]
"""Where in the order of their ends a hold stands: its end, and its id."""

FIRST: Position = (datetime(1000, 1, 1, tzinfo=UTC), b"")


@dataclass(frozen=True, slots=True)
class OverdueHold:
    """A hold that is open though its time is up."""

    owner: Actor
    position: Position


def list_open(tx: Tx, user_id: UserId, *, limit: int) -> Sequence[OpenHold]:
    """Return a user's holds whose time is not up, on whichever site; the next to end first."""
    return [
        OpenHold(
            _context(row) if row["site"] == tx.site_prefix else None,
            OnExpiry(row["on_expiry"]),
            Credits(row["from_balance"]),
            Credits(row["from_quota"]),
            utc(row["created_at"]),
            utc(row["expires_at"]),
        )
        for row in tx.all(_OF_USER, (user_id, limit))
    ]


def next_end(tx: Tx, user_id: UserId, now: datetime) -> datetime | None:
    """Return when the first of a user's open holds ends by itself, on whichever site."""
    row = tx.one(_NEXT_END, {"user_id": user_id, "now": naive(now)})
    return utc_or_none(row["at"]) if row else None


def read_holds(tx: Tx, ids: Collection[bytes]) -> dict[bytes, Hold]:
    """Return the named holds of this site."""
    found = tx.ask(_naming(tx, ids, _holds)) if ids else []
    return {hold.hold_id: hold for hold in found}


def find_owners(tx: Tx, ids: Collection[bytes]) -> dict[bytes, tuple[Actor, Context]]:
    """Return whose account each of the named holds of this site is of, and which counter's."""
    rows = tx.all(_OWNERS, (tuple(ids), tx.site_prefix))
    return {row["hold_id"]: (_actor(row), _context(row)) for row in rows}


@dataclass(frozen=True, slots=True)
class FoundHolds:
    """Of some accounts: what open holds reserve, those that are due among them; named holds."""

    due: Sequence[Hold] = ()
    reserved: Sequence[Reservation] = ()
    named: Sequence[Hold] = ()


def find_holds(
    tx: Tx, actors: Collection[Actor], now: datetime, names: Collection[bytes] = ()
) -> FoundHolds:
    """
    Return holds, all asked for in one packet.

    Args:
        tx: A transaction, or a reading one.
        actors: Whose open holds to find.
        now: Holds whose time was up then, and which are still open, are due.
        names: Ids of holds of this site, whatever their state.
    """
    if not actors and not names:
        return FoundHolds()
    return found_in(tx.ask_together(*finding(tx, actors, now, names)))


def finding(
    tx: Tx, actors: Collection[Actor], now: datetime | None, names: Collection[bytes]
) -> list[Query[FoundHolds]]:
    """Ask as `find_holds`, to be put together by `found_in`; no *now*: the statements' own."""
    site = tx.site_prefix
    asked = [
        *_of_owners(tx, _DUE, actors, now, lambda rows: FoundHolds(due=_holds(rows))),
        *_of_owners(
            tx,
            _OPEN,
            actors,
            now,
            lambda rows: FoundHolds(reserved=[_reserved(row, site) for row in rows]),
        ),
    ]
    if names:
        asked.append(_naming(tx, names, lambda rows: FoundHolds(named=_holds(rows))))
    return asked


def found_in(parts: Sequence[FoundHolds]) -> FoundHolds:
    """Return what several queries have found."""
    return FoundHolds(
        [hold for part in parts for hold in part.due],
        [reserved for part in parts for reserved in part.reserved],
        [hold for part in parts for hold in part.named],
    )


def list_due(tx: Tx, actors: Collection[Actor], now: datetime) -> Sequence[Hold]:
    """Return the holds of some accounts whose time was up at *now*, and which are still open."""
    return find_holds(tx, actors, now).due


def _naming(tx: Tx, ids: Collection[bytes], read: Callable[[list[Row]], T]) -> Query[T]:
    return Query(_BY_ID, {"ids": tuple(ids), "site": tx.site_prefix}, read)


def _of_owners(
    tx: Tx,
    sql: str,
    actors: Collection[Actor],
    now: datetime | None,
    read: Callable[[list[Row]], T],
) -> list[Query[T]]:
    if now is None:
        sql = sql.replace("%(now)s", "UTC_TIMESTAMP(6)")
    owners = {
        "user_id": tuple(a.user_id for a in actors if a.user_id is not None),
        "session_id": tuple(a.session_id for a in actors if a.user_id is None),
    }
    args = {"site": tx.site_prefix, "now": naive(now)}
    return [
        Query(sql.replace("{owner}", column), {**args, "owners": values}, read)
        for column, values in owners.items()
        if values
    ]


def list_overdue(tx: Tx, grace: timedelta, after: Position, limit: int) -> Sequence[OverdueHold]:
    """Return the next holds whose time was up *grace* ago, the longest first."""
    at, hold_id = after
    args = {
        "site": tx.site_prefix,
        "grace_s": grace.total_seconds(),
        "at": naive(at),
        "hold_id": hold_id,
        "limit": limit,
    }
    rows = tx.all(_OVERDUE, args)
    return [OverdueHold(_actor(row), (utc(row["expires_at"]), row["hold_id"])) for row in rows]


def write(
    tx: Tx,
    holds: Sequence[Hold],
    now: datetime,
    ids: NewIds | None = None,
    numbers: Mapping[bytes, int] = MappingProxyType({}),
) -> None:
    """
    Add new holds, and write what became of others.

    Args:
        tx: Under the locks of their accounts.
        holds: One or more.
        now: The database's clock.
        ids: Of the ledger rows that are sent with them, if they are not known yet.
        numbers: By hold: which of those rows its commit names.
    """
    rows = [_columns(hold, tx.site_prefix, now, ids, numbers.get(hold.hold_id)) for hold in holds]
    tx.insert_many_later(_WRITE, rows)


def _columns(
    hold: Hold, site: str, now: datetime, ids: NewIds | None, number: int | None
) -> tuple[object, ...]:
    charged, settlement = hold.charged, hold.settlement
    return (
        hold.hold_id,
        site,
        hold.actor.user_id or 0,
        hold.actor.session_id,
        hold.context.module,
        hold.context.bot_id,
        hold.state,
        hold.on_expiry,
        hold.credits,
        hold.from_balance,
        hold.from_quota,
        _usage_json(hold.usage),
        naive(hold.expires_at),
        naive(now),
        None if hold.state is HoldState.OPEN else naive(now),
        charged and charged.from_balance,
        charged and charged.from_quota,
        charged and charged.uncovered,
        charged and charged.counted,
        settlement and settlement.request_hash,
        settlement and answers.to_text(answers.settlement_fields(settlement), ids, number),
    )


def end_all(tx: Tx, user_id: UserId) -> None:
    """Let all open holds of a user end with nothing taken, on whichever site."""
    tx.run(_END_ALL, (user_id,))


def prune(tx: Tx, days: int, limit: int) -> int:
    """Delete settled holds that expired *days* ago; return how many."""
    ended = [state for state in HoldState if state is not HoldState.OPEN]
    args = {"days": days, "limit": limit, "site": tx.site_prefix}
    return sum(tx.run(_PRUNE, {**args, "state": state}) for state in ended)


def _actor(row: Row) -> Actor:
    user_id = UserId(row["user_id"]) if row["user_id"] else None
    return Actor(user_id, row["session_id"])


def _context(row: Row) -> Context:
    return Context(Module(row["module"]), row["bot_id"])


def _reserved(row: Row, site: str) -> Reservation:
    context = _context(row) if row["site"] == site else None
    return Reservation(
        _actor(row), context, Credits(int(row["balance"])), Credits(int(row["quota"]))
    )


def _holds(rows: list[Row]) -> list[Hold]:
    return [_hold(row) for row in rows]


def _hold(row: Row) -> Hold:
    charged = row["charged_balance"] is not None
    return Hold(
        hold_id=row["hold_id"],
        actor=_actor(row),
        context=_context(row),
        usage=_usage(json.loads(row["usage_context"])),
        credits=Credits(row["credits"]),
        from_balance=Credits(row["from_balance"]),
        from_quota=Credits(row["from_quota"]),
        on_expiry=OnExpiry(row["on_expiry"]),
        expires_at=utc(row["expires_at"]),
        state=HoldState(row["state"]),
        charged=_split(row) if charged else None,
        settlement=(
            answers.settlement_of(row["commit_hash"], json.loads(row["answer"]))
            if row["answer"]
            else None
        ),
    )


def _split(row: Row) -> Split:
    parts = ("balance", "quota", "uncovered", "counted")
    return Split(*(Credits(row[f"charged_{part}"]) for part in parts))


def _usage_json(usage: Usage) -> str:
    scope = [usage.scope.kind, usage.scope.scope_id] if usage.scope else None
    names = {"provider": usage.provider, "model": usage.model, "operation": usage.operation}
    return json.dumps({"units": usage.units, **names, "data": usage.data, "scope": scope})


def _usage(stored: Mapping[str, Any]) -> Usage:
    scope = Scope(*stored["scope"]) if stored["scope"] else None
    return Usage(**{**stored, "scope": scope})
