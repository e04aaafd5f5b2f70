"""Words, numbers and dates in a reader's language: WordPress's locale in, texts out."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import (
    format_date,
    format_datetime,
    format_skeleton,
    format_time,
    format_timedelta,
    get_datetime_format,
)
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
    get_decimal_symbol,
    get_group_symbol,
)
from babel.support import NullTranslations, Translations

from bridge.domain.sentences import CountedSentence, Sentence
from bridge.domain.site import SiteDates
from bridge.web.http.php_dates import format_php
from bridge.web.http.said import Recogniser

CATALOGS = Path(__file__).parent.parent / "translations"
FRAGMENT, SCREENS = "messages", "screens"
"""What catalogs are of: visitors' pages, and the screens of people who manage the shop."""
SOURCE_LANGUAGE = "en"
SCREEN_LANGUAGES = frozenset(
    {SOURCE_LANGUAGE, *(path.parts[-3] for path in CATALOGS.glob(f"*/*/{SCREENS}.mo"))}
)

NO_DATES = SiteDates()
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

    def __init__(
        self, locale: Locale, domain: str = FRAGMENT, dates: SiteDates = NO_DATES
    ) -> None:
        """
        Load the catalog of *locale*; without one the words stay English.

        Args:
            locale: Whose words and formats.
            domain: Which catalog.
            dates: How the site writes dates and times; what it does not say is the locale's.
        """
        words = Translations.load(CATALOGS, [str(locale), locale.language], domain)
        self.locale = locale
        self._dates = dates
        self.tag = str(locale).replace("_", "-")
        self.is_translated = (
            type(words) is not NullTranslations or locale.language == SOURCE_LANGUAGE
        )
        self.words_tag = self.tag if self.is_translated else SOURCE_LANGUAGE
        self.direction = locale.text_direction
        self.thousands = get_group_symbol(locale)
        self.point = get_decimal_symbol(locale)
        self.text: Callable[[str], str] = words.gettext
        self._words = words
        self.counted: Callable[[str, str, int], str] = words.ngettext
        self._recognise = Recogniser(CATALOGS, domain, locale).find
        self._say_kept = lru_cache(_REMEMBERED)(self._said_again)
        self.number = lru_cache(_REMEMBERED)(self._number)
        self.date = lru_cache(_REMEMBERED)(self._date)
        self.short_day = lru_cache(_REMEMBERED)(self._short_day)
        self.moment = lru_cache(_REMEMBERED)(self._moment)
        self.minute = lru_cache(_REMEMBERED)(self._minute)

    def _number(self, value: int) -> str:
        return format_decimal(value, locale=self.locale)

    def text_in(self, context: str, text: str) -> str:
        """Return the translation that *text* has in a context."""
        return str(self._words.pgettext(context, text))

    def say(self, text: str) -> str:
        """Say a sentence for people in this language; also one that was kept in English."""
        if isinstance(text, Sentence):
            return text.translated(self._template_of(text), self.say, self.number)
        return self._say_kept(text)

    def _template_of(self, sentence: Sentence) -> str:
        if isinstance(sentence, CountedSentence):
            return self.counted(sentence.template, sentence.many, sentence.number)
        return self.text(sentence.template)

    def _said_again(self, text: str) -> str:
        translated = self.text(text) if text else text
        sentence = self._recognise(text) if translated == text else None
        return translated if sentence is None else self.say(sentence)

    def percent(self, value: int) -> str:
        """Return hundredths."""
        return format_percent(value / 100, locale=self.locale)

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount in the digits of its currency."""
        return format_currency(amount, currency, locale=self.locale)

    def _date(self, instant: datetime, zone: tzinfo) -> str:
        """Return the date that *instant* has in *zone*."""
        return self.day(instant.astimezone(zone).date())

    def _short_day(self, day: date) -> str:
        """Return a day of a year that everybody knows."""
        return format_skeleton("MMMd", day, locale=self.locale)

    def month(self, day: date) -> str:
        """Return the month of a day, and its year."""
        return format_skeleton("yMMMM", day, locale=self.locale)

    def day(self, day: date) -> str:
        """Return a day of some calendar."""
        if self._dates.date:
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            return format_php(self._dates.date, midnight, self.locale)
        return format_date(day, "medium", locale=self.locale)

    def _moment(self, instant: datetime, zone: tzinfo) -> str:
        """Return date and time of day of *instant* in *zone*."""
        if self._dates.date:
            return self._minute(instant, zone)
        return format_datetime(instant.astimezone(zone), "medium", locale=self.locale)

    def second(self, instant: datetime, zone: tzinfo) -> str:
        """Return date and time of day of *instant* in *zone*, to the second."""
        return format_datetime(instant.astimezone(zone), "medium", locale=self.locale)

    def _minute(self, instant: datetime, zone: tzinfo) -> str:
        """Return date and time of day of *instant* in *zone*, to the minute."""
        moment = instant.astimezone(zone)
        together = str(get_datetime_format("medium", locale=self.locale))
        return together.format(self._time(moment), self.day(moment.date()))

    def _time(self, moment: datetime) -> str:
        if self._dates.time:
            return format_php(self._dates.time, moment, self.locale)
        return format_time(moment.time(), "short", locale=self.locale)

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


def screen_language(wordpress_locale: str, dates: SiteDates = NO_DATES) -> Language:
    """
    Return the language of a screen in a locale; all of it is English where there is no catalog.

    Its dates are written as the site writes them.
    """
    return _of_screens(str(_parse(wordpress_locale)), dates)


@lru_cache(256)
def _of_screens(name: str, dates: SiteDates) -> Language:
    locale = Locale.parse(name)
    if locale.language not in SCREEN_LANGUAGES:
        locale = Locale.parse(SOURCE_LANGUAGE)
    return Language(locale, SCREENS, dates)


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
