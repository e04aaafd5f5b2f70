"""Price rules, added, changed and deleted by people in the table shared with the peer."""

from dataclasses import asdict, replace

import structlog

from bridge.domain.errors import BridgeError, SettingsChangedError, UnknownSettingsError
from bridge.domain.pricing import PriceList, PriceRule
from bridge.domain.sentences import Sentence
from bridge.services.read_site import SiteReader
from bridge.services.settings.change_settings import change_settings, state_of
from bridge.store import pricing_rules
from bridge.store.db import Database
from bridge.store.tx import Tx

log = structlog.get_logger()

NO_RULE = Sentence("There is no such price rule, or it was deleted meanwhile.")


class RuleExistsError(BridgeError):
    """There is a rule for the very same already; ``rule`` is it."""

    code = "rule_exists"

    def __init__(self, rule: PriceRule) -> None:
        super().__init__(Sentence("There is a rule for the very same already: change that one."))
        self.rule = rule


def list_prices(db: Database) -> PriceList:
    """Return the rules as they are stored now."""
    with db.reading() as tx:
        return pricing_rules.read_prices(tx)


def find_price(db: Database, rule_id: int) -> PriceRule | None:
    """Return one rule as it is stored now."""
    with db.reading() as tx:
        return pricing_rules.find_rule(tx, rule_id)


def add_price(db: Database, site: SiteReader, rule: PriceRule, *, by: str) -> int:
    """
    Add a rule; return its id. A form that comes twice adds it once.

    Args:
        db: The site's database.
        site: Forgets what it read, so that this process decides by the new price at once.
        rule: Its id and time do not matter.
        by: Who, for the log.

    Raises:
        RuleExistsError: Another rule is for the very same.
    """

    def work(tx: Tx) -> int:
        equal = pricing_rules.lock_equal(tx, rule)
        if equal is None:
            return pricing_rules.add_rule(tx, rule)
        if not _is_same(equal, rule):
            raise RuleExistsError(equal)
        return equal.rule_id

    rule_id = change_settings(db, site, work)
    log.info("price_added", by=by, rule=_told(replace(rule, rule_id=rule_id)))
    return rule_id


def change_price(db: Database, site: SiteReader, rule: PriceRule, *, shown: str, by: str) -> None:
    """
    Write a rule, which is then the last of equal ones.

    Args:
        db: The site's database.
        site: Forgets what it read.
        rule: As it should be; its time does not matter.
        shown: `state_of` the rule that the decision was made on. It does not matter where
            nothing differs, as when a form comes twice.
        by: Who, for the log.

    Raises:
        UnknownSettingsError: There is no such rule.
        SettingsChangedError: It is not what was shown.
        RuleExistsError: Another rule is for what this one is to be for.
    """

    def work(tx: Tx) -> PriceRule:
        stored = pricing_rules.find_rule(tx, rule.rule_id, lock=True)
        if stored is None:
            raise UnknownSettingsError(NO_RULE)
        if not _is_same(stored, rule):
            _check_shown(stored, shown)
            equal = pricing_rules.lock_equal(tx, rule)
            if equal and not _is_for_same(stored, rule):
                raise RuleExistsError(equal)
            pricing_rules.update_rule(tx, rule)
        return stored

    stored = change_settings(db, site, work)
    log.info("price_changed", by=by, before=_told(stored), rule=_told(rule))


def delete_price(db: Database, site: SiteReader, rule_id: int, *, shown: str, by: str) -> None:
    """
    Delete a rule, if it is still there.

    Raises:
        SettingsChangedError: It is not what was shown.
    """

    def work(tx: Tx) -> PriceRule | None:
        stored = pricing_rules.find_rule(tx, rule_id, lock=True)
        if stored is not None:
            _check_shown(stored, shown)
            pricing_rules.delete_rule(tx, rule_id)
        return stored

    deleted = change_settings(db, site, work)
    if deleted is not None:
        log.info("price_deleted", by=by, rule=_told(deleted))


def _check_shown(stored: PriceRule, shown: str) -> None:
    if state_of(stored) != shown:
        raise SettingsChangedError(Sentence("Somebody changed this rule meanwhile."))


def _is_same(stored: PriceRule, rule: PriceRule) -> bool:
    """Say whether two rules differ in nothing but their id and time."""
    return replace(rule, rule_id=stored.rule_id, updated_at=stored.updated_at) == stored


def _is_for_same(stored: PriceRule, rule: PriceRule) -> bool:
    return _subject(stored) == _subject(rule)


def _subject(rule: PriceRule) -> tuple[object, ...]:
    return (rule.scope_type, rule.scope_id, rule.module, rule.provider, rule.model, rule.operation)


def _told(rule: PriceRule) -> dict[str, str]:
    """Return a rule as the log has it."""
    return {name: str(value) for name, value in asdict(rule).items() if name != "updated_at"}
