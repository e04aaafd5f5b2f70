"""Changes of many accounts, asked for and worked on as the worker does."""

import io
from itertools import count

from bridge.domain.bulks import Bulk
from bridge.domain.ids import Credits, UserId
from bridge.services.bulk.book import book_bulks, bulks_to_book
from bridge.services.bulk.decide import start_bulk
from bridge.services.bulk.make import BulkRequest, give_to_selected, import_file
from bridge.services.bulk.read import bulks_to_read, read_bulks
from bridge.services.bulk.view import get_bulk
from bridge.wiring import Bridge
from tests.support.site import SITE_URL, SiteDatabase

_numbers = count()


def add_crowd(site: SiteDatabase, first: int, last: int, *, balance: int | None = 100) -> range:
    """Add users who own credits, or with *balance* None nothing yet; return their ids."""
    numbers = f"seq_{first}_to_{last}"
    site.run(
        "INSERT INTO wp_users (ID, user_login, user_email, display_name, user_registered)"
        " SELECT seq, CONCAT('crowd', seq), CONCAT('c', seq, '@example.net'),"
        f" CONCAT('Crowd ', seq), '2020-01-01' FROM {numbers}"
    )
    if balance is not None:
        site.run(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value)"
            f" SELECT seq, '_aipkit_token_balance', %s FROM {numbers}",
            (balance,),
        )
    return range(first, last + 1)


def bulk_request(reason: str = "Spring gift") -> BulkRequest:
    """Return a request that nobody has made before."""
    return BulkRequest(f"form {next(_numbers)}".ljust(32).encode()[:32], reason, by="admin:1")


def give(bridge: Bridge, users: range, credits: int = 50) -> int:
    """Ask for credits for users, and have it started."""
    chosen = [UserId(user) for user in users]
    bulk_id = give_to_selected(bridge.db, bulk_request(), chosen, Credits(credits))
    start_bulk(bridge.db, bulk_id, by="admin:1")
    return bulk_id


def read_file(bridge: Bridge, text: str | bytes) -> Bulk:
    """Keep a file and have it read; return what was found."""
    content = text.encode() if isinstance(text, str) else text
    bulk_id = import_file(bridge.db, bulk_request(), io.BytesIO(content), "a.csv", len(content))
    while bulks_to_read(bridge.db):
        read_bulks(bridge.db)
    return get_bulk(bridge.db, bulk_id)


def book_all(bridge: Bridge) -> None:
    """Book what was started."""
    while bulks_to_book(bridge.db):
        book_bulks(bridge.db, bridge.spending, SITE_URL)
