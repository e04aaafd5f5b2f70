"""Pages of the list of accounts: however they are found, they are what sorting everybody gives."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from bridge.domain.account_queries import AccountFilter, AccountQuery, SortKey
from bridge.domain.paging import Cursor
from bridge.domain.quotas import Module
from bridge.store import account_list, account_pages
from bridge.store.account_pages import ListedAccount, Place
from bridge.store.tx import Tx
from bridge.wiring import Bridge
from tests.support.oracle import explore
from tests.support.site import SiteDatabase

Account = dict[str, Any]

_IDS = [*range(8, 40), *range(95, 135), *range(298, 345), *range(1_190, 1_230), 30_000_000, 2**62]
_NAMES = ("Ada", "ada", "ADA", "Zoe")
_DAY = datetime(2026, 3, 1, tzinfo=UTC)
_COLUMNS = (
    "user_id", "balance", "used_chat", "used_ai_forms", "used_image_generator",
    "last_purchase_at", "last_activity_at", "login", "email", "name",
)  # fmt: skip
_INSERT = f"""
    INSERT INTO wp_aipkit_bridge_summaries ({", ".join(_COLUMNS)})
    VALUES ({", ".join(["%s"] * len(_COLUMNS))})
"""


def _account(number: int, user_id: int) -> Account:
    """Return one of many: figures that most share, ids that stand together, names that tie."""
    return {
        "user_id": user_id,
        "balance": number % 11 * 5 if number % 5 == 0 else 0,
        "used_chat": number % 90,
        "used_ai_forms": 0,
        "used_image_generator": 7 if user_id > 300 else 0,
        "last_purchase_at": _DAY + timedelta(days=number % 3),
        "last_activity_at": _DAY + timedelta(hours=number),
        "login": f"{'1' if number % 9 == 0 else 'user'}{number}",
        "email": f"{number % 7}c{number}@shop.example"
        if number % 13 == 0
        else f"u{number}@x.example",
        "name": "1st Hand" if number % 40 == 0 else _NAMES[number % len(_NAMES)],
    }


ACCOUNTS = [_account(number, user_id) for number, user_id in enumerate(_IDS)]

filters = st.builds(
    AccountFilter,
    search=st.sampled_from(["1", "3", "12", "30", "9", "11", "ada", "user1", "1st", "777", ""]),
    has_balance=st.booleans(),
    used_at_least=st.sampled_from([{}, {}, {Module.CHAT: 20}, {Module.IMAGE_GENERATOR: 5}]),
)
queries = st.builds(
    AccountQuery, filter=filters, sort=st.sampled_from(SortKey), descending=st.booleans()
)


@pytest.fixture(scope="module")
def bridge(shared_site: SiteDatabase) -> Bridge:
    bridge = shared_site.bridge()
    shared_site.run("DELETE FROM wp_aipkit_bridge_summaries")
    for account in ACCOUNTS:
        shared_site.run(_INSERT, [account[column] for column in _COLUMNS])
    return bridge


def _meets(account: Account, wanted: AccountFilter) -> bool:
    texts = (account[column] for column in ("user_id", "login", "email", "name"))
    return (
        any(str(text).lower().startswith(wanted.search) for text in texts)
        and (account["balance"] > 0 or not wanted.has_balance)
        and all(account[f"used_{m}"] >= least for m, least in wanted.used_at_least.items())
    )


def _sorted_plainly(query: AccountQuery) -> list[int]:
    def key(account: Account) -> Any:
        place = account[query.sort]
        return (place.lower() if isinstance(place, str) else place, account["user_id"])

    found = [account for account in ACCOUNTS if _meets(account, query.filter)]
    return [account["user_id"] for account in sorted(found, key=key, reverse=query.descending)]


def _pages(bridge: Bridge, query: AccountQuery, size: int) -> Iterator[Sequence[ListedAccount]]:
    behind: Cursor[Place] | None = None
    while True:
        with bridge.db.reading() as tx:
            selection = account_list.select(tx, query.filter, query.sort, anywhere=False)
            page = account_pages.list_page(tx, selection, query, behind=behind, limit=size)
        yield page
        if len(page) < size:
            return
        behind = Cursor(page[-1].place, page[-1].user_id)


@pytest.mark.parametrize("candidates", [12, 40, 10_000])
@explore(25, HealthCheck.function_scoped_fixture)  # the limits are the same for all examples
@given(query=queries, size=st.integers(6, 40), ahead=st.integers(1, 40))
def test_pages_hold_what_sorting_everybody_gives(
    bridge: Bridge,
    candidates: int,
    query: AccountQuery,
    size: int,
    ahead: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account_list, "MAX_COUNTED", candidates)
        patch.setattr(account_list, "MAX_CANDIDATES", candidates)
        patch.setattr(account_pages, "LOOK_AHEAD", ahead)
        pages = list(_pages(bridge, query, size))

    assert [row.user_id for page in pages for row in page] == _sorted_plainly(query)


@pytest.mark.parametrize("search", ["3", "12"])
@pytest.mark.parametrize("descending", [False, True])
def test_a_page_of_digits_looks_at_few_of_a_crowd_with_the_same_figure(
    site: SiteDatabase, search: str, *, descending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose ids begin so stand together, behind thousands of others."""
    monkeypatch.setattr(account_list, "MAX_COUNTED", 50)
    bridge = site.bridge()
    crowd = [*range(100_000, 100_100), *range(110_000, 113_000), *range(300_000, 300_100),
             *range(400_000, 403_000), *range(1_200_000, 1_200_100)]  # fmt: skip
    rows = ", ".join(f"({user}, 'somebody')" for user in crowd)
    site.run("DELETE FROM wp_aipkit_bridge_summaries")
    site.run(f"INSERT INTO wp_aipkit_bridge_summaries (user_id, login) VALUES {rows}")
    query = AccountQuery(AccountFilter(search), SortKey.USED_AI_FORMS, descending=descending)

    with bridge.db.reading() as tx:
        selection = account_list.select(tx, query.filter, query.sort, anywhere=False)
        before = _handled(tx)
        page = account_pages.list_page(tx, selection, query, behind=None, limit=10)
        looked_at = _handled(tx) - before

    found = sorted((u for u in crowd if str(u).startswith(search)), reverse=descending)
    assert [row.user_id for row in page] == found[:10]
    assert looked_at < account_pages.LOOK_AHEAD + 200


def _handled(tx: Tx) -> int:
    """Return how many rows the database has looked at for this connection."""
    return sum(int(row["Value"]) for row in tx.all("SHOW SESSION STATUS LIKE 'Handler_read%%'"))
