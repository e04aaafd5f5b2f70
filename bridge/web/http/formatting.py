"""Words, numbers and dates in a visitor's language: WordPress's locale in, texts out."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import (
    format_date,
    format_datetime,
    format_time,
    format_timedelta,
    get_datetime_format,
)
from babel.numbers import format_currency, format_decimal
from babel.support import NullTranslations, Translations

CATALOGS = Path(__file__).parent.parent / "translations"
SOURCE_LANGUAGE = "en"

_LOCALE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_REMEMBERED = 4096


def mark(message: str) -> str:
    """Return *message* as it is: marks a text that is translated where it is used."""
    return message


class Language:
    """
    One locale's words and formats.

    Formatting with Babel costs more than all the rest of a fragment, so what was formatted is
    remembered; the same limits, dates and small numbers come again and again.
    """

    def __init__(self, locale: Locale) -> None:
        """Load the catalog of *locale*; without one the words stay English."""
        words = Translations.load(CATALOGS, [str(locale), locale.language])
        self.locale = locale
        self.tag = str(locale).replace("_", "-")
        self.is_translated = (
            type(words) is not NullTranslations or locale.language == SOURCE_LANGUAGE
        )
        self.words_tag = self.tag if self.is_translated else SOURCE_LANGUAGE
        self.direction = locale.text_direction
        self.text: Callable[[str], str] = words.gettext
        self.number = lru_cache(_REMEMBERED)(self._number)
        self.date = lru_cache(_REMEMBERED)(self._date)
        self.moment = lru_cache(_REMEMBERED)(self._moment)
        self.minute = lru_cache(_REMEMBERED)(self._minute)

    def _number(self, value: int) -> str:
        return format_decimal(value, locale=self.locale)

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount in the digits of its currency."""
        return format_currency(amount, currency, locale=self.locale)

    def _date(self, instant: datetime, zone: tzinfo) -> str:
        """Return the date that *instant* has in *zone*."""
        return self.day(instant.astimezone(zone).date())

    def day(self, day: date) -> str:
        """Return a day of some calendar."""
        return format_date(day, "medium", locale=self.locale)

    def _moment(self, instant: datetime, zone: tzinfo) -> str:
        """Return date and time of day of *instant* in *zone*."""
        return format_datetime(instant.astimezone(zone), "medium", locale=self.locale)

    def _minute(self, instant: datetime, zone: tzinfo) -> str:
        """Return date and time of day of *instant* in *zone*, to the minute."""
        moment = instant.astimezone(zone)
        together = str(get_datetime_format("medium", locale=self.locale))
        time = format_time(moment.time(), "short", locale=self.locale)
        return together.format(time, format_date(moment.date(), "medium", locale=self.locale))

    def ago(self, seconds: float) -> str:
        """Return how long ago something was; negative: how long until it is."""
        return format_timedelta(
            timedelta(seconds=-seconds), threshold=1.5, add_direction=True, locale=self.locale
        )


@lru_cache(256)
def language(wordpress_locale: str) -> Language:
    """Return the language of `tr_TR`, `de_DE_formal`, `ar`; English for what is no locale."""
    return _of_locale(str(_parse(wordpress_locale)))


@lru_cache(256)
def _of_locale(name: str) -> Language:
    return Language(Locale.parse(name))


def _parse(text: str) -> Locale:
    """WordPress adds forms of address to a locale (`de_DE_formal`), which Babel knows not."""
    if _LOCALE.fullmatch(text):
        parts = re.split("[_-]", text)
        for candidate in ("_".join(parts[:2]), parts[0]):
            try:
                return Locale.parse(candidate)
            except (UnknownLocaleError, ValueError):
                continue
    return Locale.parse(SOURCE_LANGUAGE)


def zone_name(zone: tzinfo) -> str:
    """Return a zone as people know it: `Europe/Istanbul`, or `UTC+03:00`."""
    return str(getattr(zone, "key", zone))
