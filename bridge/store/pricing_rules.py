"""The site's price rules, in the table shared with the peer plugin."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

import pymysql

from bridge.domain.errors import InvalidInputError
from bridge.domain.pricing import MAX_RULES, PriceList, PriceRule
from bridge.domain.sentences import Sentence
from bridge.store.columns import utc
from bridge.store.old_charsets import does_not_fit
from bridge.store.peer_plugin import PRICES_TABLE
from bridge.store.tx import Row, Tx

_RULES = f"""
    SELECT id, scope_type, scope_id, module, provider, model, operation, billing_method,
           input_rate, output_rate, unit_rate, enabled, updated_at
      FROM {PRICES_TABLE}
"""  # noqa: S608  # the table's name is ours, the prefix in it validated
_LIST = _RULES + f"ORDER BY id LIMIT {MAX_RULES}"
_ONE = _RULES + "WHERE id = %s"
_LOCK_EQUAL = (
    _RULES
    + """
     WHERE scope_type = %(scope_type)s AND scope_id = %(scope_id)s AND module = %(module)s
       AND provider = %(provider)s AND model = %(model)s AND operation = %(operation)s
       AND id <> %(rule_id)s ORDER BY id LIMIT 1 FOR UPDATE
"""
)
_SERVER_NOW = """
    COALESCE(CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@GLOBAL.time_zone), UTC_TIMESTAMP())
"""
"""The peer's rows have the time of the server's zone, which orders equal rules."""
_ADD = f"""
    INSERT INTO {PRICES_TABLE}
           (scope_type, scope_id, module, provider, model, operation, billing_method,
            input_rate, output_rate, unit_rate, enabled, created_at, updated_at)
    VALUES (%(scope_type)s, %(scope_id)s, %(module)s, %(provider)s, %(model)s, %(operation)s,
            %(billing_method)s, %(input_rate)s, %(output_rate)s, %(unit_rate)s, %(enabled)s,
            {_SERVER_NOW}, {_SERVER_NOW})
"""  # noqa: S608  # likewise
_UPDATE = f"""
    UPDATE {PRICES_TABLE}
       SET scope_type = %(scope_type)s, scope_id = %(scope_id)s, module = %(module)s,
           provider = %(provider)s, model = %(model)s, operation = %(operation)s,
           billing_method = %(billing_method)s, input_rate = %(input_rate)s,
           output_rate = %(output_rate)s, unit_rate = %(unit_rate)s, enabled = %(enabled)s,
           updated_at = {_SERVER_NOW}
     WHERE id = %(rule_id)s
"""  # noqa: S608  # likewise
_DELETE = f"DELETE FROM {PRICES_TABLE} WHERE id = %s"  # noqa: S608  # likewise


def read_prices(tx: Tx) -> PriceList:
    """Return all rules, broken and disabled ones too; none where the table is not made yet."""
    if not tx.has_table(PRICES_TABLE.replace("{p}", tx.site_prefix)):
        return PriceList()
    return PriceList(_rule(row) for row in tx.all(_LIST))


def find_rule(tx: Tx, rule_id: int, *, lock: bool = False) -> PriceRule | None:
    """Return a rule; with *lock* its row stays locked."""
    row = tx.one(_ONE + " FOR UPDATE" * lock, (rule_id,))
    return _rule(row) if row else None


def lock_equal(tx: Tx, rule: PriceRule) -> PriceRule | None:
    """
    Return another rule for the very same, as the peer looks for one before it adds.

    Raises:
        InvalidInputError: See `add_rule`.
    """
    with _fitting():
        row = tx.one(_LOCK_EQUAL, asdict(rule))
    return _rule(row) if row else None


def add_rule(tx: Tx, rule: PriceRule) -> int:
    """
    Add a rule; return the id that it got.

    Raises:
        InvalidInputError: The table cannot hold a name. With a character replaced the rule would
            be for something else.
    """
    with _fitting():
        return tx.insert(_ADD, asdict(rule))


def update_rule(tx: Tx, rule: PriceRule) -> None:
    """
    Write all of a rule.

    Raises:
        InvalidInputError: See `add_rule`.
    """
    with _fitting():
        tx.run(_UPDATE, asdict(rule))


def delete_rule(tx: Tx, rule_id: int) -> None:
    """Delete a rule, if it is there."""
    tx.run(_DELETE, (rule_id,))


@contextmanager
def _fitting() -> Iterator[None]:
    try:
        yield
    except pymysql.MySQLError as error:
        if not does_not_fit(error):
            raise
        raise InvalidInputError(
            Sentence(
                "The site's table of price rules is older than utf8mb4, and cannot hold a "
                "character of the provider, model or operation: convert the table, or leave "
                "the character out."
            )
        ) from error


def _rule(row: Row) -> PriceRule:
    return PriceRule(
        rule_id=row["id"],
        scope_type=row["scope_type"],
        scope_id=row["scope_id"],
        module=row["module"],
        provider=row["provider"],
        model=row["model"],
        operation=row["operation"],
        billing_method=row["billing_method"],
        input_rate=row["input_rate"],
        output_rate=row["output_rate"],
        unit_rate=row["unit_rate"],
        enabled=bool(row["enabled"]),
        updated_at=_changed_at(row["updated_at"]),
    )


def _changed_at(stored: object) -> datetime:
    """Read when a rule was changed; the driver hands out MySQL's zero date as a text."""
    return utc(stored) if isinstance(stored, datetime) else datetime.min.replace(tzinfo=UTC)
