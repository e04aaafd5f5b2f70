"""Dates by PHP's letters: WordPress keeps its formats of dates and times as PHP has them."""

from calendar import isleap, monthrange
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from babel import Locale
from babel.dates import get_day_names, get_month_names, get_period_names


def format_php(pattern: str, moment: datetime, locale: Locale) -> str:
    """
    Return *moment* as `wp_date` writes it: names in the language, all else as PHP does.

    A letter behind a backslash stands for itself; so does one that PHP does not know.
    """
    parts, letters = [], iter(pattern)
    for letter in letters:
        if letter == "\\":
            parts.append(next(letters, letter))
        else:
            parts.append(_written(letter, moment, locale))
    return "".join(parts)


def _written(letter: str, moment: datetime, locale: Locale) -> str:
    if letter in _NAMES:
        return _NAMES[letter](moment, locale)
    return _FIGURES[letter](moment) if letter in _FIGURES else letter


def _weekday(moment: datetime, locale: Locale, width: str) -> str:
    # Babel knows these widths by literals.
    return str(get_day_names(width, "format", locale)[moment.weekday()])  # type: ignore[arg-type]


def _month(moment: datetime, locale: Locale, width: str) -> str:
    # As above.
    return str(get_month_names(width, "format", locale)[moment.month])  # type: ignore[arg-type]


@lru_cache(256)
def _half_of_day(hour: int, locale: Locale) -> str:
    names = get_period_names("abbreviated", "format", locale)
    return str(names["am" if hour < 12 else "pm"])


_NAMES: dict[str, Callable[[datetime, Locale], str]] = {
    "D": lambda moment, locale: _weekday(moment, locale, "abbreviated"),
    "l": lambda moment, locale: _weekday(moment, locale, "wide"),
    "M": lambda moment, locale: _month(moment, locale, "abbreviated"),
    "F": lambda moment, locale: _month(moment, locale, "wide"),
    "a": lambda moment, locale: _half_of_day(moment.hour, locale).lower(),
    "A": lambda moment, locale: _half_of_day(moment.hour, locale).upper(),
}


def _ordinal(day: int) -> str:
    """PHP's suffixes are English in every language."""
    if 10 < day < 14:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _twelve(hour: int) -> int:
    return hour % 12 or 12


def _offset(moment: datetime, between: str) -> str:
    text = moment.strftime("%z")
    return f"{text[:3]}{between}{text[3:5]}"


_FIGURES: dict[str, Callable[[datetime], str]] = {
    "d": lambda at: f"{at.day:02}",
    "j": lambda at: str(at.day),
    "N": lambda at: str(at.isoweekday()),
    "S": lambda at: _ordinal(at.day),
    "w": lambda at: str(at.isoweekday() % 7),
    "z": lambda at: str(at.timetuple().tm_yday - 1),
    "W": lambda at: f"{at.isocalendar().week:02}",
    "m": lambda at: f"{at.month:02}",
    "n": lambda at: str(at.month),
    "t": lambda at: str(monthrange(at.year, at.month)[1]),
    "L": lambda at: str(int(isleap(at.year))),
    "o": lambda at: str(at.isocalendar().year),
    "Y": lambda at: f"{at.year:04}",
    "y": lambda at: f"{at.year % 100:02}",
    "g": lambda at: str(_twelve(at.hour)),
    "G": lambda at: str(at.hour),
    "h": lambda at: f"{_twelve(at.hour):02}",
    "H": lambda at: f"{at.hour:02}",
    "i": lambda at: f"{at.minute:02}",
    "s": lambda at: f"{at.second:02}",
    "u": lambda at: f"{at.microsecond:06}",
    "v": lambda at: f"{at.microsecond // 1000:03}",
    "e": lambda at: str(getattr(at.tzinfo, "key", at.tzname())),
    "T": lambda at: at.tzname() or "",
    "O": lambda at: _offset(at, ""),
    "P": lambda at: _offset(at, ":"),
    "Z": lambda at: str(int((at.utcoffset() or at - at).total_seconds())),
    "U": lambda at: str(int(at.timestamp())),
    "c": lambda at: at.isoformat(timespec="seconds"),
}
