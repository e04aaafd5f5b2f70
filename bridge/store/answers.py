"""
Answers as they are kept: for a key's, the word and the fields that every version has written.

A process of the version before may read what this one keeps, and the other way round, so fields
are neither renamed nor left out. They look like the API's first bodies, and are not made by it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from bridge.domain.answers import Adjusted, Booked, Denied, Held, KeptAnswer, UsageReset
from bridge.domain.decisions import Payment, Reason
from bridge.domain.holds import Settlement, hold_id_of, hold_name
from bridge.domain.ids import Credits
from bridge.domain.instants import rfc3339
from bridge.domain.ledger import entry_name
from bridge.domain.notices import Action, Notice
from bridge.store.values import NewIds, TextWithId

Fields: TypeAlias = Mapping[str, Any]


class Kind(StrEnum):
    """The word for an answer."""

    RECORDED = "recorded"
    HELD = "held"
    DENIED = "denied"
    ADJUSTED = "adjusted"
    DONE = "done"


def to_fields(answer: KeptAnswer) -> tuple[Kind, Fields]:
    """Return an answer's word and fields."""
    match answer:
        case Booked():
            return Kind.RECORDED, _booking(answer.entry_id, answer.payment)
        case Held():
            return Kind.HELD, {
                "hold_id": hold_name(answer.hold_id),
                "credits": answer.credits,
                "from_balance": answer.from_balance,
                "from_quota": answer.from_quota,
                "expires_at": rfc3339(answer.expires_at),
            }
        case Denied():
            return Kind.DENIED, {
                "code": answer.reason,
                "detail": answer.detail,
                "request_id": answer.asked_as,
                "notice": asdict(answer.notice),
            }
        case Adjusted():
            return Kind.ADJUSTED, {
                "entry_id": entry_name(answer.entry_id),
                "balance_after": answer.balance_after,
            }
        case UsageReset():
            return Kind.DONE, {"forgiven": answer.forgiven}


def from_fields(kind: str, fields: Fields) -> KeptAnswer:
    """Return the answer that a word and its fields are."""
    match Kind(kind):
        case Kind.RECORDED:
            return Booked(entry_id_in(fields), _payment(fields))
        case Kind.HELD:
            return Held(
                hold_id_of(fields["hold_id"]),
                Credits(fields["credits"]),
                Credits(fields["from_balance"]),
                Credits(fields["from_quota"]),
                datetime.fromisoformat(fields["expires_at"]),
            )
        case Kind.DENIED:
            reason, notice = Reason(fields["code"]), _notice(fields["notice"])
            return Denied(reason, fields["detail"], notice, asked_as=fields["request_id"])
        case Kind.ADJUSTED:
            return Adjusted(_entry_id(fields["entry_id"]), Credits(fields["balance_after"]))
        case Kind.DONE:
            return UsageReset(Credits(fields["forgiven"]))


def settlement_fields(settlement: Settlement) -> Fields:
    """Return what a hold's row keeps of its commit, beside the request's digest."""
    booking = _booking(settlement.entry_id, settlement.payment)
    return {**booking, "late": settlement.late}


def settlement_of(request_hash: bytes, fields: Fields) -> Settlement:
    """Return how a hold was committed."""
    return Settlement(request_hash, _payment(fields), fields["late"], entry_id_in(fields))


def to_text(fields: Fields, ids: NewIds | None, number: int | None) -> str | TextWithId:
    """
    Return fields as they are stored.

    Those that name a ledger row which is sent with them call it 0: the database puts its id in.

    Args:
        fields: Of an answer.
        ids: Of the ledger rows that are sent with it, if they are not known yet.
        number: The row's place among those; None: the answer names none of them.
    """
    text = json.dumps(fields)
    if ids is None or number is None:
        return text
    name = entry_name(0)
    before, after = text.split(name)
    return TextWithId(before + name[:-1], ids, number, after)


def entry_id_in(fields: Fields) -> int | None:
    """Return the ledger row that kept fields tell of; None: of none."""
    name = fields.get("entry_id")
    return None if name is None else _entry_id(name)


def hold_id_in(fields: Fields) -> bytes:
    """Return the hold that kept fields tell of; empty: of none."""
    name = fields.get("hold_id")
    return b"" if name is None else hold_id_of(name)


def _entry_id(name: str) -> int:
    return int(name.removeprefix("led_"))


def _booking(entry_id: int | None, payment: Payment) -> dict[str, object]:
    return {
        "entry_id": None if entry_id is None else entry_name(entry_id),
        "billed_credits": payment.billed,
        "from_balance": payment.from_balance,
        "from_quota": payment.from_quota,
        "uncovered": payment.uncovered,
        "balance_after": payment.balance_after,
    }


def _payment(fields: Fields) -> Payment:
    return Payment(
        billed=Credits(fields["billed_credits"]),
        from_balance=Credits(fields["from_balance"]),
        from_quota=Credits(fields["from_quota"]),
        uncovered=Credits(fields["uncovered"]),
        balance_after=Credits(fields["balance_after"]),
    )


def _notice(fields: Fields) -> Notice:
    return Notice(fields["message"], tuple(Action(**action) for action in fields["actions"]))
