"""Who used what in a span of the site's days, on which model."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.ids import UserId
from bridge.domain.periods import Calendar
from bridge.domain.reports import Span
from bridge.domain.used_by import ModelUse, UserUse
from bridge.services.reports.users_of_span import users_of_span
from bridge.services.reports.view_span import instants_of
from bridge.store import used_by, wp_users
from bridge.store.db import Database
from bridge.store.tx import Tx
from bridge.store.wp_users import UserNames


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Those who used most, what was used most, and what they are called."""

    span: Span
    users: Sequence[UserUse]
    models: Sequence[ModelUse]
    names: Mapping[UserId, UserNames]  # those of deleted users are absent


def view_usage(db: Database, calendar: Calendar, span: Span, limit: int) -> UsageReport:
    """Return who used most in a span, so many at most, and what these used on which models."""
    since, until = instants_of(calendar, span)
    with db.reading() as tx:
        users = users_of_span(tx, calendar, span, limit)
        ids = {one.user_id for one in users}
        models = used_by.by_model(tx, since, until, ids, limit)
        return UsageReport(span, users, models, _names(tx, ids))


def top_users(
    db: Database, calendar: Calendar, span: Span, limit: int
) -> tuple[Sequence[UserUse], Mapping[UserId, UserNames]]:
    """Return those who used most, and what they are called."""
    with db.reading() as tx:
        users = users_of_span(tx, calendar, span, limit)
        return users, _names(tx, {one.user_id for one in users})


def _names(tx: Tx, ids: Collection[int]) -> Mapping[UserId, UserNames]:
    users = [UserId(user_id) for user_id in ids if user_id]
    return wp_users.list_names(tx, users) if users else {}
