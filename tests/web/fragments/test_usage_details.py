"""Recent activity: `GET /v1/fragments/usage-details`, and the same within the dashboard."""

from datetime import UTC, datetime

import pytest

from bridge.store import activity
from bridge.wiring import Bridge
from tests.support.activity import BOT, Activity
from tests.support.client import API_KEY, api_key, bearer
from tests.support.site import USERS, SiteDatabase
from tests.support.visitor import PAGE_URL, Html, Visitor

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ALICE, BOB = USERS["alice"], USERS["bob"]
OTHER_BOT = 23
DETAILS = "/v1/fragments/usage-details"


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    return site.bridge(now=NOW, security=api_key("read"))


@pytest.fixture
def past(site: SiteDatabase) -> Activity:
    return Activity(site, NOW)


def see(bridge: Bridge, user_id: int = ALICE, **query: object) -> Html:
    asked = {"module": "chat", "context_id": BOT, **query}
    return Visitor(bridge, user_id).html(DETAILS, **{k: str(v) for k, v in asked.items()})


def tokens(page: Html) -> list[str]:
    return [row[3] for row in page.rows[1:]]


def test_a_use_says_when_what_it_cost_who_paid_and_which_model(
    bridge: Bridge, past: Activity
) -> None:
    past.book(ALICE, 1_300)

    page = see(bridge)

    assert page.rows[1] == ["Nov 23, 2026, 11:59 AM", "gpt-5", "Token balance", "1,300"]
    assert "Recent activity: Support Bot" in page.text
    assert page.of_class("aipkit_token_usage_dashboard")


@pytest.mark.parametrize(
    ("credits", "delta", "meta", "paid"),
    [
        (800, -500, {"quota_units": 300}, "Token balance 500 · Free limit 300"),
        (800, 0, {"quota_units": 800}, "Free limit"),
        (800, 0, {"quota_units": 800, "uncovered": 50}, "Free limit 750 · Not covered 50"),
        (-60, 60, {}, "Given back"),
        (0, 0, {}, "–"),
    ],
)
def test_who_paid(
    bridge: Bridge,
    past: Activity,
    credits: int,
    delta: int,
    meta: dict[str, object],
    paid: str,
) -> None:
    past.book(ALICE, credits, delta=delta, meta=meta)

    assert see(bridge).rows[1][2:] == [paid, str(credits)]


def test_nobody_sees_another_users_activity_nor_another_chatbots(
    bridge: Bridge, past: Activity
) -> None:
    past.book(BOB, 1)
    past.log(BOB, (900, 2))
    past.book(ALICE, 3, bot=OTHER_BOT)
    past.log(ALICE, (9000, 4), bot=OTHER_BOT)
    past.book(ALICE, 5, module="ai_forms")
    past.book(ALICE, 6)

    assert tokens(see(bridge)) == ["6"]
    assert tokens(see(bridge, module="ai_forms", context_id="")) == ["5"]
    assert tokens(see(bridge, BOB)) == ["1", "2"]


def test_purchases_and_corrections_are_no_activity(
    bridge: Bridge, site: SiteDatabase, past: Activity
) -> None:
    past.book(ALICE, 6)
    site.run("UPDATE wp_aipkit_token_ledger SET entry_type = 'admin_adjustment'")

    assert "You have not used this yet." in see(bridge).text


def test_pages_of_ten_go_from_new_to_old(bridge: Bridge, past: Activity) -> None:
    for number in range(1, 26):
        past.book(ALICE, number, age=1_000 - number)

    first, second, third = (see(bridge, page=page) for page in (1, 2, 3))

    assert tokens(first) == [str(n) for n in range(25, 15, -1)]
    assert tokens(second) == [str(n) for n in range(15, 5, -1)]
    assert tokens(third) == ["5", "4", "3", "2", "1"]
    place = "?aipkit_activity=chat-22"
    assert first.links == {
        "Older": f"{PAGE_URL}{place}&aipkit_activity_page=2#aipkit-recent-activity"
    }
    assert second.links["Newer"] == f"{PAGE_URL}{place}#aipkit-recent-activity"
    assert set(third.links) == {"Newer"}


def test_a_page_beyond_the_end_leads_back(bridge: Bridge, past: Activity) -> None:
    past.book(ALICE, 1)

    page = see(bridge, page=7)

    assert "There is no activity on this page." in page.text
    assert set(page.links) == {"Newer"}


def test_logs_serve_what_is_older_than_the_ledger(bridge: Bridge, past: Activity) -> None:
    """The peer logs each message, and later versions book it as well: it shows once."""
    past.log(ALICE, (50_000, 30), (3_630, 20), (40, 10))
    past.book(ALICE, 20, age=3_600)
    past.book(ALICE, 10, age=30)

    page = see(bridge)

    assert tokens(page) == ["10", "20", "30"]
    assert page.rows[3][1:3] == ["gpt-4", "–"]


