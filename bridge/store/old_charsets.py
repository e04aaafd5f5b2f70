"""Sites whose tables are older than utf8mb4: columns that do not hold every text."""

from collections.abc import Sequence

import pymysql
from pymysql.constants import ER

from bridge.store.tx import Row, Tx

_IMPOSSIBLE_CONVERSION = 3988
_CODES = frozenset(
    {
        ER.TRUNCATED_WRONG_VALUE_FOR_FIELD,
        ER.CANT_AGGREGATE_2COLLATIONS,
        ER.CANT_AGGREGATE_3COLLATIONS,
        ER.CANT_AGGREGATE_NCOLLATIONS,
        _IMPOSSIBLE_CONVERSION,  # what MySQL 8 says of a comparison
    }
)


def does_not_fit(error: pymysql.MySQLError) -> bool:
    """Say whether a text was written to, or compared with, a column that cannot hold it."""
    return bool(error.args) and error.args[0] in _CODES


def rows_with(tx: Tx, sql: str, texts: Sequence[str], **args: object) -> list[Row]:
    """
    Return the rows of a statement that looks for texts, as ``IN %(texts)s``.

    Of those that the column cannot hold there is none; the database would refuse the statement.
    """
    if not texts:
        return []
    try:
        return tx.all(sql, {**args, "texts": tuple(texts)})
    except pymysql.MySQLError as error:
        if not does_not_fit(error):
            raise
    if len(texts) == 1:
        return []
    half = len(texts) // 2
    parts = texts[:half], texts[half:]
    return [row for part in parts for row in rows_with(tx, sql, part, **args)]
