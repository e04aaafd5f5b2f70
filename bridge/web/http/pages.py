"""Pages of people, in their language."""

from flask import render_template

from bridge.domain.site import SiteDates
from bridge.web.http.formatting import NO_DATES
from bridge.web.http.reader import reader_language


def render_page(template: str, dates: SiteDates = NO_DATES, **values: object) -> str:
    """Return a page in the reader's language; *dates*: how the site writes them."""
    return render_template(template, lang=reader_language(dates), **values)
