"""Limits of chatbots and modules, changed by people where the site keeps them."""

from collections.abc import Collection
from dataclasses import replace

import structlog

from bridge.domain.errors import SettingsChangedError, UnknownSettingsError
from bridge.domain.freed import Freed, WouldBeUnlimitedError, freed_by
from bridge.domain.limits import LimitChange, Limits, difference
from bridge.domain.quotas import Context
from bridge.domain.sentences import Sentence
from bridge.services.read_site import SiteReader
from bridge.services.settings.change_settings import change_settings, state_of
from bridge.store.db import Database
from bridge.store.limit_settings import read_limits, update_limits
from bridge.store.summaries import has_account_without_role
from bridge.store.tx import Tx

log = structlog.get_logger()

NO_CHATBOT = Sentence("There is no such chatbot, or it is not published any more.")


def list_limits(db: Database, contexts: Collection[Context]) -> dict[Context, Limits]:
    """Return the limits as they are stored now."""
    with db.reading() as tx:
        return read_limits(tx, contexts)


def change_limits(
    db: Database,
    site: SiteReader,
    context: Context,
    wanted: Limits,
    *,
    roles: Collection[str],
    shown: str,
    sure: bool,
    by: str,
) -> None:
    """
    Write the limits that differ from the stored ones; used counters stay as they are.

    Args:
        db: The site's database.
        site: Forgets what it read, so that this process decides by the new limits at once.
        context: Whose limits.
        wanted: All of them.
        roles: Whose limits *wanted* says; those of others stay.
        shown: `state_of` the limits that the decision was made on. It does not matter where
            nothing differs, as when a form comes twice.
        sure: Whether somebody may be left without the limit that they had.
        by: Who, for the log.

    Raises:
        UnknownSettingsError: There is no such chatbot.
        SettingsChangedError: They are not what was shown.
        WouldBeUnlimitedError: Somebody would be left so, and that is not *sure*.
        UnwritableSettingsError: See `update_limits`.
    """
    has_roleless = not sure and _has_roleless(db)

    def decide(stored: Limits) -> LimitChange:
        change = difference(stored, wanted, roles)
        if change and state_of(stored) != shown:
            raise SettingsChangedError(Sentence("Somebody changed these limits meanwhile."))
        if change and not sure:
            _check_freed(freed_by(stored, wanted, site.get().roles), has_roleless=has_roleless)
        return change

    def work(tx: Tx) -> LimitChange:
        change = update_limits(tx, context, decide)
        if change is None:
            raise UnknownSettingsError(NO_CHATBOT)
        return change

    change = change_settings(db, site, work)
    log.info(
        "limits_changed",
        by=by,
        module=context.module,
        bot_id=context.bot_id,
        fields=dict(change.fields),
        roles=dict(change.roles),
    )


def _has_roleless(db: Database) -> bool:
    with db.reading() as tx:
        return has_account_without_role(tx)


def _check_freed(freed: Freed, *, has_roleless: bool) -> None:
    if not has_roleless:
        freed = replace(freed, without_role=False)  # there is nobody
    if freed:
        raise WouldBeUnlimitedError(freed)
