"""Who used most in a span of days, out of the sums that the worker keeps of the ledger."""

from collections.abc import Sequence

from bridge.domain.calendar_parts import Kind, Parts, parts_of, whole
from bridge.domain.ids import Credits
from bridge.domain.periods import Calendar
from bridge.domain.reports import Span
from bridge.domain.used_by import UserUse
from bridge.services.reports.view_span import instants_of
from bridge.store import used_by, user_days, user_sums
from bridge.store.tx import Tx

_MOST_YOUNG = 20_000
"""If more users used something that is not summed yet, the ledger is read for the whole span."""


def users_of_span(tx: Tx, calendar: Calendar, span: Span, limit: int) -> Sequence[UserUse]:
    """Return who used most in a span, first; guests, together, are user 0."""
    since, until = instants_of(calendar, span)
    kept = user_days.kept(tx)
    is_of_use = kept.zone == str(calendar.zone) and kept.until > since
    begin = max(since, kept.until)
    young = used_by.by_user(tx, begin, until, _MOST_YOUNG + 1) if begin < until else []
    if not is_of_use or len(young) > _MOST_YOUNG:
        return used_by.by_user(tx, since, until, limit)
    parts = _parts(span, is_behind=kept.until <= until)
    # Of those who have given back since, as many may fall behind others.
    fallen = sum(one.credits < 0 for one in young)
    found = {one.user_id: one for one in user_sums.first_users(tx, parts, limit + fallen)}
    before = user_sums.of_users(tx, parts, [one.user_id for one in young])
    found |= {one.user_id: _together(before.get(one.user_id), one) for one in young}
    return sorted(found.values(), key=lambda one: (-one.credits, one.user_id))[:limit]


def _parts(span: Span, *, is_behind: bool) -> list[Parts]:
    """
    Return the fewest parts with the sums of a span; best is one, which has its users in order.

    With *is_behind* nothing is kept of what is later, so its month or year is as good.
    """
    ends = [span.last, *(whole(kind, span.last).last for kind in Kind if is_behind)]
    choices = [parts_of(Span(span.first, end)) for end in ends]
    return min(choices, key=lambda parts: (len(parts), not parts[0].is_one))


def _together(before: UserUse | None, since: UserUse) -> UserUse:
    if before is None:
        return since
    return UserUse(
        since.user_id,
        before.uses + since.uses,
        Credits(before.credits + since.credits),
        Credits(before.spent + since.spent),
    )
