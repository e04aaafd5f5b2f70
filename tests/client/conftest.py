"""The bridge over real HTTP, and a client of it."""

from collections.abc import Iterator

import pytest

from bridge.client import Client
from tests.support.apps import create_app
from tests.support.client import API_KEY
from tests.support.serving import serve
from tests.support.site import SiteDatabase
from tests.support.spending import BOT, Desk


@pytest.fixture
def desk(site: SiteDatabase) -> Desk:
    """Bob, with 10,000 credits and 1,000 free ones a day in a chat; its notice sells more."""
    site.run(
        "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES"
        " (%(bot)s, '_aipkit_token_limit_message', 'Nothing is left.'),"
        " (%(bot)s, '_aipkit_token_limit_primary_action_type', 'buy_credits')",
        {"bot": BOT},
    )
    return Desk(site)


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    with serve(create_app(desk.bridge)) as url:
        yield url


@pytest.fixture
def bridge(address: str) -> Iterator[Client]:
    """A back end's client; what it has to wait for does not pass in these tests."""
    client = Client(address, API_KEY, sleep=lambda _: None)
    yield client
    client.close()
