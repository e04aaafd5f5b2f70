"""Pictures of every screen for the documents, as a person sees it at first."""

from datetime import datetime, timedelta

import pytest

from bridge.services.hold_lease import take_lease
from bridge.wiring import Bridge
from tests.browser.looking import Open, picture_of, to_take
from tests.browser.test_credits import GRACE, let_all_own_and_use
from tests.browser.test_limits import put_rules
from tests.browser.test_reports import ZONE, put_sales, put_uses
from tests.support.folders import IMAGES
from tests.support.site import IDS, SiteDatabase

CREDITS = "/admin/credits"
YESTERDAY = (datetime.now(ZONE) - timedelta(days=1)).date()
SCREENS = {
    "credits": CREDITS,
    "credits-account": f"{CREDITS}/{GRACE}",
    "limits": f"{CREDITS}/limits",
    "limits-form": f"{CREDITS}/limits/chat-{IDS['bots']['Sales Bot']}",
    "prices": f"{CREDITS}/prices",
    "reports": f"{CREDITS}/reports",
    "reports-usage": f"{CREDITS}/reports/usage?from={YESTERDAY}&to={YESTERDAY}",
    "import": f"{CREDITS}/import",
    "webhooks": "/admin/webhooks",
    "status": "/status",
}
WAYS: dict[str, dict[str, object]] = {
    "": {},
    "-dark": {"color_scheme": "dark"},
    "-360": {"viewport": {"width": 360, "height": 780}},
    "-de": {"locale": "de-DE"},
}
LARGEST = 60_000


@pytest.fixture
def site(site: SiteDatabase) -> SiteDatabase:
    return site.without_peer()


@pytest.fixture
def bridge(bridge: Bridge, site: SiteDatabase) -> Bridge:
    """One with something on every screen."""
    take_lease(bridge.db, "worker", "host-1", 600)
    put_sales(site)
    put_uses(site)
    put_rules(site)
    let_all_own_and_use(bridge, site)
    return bridge


def test_every_screen_has_pictures(open_page: Open, request: pytest.FixtureRequest) -> None:
    """All of them are taken anew with `--pictures`."""
    views = {
        f"{name}{way}": (path, {"viewport": {"width": 1280, "height": 800}, **more})
        for name, path in SCREENS.items()
        for way, more in WAYS.items()
    }
    for name, (path, more) in to_take(views, request).items():
        picture = picture_of(open_page(path, **more))

        assert len(picture) > LARGEST / 10
        if request.config.getoption("--pictures"):
            (IMAGES / f"{name}.webp").write_bytes(picture)

    sizes = {name: (IMAGES / f"{name}.webp").stat().st_size for name in views}
    assert not [name for name, size in sizes.items() if size > LARGEST]
