"""The list of webhooks' deliveries in a browser."""

import pytest

from bridge.services.events.watch import watch_events
from bridge.wiring import Bridge
from tests.browser.looking import WIDTHS, Open, complaints_of_both_schemes
from tests.support.receiver import SECRET
from tests.support.site import SiteDatabase

URL = "https://crm.example/hooks/tokens?key=unseen"
LONG = "The address does not answer (ConnectTimeoutToAnUnbrokenlyLongName)."


@pytest.fixture
def bridge(site: SiteDatabase) -> Bridge:
    """One that has sent an event of each end."""
    bridge = site.bridge(webhooks=[{"url": URL, "secret": SECRET}])
    watch_events(bridge.db, bridge.channels)
    (channel,) = bridge.channels
    ends = (("NOW()", "NULL", 1, ""), ("NULL", "NULL", 10, LONG),
            ("NULL", "NOW() + INTERVAL 5 MINUTE", 2, LONG), ("NULL", "NOW()", 0, ""))  # fmt: skip
    for number, (arrived, due, attempts, error) in enumerate(ends, 101):
        site.run(
            "INSERT INTO wp_aipkit_bridge_events (event_id, event_key, type, data, happened_at)"
            " VALUES (%s, %s, 'credits.granted', '{\"order_id\": 26, \"user_id\": 2}', NOW())",
            (number, f"e{number}"),
        )
        site.run(
            f"INSERT INTO wp_aipkit_bridge_deliveries VALUES (%s, %s, %s, {due}, {arrived}, %s)",
            (number, channel.name, attempts, error),
        )
    return bridge


def test_deliveries(open_page: Open) -> None:
    page = open_page("/admin/webhooks")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert complaints_of_both_schemes(page) == [], width
