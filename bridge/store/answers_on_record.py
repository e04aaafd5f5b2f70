"""
What callers were told that was booked, beside what there is.

An answer commits together with its booking, ledger rows are only ever added, and holds outlive
their answers: whoever reads answers first and then, of the same server, what they tell of, misses
nothing that is there, whoever books meanwhile.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.domain.holds import HoldState, hold_name, row_key
from bridge.domain.ids import UserId
from bridge.domain.ledger import entry_name
from bridge.store import answers
from bridge.store.columns import utc
from bridge.store.idempotency import KEPT_FOR_DAYS
from bridge.store.ledger import TABLE
from bridge.store.tx import Row, Tx

_ANSWERS = """
    SELECT key_hash, user_id, answer, created_at FROM {u}aipkit_bridge_idempotency
     WHERE key_hash > %(after)s AND site = %(site)s
       AND created_at > UTC_TIMESTAMP(6) - INTERVAL %(days)s DAY
     ORDER BY key_hash LIMIT %(limit)s
"""
_SETTLED = """
    SELECT hold_id, user_id, state, credits, answer, settled_at
      FROM {u}aipkit_bridge_holds
     WHERE hold_id > %(after)s AND site = %(site)s AND state IN %(states)s
     ORDER BY hold_id LIMIT %(limit)s
"""
_ENTRIES = "SELECT id, user_id FROM {ledger} WHERE id IN %s".replace("{ledger}", TABLE)
_BY_KEY = """
    SELECT idempotency_key AS k FROM {ledger} WHERE idempotency_key IN %s
""".replace("{ledger}", TABLE)
_HOLDS = "SELECT hold_id FROM {u}aipkit_bridge_holds WHERE hold_id IN %s"


@dataclass(frozen=True, slots=True)
class AnswerOnRecord:
    """One answer, and what must be there since it was given; empty: nothing of that kind."""

    position: bytes
    user_id: UserId | None  # None: a guest's
    at: datetime
    answer: Mapping[str, object]
    entry_id: int | None = None
    entry_key: str = ""
    hold_id: bytes = b""
    is_kept: bool = True  # whether it is there, and the same account's

    @property
    def of_what(self) -> str:
        """What must be there, as it was told."""
        if self.hold_id:
            return hold_name(self.hold_id)
        return self.entry_key or entry_name(self.entry_id or 0)


def list_answers(tx: Tx, after: bytes, limit: int) -> Sequence[AnswerOnRecord]:
    """Return the next answers to keys of this site; those of before nobody knows the site of."""
    args = {"after": after, "limit": limit, "site": tx.site_prefix, "days": KEPT_FOR_DAYS}
    return _looked_up(tx, [_of_key(row) for row in tx.all(_ANSWERS, args)])


def list_settled(tx: Tx, after: bytes, limit: int) -> Sequence[AnswerOnRecord]:
    """Return the next holds of this site that were committed or charged."""
    states = (HoldState.COMMITTED, HoldState.CHARGED)
    args = {"after": after, "limit": limit, "site": tx.site_prefix, "states": states}
    return _looked_up(tx, [_of_hold(row) for row in tx.all(_SETTLED, args)])


def _looked_up(tx: Tx, told: Sequence[AnswerOnRecord]) -> list[AnswerOnRecord]:
    owners = _owners(tx, {one.entry_id for one in told if one.entry_id is not None})
    keys = _present(tx, _BY_KEY, "k", {one.entry_key for one in told if one.entry_key})
    holds = _present(tx, _HOLDS, "hold_id", {one.hold_id for one in told if one.hold_id})

    def is_kept(one: AnswerOnRecord) -> bool:
        return (
            (one.entry_id is None or owners.get(one.entry_id) == (one.user_id or 0))
            and (not one.entry_key or one.entry_key in keys)
            and (not one.hold_id or one.hold_id in holds)
        )

    return [one if is_kept(one) else replace(one, is_kept=False) for one in told]


def _owners(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    rows = tx.all(_ENTRIES, (tuple(ids),)) if ids else []
    return {row["id"]: row["user_id"] or 0 for row in rows}


def _present(tx: Tx, sql: str, column: str, wanted: Collection[str | bytes]) -> set[str | bytes]:
    return {row[column] for row in tx.all(sql, (tuple(wanted),))} if wanted else set()


def _of_key(row: Row) -> AnswerOnRecord:
    answer = json.loads(row["answer"])
    return AnswerOnRecord(
        position=row["key_hash"],
        user_id=_user(row),
        at=utc(row["created_at"]),
        answer=answer,
        entry_id=answers.entry_id_in(answer),
        hold_id=answers.hold_id_in(answer),
    )


def _of_hold(row: Row) -> AnswerOnRecord:
    answer = json.loads(row["answer"] or "{}")
    is_charged = row["state"] == HoldState.CHARGED and row["credits"] > 0
    return AnswerOnRecord(
        position=row["hold_id"],
        user_id=_user(row),
        at=utc(row["settled_at"]),
        answer=answer,
        entry_id=answers.entry_id_in(answer),
        entry_key=row_key(row["hold_id"], "charge") if is_charged else "",
    )


def _user(row: Row) -> UserId | None:
    return UserId(row["user_id"]) if row["user_id"] else None
