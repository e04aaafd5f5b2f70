"""In which language a request is answered: that of the person who reads the screen."""

from flask import Flask, g, has_request_context, request
from werkzeug.wrappers import Response

from bridge.domain.errors import BridgeError
from bridge.domain.site import SiteDates
from bridge.web.http.formatting import (
    NO_DATES,
    SCREEN_LANGUAGES,
    SOURCE_LANGUAGE,
    Language,
    screen_language,
)
from bridge.web.http.passage import current_passage

_COOKIE = "aipkit_bridge_locale"
_MAX_LOCALE = 20


def init_app(app: Flask) -> None:
    """Let the templates of *app* speak the reader's language."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # the extension's
        lambda text: reader_language().text(text),
        lambda one, many, count: reader_language().counted(one, many, count),
        newstyle=True,
        pgettext=lambda context, text: reader_language().text_in(context, text),
    )
    app.jinja_env.filters["say"] = say


def answer_in(locale: object) -> None:
    """Answer this request in the WordPress locale of whose signed token came with it."""
    if isinstance(locale, str) and locale:
        g.reader_locale = locale[:_MAX_LOCALE]


def reader_locale() -> str:
    """
    Return the locale of a request: the person's own, as WordPress has signed it.

    Without one, that of the sign-in; else the first language of the browser that screens have.
    Where nobody asks, English.
    """
    if not has_request_context():
        return SOURCE_LANGUAGE
    passage = current_passage()
    signed = passage.claims.locale if passage else g.get("reader_locale")
    return signed or request.cookies.get(_COOKIE, "")[:_MAX_LOCALE] or _of_browser()


def _of_browser() -> str:
    tags = (tag for tag, _ in request.accept_languages)
    known = (tag for tag in tags if tag.partition("-")[0].lower() in SCREEN_LANGUAGES)
    return next(known, SOURCE_LANGUAGE)


def reader_language(dates: SiteDates = NO_DATES) -> Language:
    """Return the language of a request; with the site's formats of *dates* if they are known."""
    return screen_language(reader_locale(), dates)


def keep_locale(response: Response, *, max_age: int, secure: bool) -> None:
    """Let the browser say this request's locale again, for as long as the session."""
    locale = g.get("reader_locale")
    if locale:
        response.set_cookie(
            _COOKIE,
            locale,
            max_age=max_age,
            httponly=True,
            samesite="Lax",
            secure=secure,
            path="/",
        )


def say(text: str) -> str:
    """Say what was said in English, in the reader's language."""
    return reader_language().say(text)


def say_error(error: BridgeError) -> str:
    """Say what is wrong, in the reader's language."""
    return say(error.sentence)
