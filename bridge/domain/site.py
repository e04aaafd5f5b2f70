"""The site as the rules need it: its calendar, chatbots, limits, roles and prices."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.domain.events import EventType
from bridge.domain.limits import NO_LIMITS, Limits
from bridge.domain.notices import NoticeSettings
from bridge.domain.periods import Calendar
from bridge.domain.pricing import PriceList
from bridge.domain.quotas import Context


@dataclass(frozen=True, slots=True)
class Chatbot:
    """A published chatbot."""

    bot_id: int
    title: str


@dataclass(frozen=True, slots=True)
class SiteDates:
    """How the site writes dates and times, in PHP's letters; empty: as the reader's locale."""

    date: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """What the bridge needs to know of the site; read afresh at most every 5 s."""

    home: str
    address: str  # of WordPress itself, which may live in a folder of its own
    name: str
    language: str
    dates: SiteDates
    calendar: Calendar
    chatbots: tuple[Chatbot, ...]
    limits: Mapping[Context, Limits]  # of each published chatbot and other module
    notices: Mapping[Context, NoticeSettings]  # of the same: what is said when they are used up
    roles: Mapping[str, frozenset[str]]  # role slug -> capabilities
    role_names: Mapping[str, str]  # role slug -> as the site calls it
    peer_active: bool
    shop_page_url: str
    dashboard_url: str
    prices: PriceList
    woocommerce_version: str
    mailed: frozenset[EventType]  # of which our plugin sends mails
    version: str  # another one after each change of settings; what is read with it is not older

    def limits_of(self, context: Context) -> Limits:
        """Return a context's limits; none for a chatbot that is gone."""
        return self.limits.get(context, NO_LIMITS)

    def notice_of(self, context: Context) -> NoticeSettings:
        """Return what a context says when its limit is used up."""
        return self.notices.get(context, NoticeSettings())
