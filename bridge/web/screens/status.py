"""`/status` for people, `/status.json` for monitors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from bridge.domain.errors import BridgeError, UnavailableError
from bridge.domain.sentences import CountedSentence, Sentence
from bridge.domain.verdicts import PEER_DELAY
from bridge.services.accounts.view_buyers import view_buyers
from bridge.services.reports.view_status import StatusView, StatusWarning
from bridge.web.http.auth import require_monitor
from bridge.web.http.deps import current_status, get_bridge
from bridge.web.http.formatting import zone_name
from bridge.web.http.headers import protect_scripted
from bridge.web.http.pages import render_page
from bridge.web.http.sending import send_json, send_page
from bridge.web.http.statuses import status_of
from bridge.web.http.values import instant
from bridge.web.http.words import ORDER_STATUSES
from bridge.web.screens import status_words
from bridge.web.screens.admin import AdminSession, current_admin
from bridge.web.screens.frame import down_page
from bridge.web.screens.order_news import read_news
from bridge.web.screens.shown_settings import shown_settings
from bridge.web.screens.status_words import DONE, WARNING_TITLES

bp = Blueprint("status", __name__)

_STOPS_GRANTS = ("shop_", "no_worker")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that needs the owner: what is wrong, what to do, and where the page says more."""

    title: str
    advice: str
    is_grave: bool = False  # no order becomes credits until it is solved
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    """The page in one sentence. ``tone`` is `good`, `warn` or `bad`."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a form did nothing; what was typed stays in its field."""

    error: BridgeError
    place: str  # the form's, as `dismiss-45`
    typed: str


@bp.get("/status")
def show_status() -> ResponseReturnValue:
    """Show the state of the bridge; also when there is no database to ask."""
    try:
        return status_page(current_admin())
    except UnavailableError as error:
        return down_page(error)


def status_page(admin: AdminSession, refusal: Refusal | None = None) -> Response:
    """Return the page; with *refusal* as the answer to a form."""
    news = read_news()  # before the lists, which then know at least as much
    view = current_status()
    bridge = get_bridge()
    site = bridge.site.get()
    zone = site.calendar.zone
    problems = tuple(find_problems(view))
    page = render_page(
        "status/status.html",
        site.dates,
        admin=admin,
        view=view,
        problems=problems,
        headline=headline(problems),
        zone=zone,
        zone_name=zone_name(zone),
        peer_delay=PEER_DELAY,
        settings=shown_settings(bridge.settings),
        words=status_words,
        order_statuses=ORDER_STATUSES,
        done=DONE.get(request.args.get("done", "")),
        news=news,
        people=view_buyers(bridge.db, [*view.attention, *view.unclaimed, *view.waiting]),
        admin_url=view.admin_url,
        refusal=refusal,
    )
    return send_page(page, status_of(refusal.error if refusal else None))


@bp.get("/status.json")
def show_status_json() -> ResponseReturnValue:
    """Return the same state as the page shows, and the credits that customers own."""
    require_monitor()
    state = asdict(current_status())
    state["outstanding"] = asdict(get_bridge().outstanding.get())
    response = send_json(_plain(state))
    response.headers["Cache-Control"] = "no-store"
    return response


bp.after_request(protect_scripted)


def find_problems(view: StatusView) -> Iterator[Problem]:
    """Find what needs the owner, gravest first."""
    warnings = [_of_warning(warning) for warning in view.warnings]
    yield from sorted(warnings, key=lambda problem: not problem.is_grave)
    if view.orders.attention:
        yield Problem(
            CountedSentence(
                "{count:,} order needs you", "{count:,} orders need you", view.orders.attention
            ),
            Sentence(
                "Each says why in the list below; the bridge tries them again every ten minutes."
            ),
            anchor="attention",
        )
    if view.orders.unclaimed:
        yield Problem(
            CountedSentence(
                "{count:,} paid order is nobody's",
                "{count:,} paid orders are nobody's",
                view.orders.unclaimed,
            ),
            Sentence(
                "Guests paid and have no tokens. Say below whose each order is, or dismiss it."
            ),
            anchor="unclaimed",
        )
    if view.findings_open:
        yield Problem(
            CountedSentence(
                "{count:,} finding is open", "{count:,} findings are open", view.findings_open
            ),
            Sentence(
                "The books and the database disagree somewhere; each finding says what to do."
            ),
            anchor="findings",
        )
    if view.annotations_error:
        yield Problem(Sentence("Notes cannot be written into orders"), view.annotations_error)
    failed = [job.name for job in view.jobs if job.last_error]
    if failed and not view.shop.fault:
        yield Problem(
            CountedSentence(
                "{count:,} job failed last time", "{count:,} jobs failed last time", len(failed)
            ),
            Sentence(
                "{jobs}: it runs again by itself; see the error in the list below.",
                jobs=", ".join(failed),
            ),
            anchor="jobs",
        )


def _of_warning(warning: StatusWarning) -> Problem:
    is_shop = warning.code.startswith("shop_")
    title = WARNING_TITLES.get(warning.code, warning.code)
    if is_shop:
        title = Sentence("The shop cannot be read")
    return Problem(title, warning.text, is_grave=warning.code.startswith(_STOPS_GRANTS))


def headline(problems: Sequence[Problem]) -> Headline:
    """Return the page in one sentence."""
    if not problems:
        return Headline("good", Sentence("All is well."))
    tone = "bad" if any(problem.is_grave for problem in problems) else "warn"
    if len(problems) == 1:
        return Headline(tone, Sentence("{title}.", title=problems[0].title))
    return Headline(tone, Sentence("{count:,} things need you.", count=len(problems)))


def _plain(value: object) -> Any:
    """Return *value* for JSON: instants as RFC 3339."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
