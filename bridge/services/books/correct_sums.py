"""Comparing sums that are kept with what they are of: what differs is put right at once."""

from functools import partial

import structlog

from bridge.domain.periods import Calendar
from bridge.store import order_sums, sale_lines, user_days
from bridge.store.db import Database
from bridge.store.wp_options import read_zone

log = structlog.get_logger()

_COMPARED_DAYS = 40


def correct_sums(db: Database) -> int:
    """
    Put the sums right; return how many were wrong.

    They are no credits: status page, monitors and the chart of sales show them. A process of a
    version that did not keep them may have changed orders since the last time.
    """
    wrong = db.transaction(order_sums.correct)
    wrong += db.transaction(lambda tx: sale_lines.correct(tx, read_zone(tx)))
    if wrong:
        log.warning("order_sums_corrected", sums=wrong)
    return wrong


def correct_user_sums(db: Database) -> int:
    """
    Compare what users used on the last days with the ledger; return how many sums were wrong.

    A row may have been committed long after its instant: its process, or its machine, stood still.
    """
    with db.reading() as tx:
        calendar = Calendar(read_zone(tx))
        days = user_days.days_that_differ(tx, calendar, _COMPARED_DAYS)
    return sum(
        db.transaction(partial(user_days.correct, calendar=calendar, day=day)) for day in days
    )
