"""`GET /v1/fragments/token-usage`: what a visitor sees of their balance and allowances."""

import re
from datetime import UTC, datetime

import pytest

from bridge.services.orders.poll_shop import poll_shop
from bridge.services.reports.keep_user_days import keep_user_days
from bridge.store.tx import Tx
from bridge.wiring import Bridge
from shop_stand_in.shop import RunningShop
from tests.support.client import API_KEY, api_key, bearer, make_token
from tests.support.folders import PLUGIN
from tests.support.site import USERS, SiteDatabase
from tests.support.visitor import FRAGMENT, LOGIN_URL, Html, Visitor

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
BOT = 'Bot "X" <i>&</i>'


@pytest.fixture
def bridge(site: SiteDatabase, recorded_shop: RunningShop) -> Bridge:
    """The recorded site, its orders granted, on the day after the recording."""
    bridge = site.bridge(recorded_shop.url, now=NOW, security=api_key("read"))
    poll_shop(bridge.import_context(), bridge.shop)
    return bridge


def set_meta(site: SiteDatabase, user_id: int, **values: object) -> None:
    for key, value in values.items():
        site.run("DELETE FROM wp_usermeta WHERE user_id = %s AND meta_key = %s", (user_id, key))
        site.run(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)",
            (user_id, key, str(value)),
        )


def see(bridge: Bridge, name: str, **query: str) -> Html:
    return Visitor(bridge, USERS[name]).html(**query)


def test_the_dashboard_shows_the_balance_large(bridge: Bridge) -> None:
    page = see(bridge, "erin")

    assert "Token balance 60,250" in page.text
    assert "Reserved" not in page.text
    assert page.of_class("aipkit_balance_value")
    (section,) = page.of_class("aipkit_token_usage_dashboard")
    assert (section["lang"], section["dir"]) == ("en-US", "ltr")


def test_themes_find_the_class_names_they_know(bridge: Bridge) -> None:
    page = see(bridge, "alice", intro="Hello")

    for name in (
        "aipkit_token_usage_dashboard",
        "aipkit_token_usage_dashboard_header",
        "aipkit_token_usage_dashboard_title",
        "aipkit_token_usage_dashboard_content",
        "aipkit_usage_table",
        "aipkit_progress_bar_container",
        "aipkit_progress_bar_filled",
    ):
        assert page.of_class(name), name


def test_the_answer_is_never_kept_by_a_cache(bridge: Bridge) -> None:
    response = Visitor(bridge, USERS["alice"]).get()

    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("name", "bot", "limit", "remaining", "renews"),
    [
        ("alice", "Sales Bot", "5,000", "5,000", "Dec 1, 2026"),
        ("alice", "Support Bot", "10,000", "10,000", "Nov 24, 2026"),
        ("bob", "Sales Bot", "No free allowance", "0", "–"),
        ("bob", "AI Forms", "Unlimited", "Unlimited", "Dec 1, 2026"),
        ("grace", "AI Forms", "2,000", "2,000", "Dec 1, 2026"),
        ("frank", "AI Forms", "8,000", "8,000", "Dec 1, 2026"),
        ("frank", "Image generator", "50", "50", "Nov 30, 2026"),
    ],
)
def test_limits_follow_roles(
    bridge: Bridge, name: str, bot: str, limit: str, remaining: str, renews: str
) -> None:
    assert see(bridge, name).row(bot) == ["0", limit, remaining, renews]


def test_an_unlimited_chatbot_shows_only_once_used(bridge: Bridge, site: SiteDatabase) -> None:
    carol = USERS["carol"]
    assert "Sales Bot" not in see(bridge, "carol").text

    set_meta(site, carol, _aipkit_token_usage_23=77)

    assert see(bridge, "carol").row("Sales Bot") == [
        "77", "Unlimited", "Unlimited", "Dec 1, 2026",
    ]  # fmt: skip


