"""The site's price rules, in the table shared with the peer plugin."""

from datetime import UTC, datetime

from bridge.domain.pricing import PriceList, PriceRule
from bridge.store.db import Row, Tx, utc
from bridge.store.peer_plugin import PRICES_TABLE

_LIST = """
    SELECT id, scope_type, scope_id, module, provider, model, operation, billing_method,
           input_rate, output_rate, unit_rate, enabled, updated_at
      FROM {prices} ORDER BY id LIMIT 20000
""".replace("{prices}", PRICES_TABLE)


def read_prices(tx: Tx) -> PriceList:
    """Return all rules, broken and disabled ones too; none where the table is not made yet."""
    if not tx.has_table(PRICES_TABLE.replace("{p}", tx.site_prefix)):
        return PriceList()
    return PriceList(_rule(row) for row in tx.all(_LIST))


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
