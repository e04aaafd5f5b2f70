"""The query of a fragment: the shortcode's attributes, and where the visitor is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bridge.domain.errors import InvalidInputError
from bridge.domain.quotas import Context, Module, context_in
from bridge.domain.site import Site
from bridge.services.accounts import page_activity, page_purchases
from bridge.web.http.formatting import Language, language
from bridge.web.http.parsing import clean_text, page_number

_MAX_TITLE, _MAX_INTRO, _MAX_LABEL, _MAX_URL = 200, 1000, 100, 2000
_SWITCHES = {
    "chatbot": Module.CHAT,
    "aiforms": Module.AI_FORMS,
    "imagegenerator": Module.IMAGE_GENERATOR,
}
_OFF = frozenset({"false", "0", "no", "off"})
_UNFIT_FOR_URL = re.compile(
    r"[\s\\<>\"`\x00-\x20\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]"
)


@dataclass(frozen=True, slots=True)
class FragmentQuery:
    """The shortcode's attributes and where the visitor is, all fit for use."""

    language: Language
    modules: frozenset[Module]
    shows_history: bool
    history_open: bool
    history_page: int
    activity: Context | None  # whose recent activity is open
    activity_page: int
    title: str | None  # None: the author said nothing; "": the author wants none
    intro: str
    buy_label: str
    buy_url: str  # empty: no button
    login_url: str
    page_url: str


def parse_query(args: Mapping[str, str], site: Site) -> FragmentQuery:
    """Return the query made fit for use: what cannot be used is as if it were not there."""
    page = page_number(args.get("aipkit_page"), page_purchases.LAST_PAGE)
    activity_page = page_number(args.get("aipkit_activity_page"), page_activity.LAST_PAGE)
    buy_url = clean_url(args.get("buycreditsurl")) or clean_url(site.shop_page_url)
    return FragmentQuery(
        language=language(args.get("locale") or site.language),
        modules=frozenset(m for name, m in _SWITCHES.items() if _is_on(args, name)),
        shows_history=_is_on(args, "purchasehistory"),
        history_open=page is not None or args.get("aipkit_history") == "1",
        history_page=page or 1,
        activity=context_in(args.get("aipkit_activity", "")),
        activity_page=activity_page or 1,
        title=clean_text(args["title"], _MAX_TITLE) if "title" in args else None,
        intro=clean_text(args.get("intro"), _MAX_INTRO),
        buy_label=clean_text(args.get("buycreditslabel"), _MAX_LABEL),
        buy_url=buy_url if _is_on(args, "buycredits") else "",
        login_url=clean_url(args.get("login_url")),
        page_url=clean_url(args.get("page_url")),
    )


def asked_activity(args: Mapping[str, str]) -> tuple[Context, int]:
    """
    Return the context and the page that `usage-details` is asked for.

    Raises:
        InvalidInputError: They name no context.
    """
    module, bot_id = args.get("module", ""), args.get("context_id", "")
    context = context_in(f"{module}-{bot_id}" if bot_id else module)
    if context is None:
        raise InvalidInputError(
            "module: chat with a chatbot's context_id, or ai_forms, image_generator without one."
        )
    return context, page_number(args.get("page"), page_activity.LAST_PAGE) or 1


def _is_on(args: Mapping[str, str], name: str) -> bool:
    return args.get(name, "true").strip().lower() not in _OFF


def clean_url(url: str | None) -> str:
    """Return an address that is http(s) or root-relative; empty for anything else."""
    url = (url or "").strip(" ")
    if len(url) > _MAX_URL or _UNFIT_FOR_URL.search(url):
        return ""
    if url.startswith("/"):
        return "" if url.startswith("//") else url
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        return ""
    return url if fits else ""