def test_used_counts_in_the_current_period_only(bridge: Bridge, site: SiteDatabase) -> None:
    alice = USERS["alice"]
    today, yesterday = (int(NOW.timestamp()) - age for age in (60, 86_400))
    set_meta(site, alice, _aipkit_token_usage_22=8_600, _aipkit_last_token_reset_22=today)
    assert see(bridge, "alice").row("Support Bot")[:3] == ["8,600", "10,000", "1,400"]

    set_meta(site, alice, _aipkit_last_token_reset_22=yesterday)
    assert see(bridge, "alice").row("Support Bot")[:3] == ["0", "10,000", "10,000"]


def test_the_bar_says_what_it_shows(bridge: Bridge, site: SiteDatabase) -> None:
    set_meta(
        site,
        USERS["alice"],
        _aipkit_token_usage_22=12_000,
        _aipkit_last_token_reset_22=int(NOW.timestamp()),
    )
    page = see(bridge, "alice")

    bars = {bar["aria-label"]: bar for bar in page.of_class("aipkit_progress_bar_container")}
    bar = bars["Support Bot"]
    assert (bar["role"], bar["aria-valuemin"], bar["aria-valuemax"]) == (
        "progressbar", "0", "10000",
    )  # fmt: skip
    assert bar["aria-valuenow"] == "10000", "more than the limit is a full bar"
    assert bar["aria-valuetext"] == "12,000 of 10,000 used"
    assert page.row("Support Bot")[2] == "0"
    widths = [found["style"] for found in page.of_class("aipkit_progress_bar_filled")]
    assert "width:100%" in widths
    assert all(re.fullmatch(r"width:\d{1,3}%", width) for width in widths)


def folded(page: Html) -> list[str]:
    """The names in the folded table."""
    source = page.source.partition('<details class="aipkit_more"')[2].partition("</details>")[0]
    return [row[0] for row in Html(source).rows if row][1:]


def test_what_is_unlimited_and_unused_is_folded(bridge: Bridge, site: SiteDatabase) -> None:
    page = see(bridge, "bob")
    assert folded(page) == ["AI Forms"]
    assert "1 more" in page.text
    assert page.row("AI Forms")[1] == "Unlimited"

    set_meta(site, USERS["bob"], _aipkit_aiforms_tokens_used=5)

    assert folded(see(bridge, "bob")) == []
    assert see(bridge, "bob").row("AI Forms")[:2] == ["5", "Unlimited"]


def test_a_folded_row_is_open_while_its_activity_is_shown(bridge: Bridge) -> None:
    def is_open(**query: str) -> bool:
        (details,) = see(bridge, "bob", **query).of_class("aipkit_more")
        return "open" in details

    assert not is_open()
    assert is_open(aipkit_activity="ai_forms")


def test_where_all_is_unlimited_and_unused_it_is_folded_behind_a_sentence(
    bridge: Bridge,
) -> None:
    page = see(bridge, "bob", chatbot="false", imagegenerator="false")

    assert folded(page) == ["AI Forms"]
    assert "no limits apply to you. Show all" in page.text


def test_held_credits_are_told_apart(bridge: Bridge, site: SiteDatabase) -> None:
    site.hold(USERS["erin"], 250)

    text = see(bridge, "erin").text

    assert "Token balance 60,250 Reserved for running requests 250 Available now 60,000" in text


def test_a_balance_below_zero_is_a_debt_with_a_sentence(
    bridge: Bridge, site: SiteDatabase
) -> None:
    site.run(
        "UPDATE wp_aipkit_bridge_accounts SET debt = 61250 WHERE user_id = %s", (USERS["erin"],)
    )

    page = see(bridge, "erin")

    assert "Token balance -1,000" in page.text
    assert "Your balance is below zero" in page.text
    assert page.of_class("aipkit_balance_debt")


