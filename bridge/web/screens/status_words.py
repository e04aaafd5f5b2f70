"""The words of the status page: what machines call by a name."""

from bridge.web.http.formatting import mark

WARNING_TITLES = {
    "no_worker": mark("Orders become no tokens right now"),
    "poll_late": mark("The shop has not been read for a while"),
    "peer_grants_too": mark("Another plugin grants orders too"),
}
DONE = {
    "dismiss": mark("The order is off the list until something else is wrong with it."),
    "list_again": mark("The order is on the list again."),
    "resolve": mark("The finding is resolved; it stands below with your name."),
    "reconcile": mark("The worker compares the books now. Reload the page in a while."),
    "poll": mark("The worker reads the shop now. Reload the page in a few seconds."),
}
"""What a form has done, by the name that the page's address carries."""
JOB_NAMES = {
    "poll_shop": mark("read the shop"),
    "poll_when_asked": mark("read the shop when asked"),
    "look_again": mark("look at orders again"),
    "annotate_orders": mark("write notes into orders"),
    "expire_holds": mark("end holds"),
    "reset_periods": mark("begin periods"),
    "keep_summaries": mark("keep the list of accounts"),
    "correct_sums": mark("correct sums of orders"),
    "keep_usage_slots": mark("sum up what was used"),
    "keep_user_days": mark("sum up what each user used"),
    "read_bulks": mark("read bulk changes"),
    "book_bulks": mark("book bulk changes"),
    "reconcile": mark("compare the books"),
    "prune": mark("delete what is old"),
    "prune_sign_ins": mark("delete old sign-ins"),
    "settle_differences": mark("settle differences"),
}
STREAM_NAMES = {"orders": mark("orders up to"), "trash": mark("trash up to")}
LEASE_NAMES = {"worker": mark("worker")}
FINDING_KINDS = {
    "ledger_conflict": mark("ledger conflict"),
    "answer_without_booking": mark("answer without booking"),
    "order_ledger_mismatch": mark("order ledger mismatch"),
    "hold_overdue": mark("hold overdue"),
    "holds_mismatch": mark("holds mismatch"),
    "foreign_change": mark("foreign change"),
    "duplicate_balance_rows": mark("duplicate balance rows"),
}
REASON_NAMES = {
    "before_since": mark("before grants.since"),
    "peer_may_grant": mark("another plugin may grant it"),
    "guest_order": mark("a guest's order"),
    "sub_order": mark("part of another order"),
    "order_vanished": mark("deleted in the shop"),
}
"""Of orders that say no more."""
FACT_NAMES = {
    "bridge": mark("bridge"),
    "version": mark("database"),
    "flush_at_commit": mark("flush at commit"),
    "charset": mark("character set"),
    "transactions": mark("transactions"),
    "repeats": mark("repeats"),
    "failures": mark("failures"),
}
UNKNOWN = mark("unknown")
"""What a version is that nobody has told."""
