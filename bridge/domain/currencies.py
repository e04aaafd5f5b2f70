"""How many decimal places money has, by its currency (ISO 4217)."""

from decimal import ROUND_HALF_UP, Decimal

_USUAL = 2
_NONE = frozenset(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
        *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    )
)
_THREE = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
_MOST_DIGITS = 6
"""Shops may price a thousandth of a cent; more digits are a computer's fraction."""


def places_of(currency: str) -> int:
    """Return a currency's decimal places; an unknown one has two."""
    code = currency.upper()
    if code in _NONE:
        return 0
    return 3 if code in _THREE else _USUAL


def without_noise(amount: Decimal, currency: str) -> Decimal:
    """Round what only binary arithmetic has left: 14.309999999999999 is 14.31, 7.1e-15 is 0."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_MOST_DIGITS:
        return amount.quantize(Decimal(1).scaleb(-places_of(currency)), ROUND_HALF_UP)
    return amount