def test_switches_hide_rows_button_and_history(bridge: Bridge) -> None:
    def names(**query: str) -> set[str]:
        return {row[0] for row in see(bridge, "alice", **query).rows if row}

    everything = {"Sales Bot", "Support Bot", "AI Forms", "Image generator"}
    assert everything <= names()
    assert names(chatbot="false") & everything == {"AI Forms", "Image generator"}
    assert "AI Forms" not in names(aiforms="false")
    assert "Image generator" not in names(imagegenerator="FALSE")
    assert "#26" not in names(purchasehistory="false")
    nothing = see(bridge, "alice", chatbot="false", aiforms="false", imagegenerator="false")
    assert not nothing.of_class("aipkit_usage")
    assert "Buy credits" not in see(bridge, "alice", buycredits="false").text
    assert "Purchase history" not in see(bridge, "alice", purchasehistory="false").text


def test_modules_that_are_not_enabled_are_not_shown(site: SiteDatabase) -> None:
    bridge = site.bridge(now=NOW, modules={"enabled": ["chat"]})

    assert "AI Forms" not in see(bridge, "alice").text
    assert "Image generator" not in see(bridge, "alice").text


def test_somebody_with_nothing_reads_that(site: SiteDatabase) -> None:
    site.run("UPDATE wp_posts SET post_status = 'draft' WHERE post_type = 'aipkit_chatbot'")
    bridge = site.bridge(now=NOW)

    page = see(bridge, "frank", aiforms="false", imagegenerator="false")

    assert "Token balance 0" in page.text
    assert "You have not used anything yet" in page.text
    assert "You have not bought any tokens yet." in page.text


def test_the_button_goes_to_the_shop_or_where_the_author_says(bridge: Bridge) -> None:
    assert see(bridge, "alice").links["Buy credits"] == "http://127.0.0.1:8090/shop/"
    page = see(bridge, "alice", buycreditsurl="/packs/?a=1&b=2", buycreditslabel="Get more")
    assert page.links["Get more"] == "/packs/?a=1&b=2"
    bad = see(bridge, "alice", buycreditsurl="javascript:alert(1)")
    assert bad.links["Buy credits"] == "http://127.0.0.1:8090/shop/"


def test_title_and_intro_are_the_authors(bridge: Bridge) -> None:
    assert "Token usage" in see(bridge, "alice").text
    page = see(bridge, "alice", title="  My <b>credits</b>  ", intro="a & b")
    assert "My <b>credits</b> a & b" in page.text
    assert "<b>" not in page.source
    without = see(bridge, "alice", title="")
    assert not without.of_class("aipkit_token_usage_dashboard_title")


def test_titles_of_chatbots_are_text(bridge: Bridge, site: SiteDatabase) -> None:
    set_meta(site, USERS["alice"], _aipkit_token_usage_24=5)

    page = see(bridge, "alice")

    assert page.row(BOT) == ["5", "Unlimited", "Unlimited", "Never"]
    assert not [tag for tag, _ in page.tags if tag == "i"]


def test_a_guest_is_asked_to_log_in(bridge: Bridge) -> None:
    page = Visitor(bridge, 0).html(login_url=LOGIN_URL)

    assert page.of_class("aipkit-login-prompt")
    assert page.links == {"Log in": LOGIN_URL}
    assert "balance" in page.text
    assert not page.of_class("aipkit_token_usage_dashboard")
    assert Visitor(bridge, 0).html(login_url="//evil.example").links == {}


def test_only_a_visitors_token_is_served(bridge: Bridge) -> None:
    client = Visitor(bridge, 0).app.test_client()

    assert client.get(FRAGMENT).status_code == 401
    other = bearer(make_token(2, "read usage"))
    assert client.get(FRAGMENT, headers=other).status_code == 403
    assert client.get(FRAGMENT, headers=bearer(API_KEY)).status_code == 403
    assert Visitor(bridge, 999_999).get().status_code == 404


