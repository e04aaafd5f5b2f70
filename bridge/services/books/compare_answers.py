"""Comparing what callers were told that was booked with what there is."""

from itertools import chain

from bridge.domain.findings import FindingKind
from bridge.domain.instants import rfc3339
from bridge.domain.sentences import Sentence
from bridge.services.books.comparing import ReconcileRun, chunks
from bridge.store import answers_on_record, findings, wp_users
from bridge.store.answers_on_record import AnswerOnRecord
from bridge.store.db import Database
from bridge.store.tx import Tx

MOST_A_RUN = 100
"""Findings a run: if a ledger was cut off, the next runs report the rest."""


def compare_answers(run: ReconcileRun) -> None:
    """Leave a finding, once for good, for each answer of which the booking is gone."""
    found = 0
    for chunk in chain(
        chunks(run.db, answers_on_record.list_answers, lambda one: one.position, b""),
        chunks(run.db, answers_on_record.list_settled, lambda one: one.position, b""),
    ):
        for one in chunk:
            if not one.is_kept and found < MOST_A_RUN:
                with run.failures.guard(one.of_what):
                    found += _record(run.db, one)
        run.done.answers += len(chunk)
        run.progress("answers", run.done.answers)
    run.done.findings += found


def _record(db: Database, one: AnswerOnRecord) -> bool:
    def record(tx: Tx) -> bool:
        if one.user_id is not None and not wp_users.user_exists(tx, one.user_id):
            return False  # whoever erases a user may erase the rows
        return findings.record(
            tx,
            once_for_good=True,
            kind=FindingKind.ANSWER_WITHOUT_BOOKING,
            user_id=one.user_id,
            summary=_summary(one),
            evidence={"told": one.of_what, "at": rfc3339(one.at), "answer": one.answer},
        )

    return db.transaction(record)


def _summary(one: AnswerOnRecord) -> str:
    who = Sentence("user {id}", id=one.user_id) if one.user_id else Sentence("a guest")
    return Sentence(
        "At {at} a caller was told of {of_what} for {who}, which is not there: the "
        "database lost what it had confirmed, or rows were deleted. Compare the "
        "answer, which the evidence holds, with the balance of {who}, and correct "
        "that by hand if it is wrong.",
        at=rfc3339(one.at),
        of_what=one.of_what,
        who=who,
    )
