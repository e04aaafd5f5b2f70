"""`/admin/webhooks`: what was sent to other programs."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from bridge.services.events.deliver import deliver_events
from bridge.services.events.watch import watch_events
from shop_stand_in.state import Line
from tests.support.admin import look, sign_in_browser
from tests.support.apps import create_app
from tests.support.forms import form_on
from tests.support.receiver import SECRET, Receiver, receiving
from tests.support.world import ALICE, SMALL, World

LIST = "/admin/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving("/hook?key=unseen-key") as listening:
        yield listening


@pytest.fixture
def told(world: World, receiver: Receiver) -> World:
    """A world in which an event waits that its receiver has refused for good."""
    listening = world.with_settings(webhooks=[receiver.setting()])
    watch_events(listening.bridge.db, listening.bridge.channels)
    listening.order(ALICE, Line(SMALL))
    listening.poll()
    watch_events(listening.bridge.db, listening.bridge.channels)
    receiver.statuses = [410]
    deliver(listening)
    return listening


def deliver(world: World) -> None:
    bridge = world.bridge
    deliver_events(bridge.db, bridge.webhooks, bridge.settings.site.url)


@pytest.fixture
def browser(told: World) -> FlaskClient:
    return sign_in_browser(create_app(told.bridge), told.bridge)


def test_the_list_says_what_became_of_an_event(browser: FlaskClient, receiver: Receiver) -> None:
    page = look(browser, LIST)

    (row,) = page.rows[1:]
    assert row[0].startswith("credits.granted")
    assert row[3] == "Given up The address answers HTTP 410."
    assert receiver.url.removeprefix("http://").partition("?")[0] in row[2]
    assert "unseen-key" not in page.source
    assert SECRET not in page.source


def test_an_event_is_sent_again(browser: FlaskClient, told: World, receiver: Receiver) -> None:
    form = form_on(look(browser, LIST).source, "/again")
    event_id = told.site.value("SELECT event_id FROM wp_aipkit_bridge_events")

    answer = browser.post(f"{LIST}/{event_id}/again", data=form)
    deliver(told)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{LIST}?done=again")
    assert len(receiver.arrived) == 2
    assert len(set(receiver.ids)) == 1
    assert "Arrived" in look(browser, LIST, done="again").text


def test_what_is_on_its_way_is_not_sent_twice(browser: FlaskClient, told: World) -> None:
    form = form_on(look(browser, LIST).source, "/again")
    event_id = told.site.value("SELECT event_id FROM wp_aipkit_bridge_events")
    browser.post(f"{LIST}/{event_id}/again", data=form)

    answer = browser.post(f"{LIST}/{event_id}/again", data=form)

    assert answer.status_code == 400
    assert "on its way already" in answer.text


def test_without_a_session_or_from_another_site_nothing_is_sent(
    browser: FlaskClient, told: World
) -> None:
    event_id = told.site.value("SELECT event_id FROM wp_aipkit_bridge_events")
    form = form_on(look(browser, LIST).source, "/again")
    stranger = create_app(told.bridge).test_client()

    assert browser.post(
        f"{LIST}/{event_id}/again", data={**form, "csrf": "x"}
    ).status_code == 403  # fmt: skip
    assert stranger.post(f"{LIST}/{event_id}/again", data=form).status_code == 401
    assert stranger.get(LIST).status_code == 401


def test_who_has_no_address_is_told_how(world: World) -> None:
    browser = sign_in_browser(create_app(world.bridge), world.bridge)

    assert "Nobody listens" in look(browser, LIST).text


def test_the_status_page_leads_there_and_shows_no_secret(browser: FlaskClient) -> None:
    page = look(browser, "/status")

    assert f'href="{LIST}"' in page.source
    assert SECRET not in page.source
    assert "unseen-key" not in page.source
