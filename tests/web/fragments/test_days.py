"""The chart of a visitor's last thirty days, out of sums that the worker keeps."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from bridge.services.reports.keep_user_days import keep_user_days
from bridge.store import user_days
from bridge.store.columns import naive
from bridge.store.tx import Args, Row, Tx
from bridge.wiring import Bridge
from tests.support.site import USERS, Clock, SiteDatabase
from tests.support.visitor import Html, Visitor

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Istanbul")  # the recorded site's
ERIN = USERS["erin"]
TITLES = count()
INSERT = """
    INSERT INTO wp_aipkit_token_ledger
           (user_id, actor_type, module, operation, credits_delta, entry_type, meta, created_at)
    VALUES (%s, 'user', %s, 'x', %s, %s, '{}', %s)
"""


def use(
    site: SiteDatabase,
    at: datetime,
    credits: int,
    *,
    user: int = ERIN,
    module: str = "chat",
    kind: str = "usage",
) -> None:
    site.run(INSERT, (user, module, -credits, kind, naive(at)))


def shown(bridge: Bridge, **query: str) -> Html:
    """The fragment, made anew: one that is kept may be a minute old where only sums came."""
    return Visitor(bridge, ERIN).html(title=str(next(TITLES)), **query)


def bars(page: Html) -> dict[str, str]:
    """What the chart tells of each day, to those who do not see it."""
    charts = page.of_class("aipkit_chart")
    told = charts[0]["aria-label"].split("; ") if charts else ()
    return dict(one.split(": ") for one in told)


def test_what_was_used_stands_by_the_sites_days(site: SiteDatabase) -> None:
    bridge = site.bridge(now=NOW)
    use(site, datetime(2026, 11, 22, 20, 59, tzinfo=UTC), 1_200)  # 23:59 there
    use(site, datetime(2026, 11, 22, 21, 0, tzinfo=UTC), 300)
    use(site, datetime(2026, 11, 23, 9, 0, tzinfo=UTC), 40, module="ai_forms")
    use(site, NOW - timedelta(minutes=5), 7)
    use(site, NOW, 9, user=USERS["bob"])
    use(site, NOW, -500, kind="purchase")
    use(site, datetime(2026, 10, 20, tzinfo=UTC), 5_000)  # long ago
    assert not bars(shown(bridge)), "nobody has summed the ledger yet, and nobody reads all of it"

    keep_user_days(bridge.db)
    page = shown(bridge)

    assert bars(page) == {"Nov 22": "1,200", "Nov 23": "340", "Nov 24": "7"}
    assert "Used: 1,547 · Most on one day: 1,200 (Nov 22)" in page.text
    assert "Oct 26 Nov 24" in page.text, "the first day and the last"
    heights = [int(bar["height"]) for tag, bar in page.tags if tag == "rect"]
    assert heights == [48, 13, 1], "a little is seen as well"
    assert bars(shown(bridge, aiforms="false"))["Nov 23"] == "300"
    assert not bars(shown(bridge, chatbot="0", aiforms="0", imagegenerator="0"))


def test_who_used_nothing_sees_no_chart(site: SiteDatabase) -> None:
    bridge = site.bridge(now=NOW)
    use(site, NOW - timedelta(days=40), 10)
    keep_user_days(bridge.db)

    assert not bars(shown(bridge))


def test_sums_and_ledger_together_are_right_at_any_moment(site: SiteDatabase) -> None:
    chance = random.Random(16)
    clock = Clock(NOW - timedelta(days=33))
    bridge = site.bridge(clock=clock)
    expected: Counter[date] = Counter()
    while clock.now < NOW:
        clock.advance(60 * chance.choice((1, 14, 50, 700, 3_000)))
        if chance.random() < 0.7:
            credits = chance.randint(-3, 40)
            use(site, clock.now, credits)
            expected[clock.now.astimezone(ZONE).date()] += credits
        if chance.random() < 0.6:
            keep_user_days(bridge.db)
        if chance.random() < 0.2:
            keep_user_days(bridge.db)
            today = clock.now.astimezone(ZONE).date()
            seen = {
                f"{day:%b} {day.day}": str(credits)
                for day, credits in expected.items()
                if credits > 0 and 0 <= (today - day).days < 30
            }
            assert bars(shown(bridge)) == seen


def test_whoever_comes_second_adds_nothing(site: SiteDatabase) -> None:
    bridge = site.bridge(now=NOW)
    use(site, NOW - timedelta(days=1), 10)
    keep_user_days(bridge.db)
    with bridge.db.reading() as tx:
        kept = user_days.kept(tx)
    before = user_days.Kept(kept.until - timedelta(days=2), kept.zone)

    added = bridge.db.transaction(
        lambda tx: user_days.add(tx, before, kept.until, date(2026, 11, 23))
    )

    assert added == 0
    assert bars(shown(bridge)) == {"Nov 23": "10"}


def test_the_days_of_another_zone_are_summed_anew(site: SiteDatabase) -> None:
    bridge = site.bridge(now=NOW)
    use(site, datetime(2026, 11, 22, 20, 59, tzinfo=UTC), 5)
    keep_user_days(bridge.db)
    site.run(
        "UPDATE wp_options SET option_value = 'Asia/Tokyo' WHERE option_name = 'timezone_string'"
    )
    bridge.site.forget()
    assert not bars(shown(bridge)), "not of these days"

    keep_user_days(bridge.db)

    assert bars(shown(bridge)) == {"Nov 23": "5"}


def test_what_a_page_reads_of_the_ledger_is_bounded(
    site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = site.bridge(now=NOW)
    keep_user_days(bridge.db)
    monkeypatch.setattr(user_days, "YOUNG_MAX", 3)
    for _ in range(3):
        use(site, NOW, 5)
    assert bars(shown(bridge)) == {"Nov 24": "15"}

    use(site, NOW, 5)

    assert not bars(shown(bridge)), "no chart rather than a wrong one"


def test_a_chart_stands_until_the_day_ends(site: SiteDatabase) -> None:
    end = datetime(2026, 11, 24, 21, tzinfo=UTC)
    clock = Clock(end - timedelta(seconds=30))
    site.run("DELETE FROM wp_postmeta WHERE meta_key = '_aipkit_token_reset_period'")
    bridge = site.bridge(clock=clock)
    use(site, clock.now - timedelta(days=29), 5)
    keep_user_days(bridge.db)

    before = Visitor(bridge, ERIN).get()
    clock.set(end)

    assert int(before.headers["X-Aipkit-Seconds"]) <= 30
    assert bars(Html(before.text))
    assert not bars(shown(bridge)), "the day it was used on is the thirty-first now"


def test_an_unchanged_page_does_not_ask_for_it(
    site: SiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = site.bridge(now=NOW)
    use(site, NOW, 5)
    keep_user_days(bridge.db)
    visitor = Visitor(bridge, ERIN)
    visitor.get()
    asked: list[str] = []
    read = Tx.all

    def ask(tx: Tx, sql: str, args: Args = None) -> list[Row]:
        asked.append(sql)
        return read(tx, sql, args)

    monkeypatch.setattr(Tx, "all", ask)

    visitor.get()
    assert len(asked) == 1

    use(site, NOW, 6)

    assert bars(visitor.html()) == {"Nov 24": "11"}