def test_wordpress_lets_all_of_it_through(bridge: Bridge, site: SiteDatabase) -> None:
    """The plugin removes what its list does not name: every tag and attribute must be on it."""
    source = (PLUGIN / "inc/fragment-html.php").read_text()

    def constant(name: str) -> set[str]:
        (body,) = re.findall(rf"const {name}\s*= array\((.*?)\n\);", source, re.DOTALL)
        return set(re.findall(r"'([a-z0-9*-]+)'", body))

    site.hold(USERS["alice"], 250)
    tags = constant("PLAIN_TAGS") | constant("ATTRIBUTES_OF_TAGS")
    attributes = constant("COMMON_ATTRIBUTES") | constant("ATTRIBUTES_OF_TAGS") | {"data-label"}
    site.run(
        "INSERT INTO wp_aipkit_token_ledger (user_id, actor_type, module, operation,"
        " credits_delta, entry_type, created_at)"
        " VALUES (%s, 'user', 'chat', 'x', -5, 'usage', %s)",
        (USERS["alice"], NOW.replace(tzinfo=None)),
    )
    keep_user_days(bridge.db)
    page = see(bridge, "alice", intro="Hi", aipkit_page="2")
    assert page.of_class("aipkit_chart")
    guest = Visitor(bridge, 0).html(login_url=LOGIN_URL)
    for tag, found in [*page.tags, *see(bridge, "alice").tags, *guest.tags]:
        assert tag in tags
        assert set(found) <= attributes, tag


def test_it_takes_few_statements(bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(bridge, USERS["alice"])
    visitor.html()
    statements: list[str] = []
    run = Tx.run

    def count(tx: Tx, sql: str, args: object = None) -> int:
        statements.append(sql)
        return run(tx, sql, args)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(Tx, "run", count)

    Visitor(bridge, USERS["alice"]).html()

    assert len(statements) <= 6, statements


def notice(page: Html) -> bool:
    (found,) = page.of_class("aipkit_notice") or [{}]
    return found.get("role") == "status"


def test_a_balance_below_a_tenth_of_the_last_package_is_said_to_be_low(
    bridge: Bridge, site: SiteDatabase
) -> None:
    erin = USERS["erin"]  # her last order granted 60,000
    site.set_balance(erin, 6_000)
    assert not notice(see(bridge, "erin"))

    site.set_balance(erin, 5_999)

    for page in (see(bridge, "erin"), see(bridge, "erin", purchasehistory="0", aipkit_page="2")):
        assert notice(page)
        assert "Your token balance is running low." in page.text
        assert page.text.count("Buy credits") == 1


def test_what_was_taken_back_is_no_last_package(bridge: Bridge, site: SiteDatabase) -> None:
    site.set_balance(USERS["erin"], 5_999)
    site.run("UPDATE wp_aipkit_bridge_orders SET reversed = granted WHERE order_id = 32")

    assert not notice(see(bridge, "erin"))


def use_free(site: SiteDatabase, name: str, **used: int) -> None:
    set_meta(site, USERS[name], **used)
    if "_aipkit_token_usage_22" in used:
        set_meta(site, USERS[name], _aipkit_last_token_reset_22=int(NOW.timestamp()))


@pytest.mark.parametrize(
    ("used", "text"),
    [
        (8_999, ""),
        (9_000, "Your free limit for Support Bot is nearly used up."),
        (10_000, "Your free limit for Support Bot is used up."),
    ],
)
def test_without_a_balance_a_free_limit_that_ends_is_told(
    bridge: Bridge, site: SiteDatabase, used: int, text: str
) -> None:
    use_free(site, "frank", _aipkit_token_usage_22=used)

    page = see(bridge, "frank")

    assert notice(page) is bool(text)
    assert text in page.text
    assert page.text.count("Buy credits") == 1


def test_several_free_limits_are_told_in_one_line(bridge: Bridge, site: SiteDatabase) -> None:
    use_free(site, "frank", _aipkit_token_usage_22=9_500, _aipkit_img_tokens_used=50)

    page = see(bridge, "frank", buycredits="0")

    assert notice(page)
    assert "Several of your free limits are used up or nearly used up." in page.text
    assert "Buy credits" not in page.text


def test_names_in_the_notice_are_text(site: SiteDatabase) -> None:
    site.run("UPDATE wp_posts SET post_title = '%s <b>Bot</b>' WHERE ID = 22")
    bridge = site.bridge(now=NOW)
    use_free(site, "frank", _aipkit_token_usage_22=10_000)

    assert "free limit for %s <b>Bot</b> is used up" in see(bridge, "frank").text