def test_pages_run_on_from_the_ledger_into_the_logs(bridge: Bridge, past: Activity) -> None:
    for number in range(1, 9):
        past.book(ALICE, 100 + number, age=100 - number)
    past.log(ALICE, *((10_000 - 2 * n, n) for n in range(1, 9)))
    past.log(ALICE, *((10_001 - 2 * n, 50 + n) for n in range(1, 9)))

    shown = [figure for page in (1, 2, 3) for figure in tokens(see(bridge, page=page))]

    booked = [str(n) for n in range(108, 100, -1)]
    logged = [str(n + more) for n in range(8, 0, -1) for more in (0, 50)]
    assert shown == booked + logged


def test_logs_of_forms_have_no_chatbot(bridge: Bridge, past: Activity) -> None:
    past.log(ALICE, (100, 7), bot=None, module="ai_forms")

    assert tokens(see(bridge, module="ai_forms", context_id="")) == ["7"]


def test_only_the_accounts_latest_rows_are_looked_through(
    bridge: Bridge, past: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = activity._SINCE.replace(str(activity.LOOKS_BACK), "3")
    monkeypatch.setattr(activity, "_SINCE", short)
    past.log(ALICE, (99_000, 9))
    for number in range(1, 6):
        past.book(ALICE, number, age=1_000 - number)

    assert tokens(see(bridge)) == ["5", "4", "3"]


@pytest.mark.parametrize(
    "query",
    [
        {"module": ""},
        {"module": "content_writer"},
        {"module": "chat", "context_id": ""},
        {"module": "chat", "context_id": "x"},
        {"module": "chat", "context_id": "99"},
        {"module": "ai_forms", "context_id": "22"},
        {"module": "ai_forms", "context_id": "x"},
    ],
)
def test_what_names_no_context_is_refused(bridge: Bridge, query: dict[str, str]) -> None:
    answer = Visitor(bridge, ALICE).get(DETAILS, **{"context_id": str(BOT), **query})

    assert (answer.status_code, answer.json["code"]) == (400, "invalid_input")  # type: ignore[index]  # it is an object


def test_a_module_that_is_not_metered_has_no_activity(site: SiteDatabase) -> None:
    bridge = site.bridge(modules={"enabled": ["chat"]})

    answer = Visitor(bridge, ALICE).get(DETAILS, module="ai_forms")

    assert answer.status_code == 422


def test_guests_are_asked_to_log_in_and_api_keys_refused(bridge: Bridge) -> None:
    assert see(bridge, 0).of_class("aipkit-login-prompt")

    app = Visitor(bridge, ALICE).app
    answer = app.test_client().get(f"{DETAILS}?module=ai_forms", headers=bearer(API_KEY))
    assert answer.status_code == 403


def test_models_are_text(bridge: Bridge, site: SiteDatabase, past: Activity) -> None:
    past.book(ALICE, 1)
    site.run("UPDATE wp_aipkit_token_ledger SET model = '<b>gpt</b>', meta = '{'")

    page = see(bridge)

    assert page.rows[1][1:] == ["<b>gpt</b>", "Token balance", "1"]


def test_the_dashboard_links_to_each_rows_activity_and_shows_it(
    bridge: Bridge, past: Activity
) -> None:
    past.book(ALICE, 1_300)
    closed = Visitor(bridge, ALICE).html()
    links = [tag["href"] for tag in closed.of_class("aipkit_activity_link")]
    assert f"{PAGE_URL}?aipkit_activity=chat-22#aipkit-recent-activity" in links
    assert f"{PAGE_URL}?aipkit_activity=ai_forms#aipkit-recent-activity" in links
    assert not closed.of_class("aipkit_activity")

    opened = Visitor(bridge, ALICE).html(aipkit_activity="chat-22")

    assert opened.links["Hide activity"] == f"{PAGE_URL}#aipkit-usage"
    labels = [tag["aria-label"] for tag in opened.of_class("aipkit_activity_link")]
    assert "Hide activity: Support Bot" in labels
    assert opened.row("Nov 23, 2026, 11:59 AM") == ["gpt-5", "Token balance", "1,300"]


@pytest.mark.parametrize(
    "query",
    [
        {"aipkit_activity": "chat"},
        {"aipkit_activity": "chat-99"},
        {"aipkit_activity": "ai_forms-22"},
        {"aipkit_activity": "<script>"},
        {"aipkit_activity": "chat-22", "chatbot": "false"},
    ],
)
def test_the_dashboard_passes_over_what_names_none_of_its_rows(
    bridge: Bridge, query: dict[str, str]
) -> None:
    assert not Visitor(bridge, ALICE).html(**query).of_class("aipkit_activity")
