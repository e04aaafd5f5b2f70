"""Comparing the kept sums of orders with the orders: what differs is put right at once."""

import structlog

from bridge.store import order_sums, sale_lines
from bridge.store.db import Database
from bridge.store.wp_options import read_zone

log = structlog.get_logger()


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
