"""The status page's forms: they do what they say once, for managers, from our own page."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.jobs.runner import Leadership, run_job
from bridge.jobs.scheduler import timetable
from bridge.services.sign_in import csrf_token, sign_in
from shop_stand_in.state import Line
from tests.support.apps import create_app
from tests.support.site import USERS
from tests.support.visitor import Html
from tests.support.world import ALICE, BOB, SMALL, World

ADMIN = 1
SECRET_PARTS = ("shared-secret", "a1a1a1", "b2b2b2", "mysql://")


class Admin:
    """An admin's browser on the status page."""

    def __init__(self, world: World) -> None:
        bridge = world.bridge
        self.secret = sign_in(bridge.db, bridge.site, user_id=ADMIN, token_id="a-token-of-a-test")
        self.client: FlaskClient = create_app(bridge).test_client()
        self.client.set_cookie("aipkit_bridge_session", self.secret)

    def send(self, path: str, **fields: str) -> TestResponse:
        form = {"csrf": csrf_token(self.secret), **fields}
        return self.client.post(f"/admin/{path}", data=form)

    def look(self) -> Html:
        return Html(self.client.get("/status").text)


@pytest.fixture
def admin(world: World) -> Admin:
    return Admin(world)


@pytest.fixture
def guest_order(world: World) -> int:
    order_id = world.order(0, Line(SMALL), email="g@example.com")
    world.poll()
    return order_id


def add_finding(world: World, summary: str = "Something is wrong.") -> int:
    world.site.run(
        "INSERT INTO wp_aipkit_bridge_findings (kind, summary, evidence, found_at)"
        " VALUES ('foreign_change', %s, '{}', UTC_TIMESTAMP(6))",
        (summary,),
    )
    return int(world.site.value("SELECT MAX(finding_id) FROM wp_aipkit_bridge_findings"))


@pytest.mark.parametrize("called", [str(BOB), "bob", "bob@example.com", " BOB "])
def test_a_guests_order_goes_to_the_user_who_is_named(
    world: World, admin: Admin, guest_order: int, called: str
) -> None:
    answer = admin.send(f"orders/{guest_order}/assign", user=called)
    world.poll()

    assert (answer.status_code, answer.location) == (
        303,
        f"/status?done=assign&order={guest_order}",
    )
    world.site.assert_order(guest_order, state="granted", account_id=BOB, booked=10_000)
    assert f'"claimed_as":"admin:{ADMIN}"' in world.site.ledger()[-1]["meta"]


@pytest.mark.parametrize(
    ("called", "complaint"),
    [
        ("nobody", "nobody has the login or e-mail address nobody."),
        ("4711", "there is no user 4711."),
        ("   ", "user: a text of 1 to 500 characters."),
        ("<b>", "nobody has the login or e-mail address <b>."),
    ],
)
def test_a_wrong_user_is_told_and_stays_in_its_field(
    admin: Admin, guest_order: int, called: str, complaint: str
) -> None:
    answer = admin.send(f"orders/{guest_order}/assign", user=called)

    page = Html(answer.text)
    assert answer.status_code == 400
    assert complaint in page.text
    (field,) = [
        a for tag, a in page.tags if tag == "input" and a.get("id") == f"assign-{guest_order}"
    ]
    assert field["value"] == called
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_two_users_of_one_name_are_told_apart_by_their_id(
    world: World, admin: Admin, guest_order: int
) -> None:
    world.site.run("UPDATE wp_users SET user_email = 'bob' WHERE ID = %s", (USERS["alice"],))

    answer = admin.send(f"orders/{guest_order}/assign", user="bob")

    assert "more than one is called bob; give the id." in Html(answer.text).text


def test_a_dismissed_order_leaves_the_list_with_its_reason(
    world: World, admin: Admin, guest_order: int
) -> None:
    form = {"reason": "A test of ours.", "code": "guest_order"}

    for _ in range(2):
        answer = admin.send(f"orders/{guest_order}/dismiss", **form)
        assert answer.location == "/status?done=dismiss"

    page = admin.look()
    assert "Unclaimed orders" not in page.text
    assert f"A test of ours. · admin:{ADMIN}, " in page.text


def test_a_dismissed_order_can_be_listed_again(admin: Admin, guest_order: int) -> None:
    admin.send(f"orders/{guest_order}/dismiss", reason="Too early.", code="guest_order")

    answer = admin.send(f"orders/{guest_order}/list-again")

    page = admin.look()
    assert answer.location == "/status?done=list_again"
    assert "Unclaimed orders" in page.text
    assert "Orders dismissed last" not in page.text


def test_an_order_that_somebody_owns_now_is_no_dismissed_one(
    world: World, admin: Admin, guest_order: int
) -> None:
    admin.send(f"orders/{guest_order}/dismiss", reason="A test.", code="guest_order")
    admin.send(f"orders/{guest_order}/assign", user="bob")
    world.poll()

    assert "Orders dismissed last" not in admin.look().text


def test_an_order_that_has_changed_since_it_was_shown_is_not_dismissed(
    world: World, admin: Admin, guest_order: int
) -> None:
    answer = admin.send(f"orders/{guest_order}/dismiss", reason="x", code="bad_amount")

    assert "it has changed meanwhile; look at its reason again." in Html(answer.text).text
    assert f"#{guest_order}" in admin.look().links


def test_trying_again_has_the_worker_look_at_the_order(
    world: World, admin: Admin, guest_order: int
) -> None:
    world.site.run("UPDATE wp_aipkit_bridge_orders SET look_again_at = NULL")

    answer = admin.send(f"orders/{guest_order}/retry")

    assert answer.location == f"/status?done=retry&order={guest_order}"
    sql = "SELECT look_again_at <= UTC_TIMESTAMP(6) FROM wp_aipkit_bridge_orders"
    assert world.site.value(sql) == 1


def test_a_finding_is_resolved_once_and_says_by_whom(world: World, admin: Admin) -> None:
    finding = add_finding(world, "Look <b>here</b>.")

    admin.send(f"findings/{finding}/resolve", reason="It was <i>me</i>.")
    admin.send(f"findings/{finding}/resolve", reason="Somebody else says this later.")

    page = admin.look()
    assert "Open findings 0" in page.text
    assert "Look <b>here</b>. It was <i>me</i>. · admin:1, " in page.text
    assert "later" not in page.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("orders/99999/retry", 404),
        (f"orders/{2**63}/retry", 400),
        ("orders/99999/dismiss", 404),
        ("findings/4711/resolve", 400),
        (f"findings/{2**64}/resolve", 400),
    ],
)
def test_what_is_not_there_is_told_on_the_page(admin: Admin, path: str, status: int) -> None:
    answer = admin.send(path, reason="x")

    assert answer.status_code == status
    assert Html(answer.text).of_class("notice")[0]["role"] == "alert"


def test_reading_the_shop_now_polls_once_also_while_it_is_left_in_peace(
    world: World, admin: Admin
) -> None:
    order_id = world.order()
    world.site.run(
        "REPLACE INTO wp_aipkit_bridge_state (name, value, changed_at) VALUES ('shop_health',"
        ' \'{"fault": "timeout", "failures": 9, "retry_at": "2999-01-01T00:00:00+00:00"}\','
        " NOW())"
    )
    leadership = Leadership(world.bridge, "host:1")
    leadership.renew()
    (job,) = [job for job in timetable(world.bridge) if job.name == "poll_when_asked"]
    run_job(world.bridge, leadership, job)
    assert world.site.order(order_id) is None, "nobody has asked"

    admin.send("poll")
    run_job(world.bridge, leadership, job)
    run_job(world.bridge, leadership, job)

    assert world.site.order(order_id) is not None
    sql = "SELECT runs FROM wp_aipkit_bridge_jobs WHERE name = 'poll_when_asked'"
    assert world.site.value(sql) == 1


def test_comparing_the_books_now_is_the_workers_and_its_result_is_shown(
    world: World, admin: Admin
) -> None:
    world.order()
    world.poll()
    leadership = Leadership(world.bridge, "host:1")
    leadership.renew()
    (job,) = [job for job in timetable(world.bridge) if job.name == "reconcile"]
    run_job(world.bridge, leadership, job)
    world.site.set_balance(ALICE, 5)

    assert admin.send("reconcile").location == "/status?done=reconcile"
    run_job(world.bridge, leadership, job)

    text = admin.look().text
    assert "balances, orders, answers, accounts' holds 1, 1, 0, 1" in text
    assert "unexplained balances, new findings 1, 0" in text


@pytest.mark.parametrize(
    "path",
    ["orders/{order}/retry", "orders/{order}/assign", "orders/{order}/dismiss",
     "orders/{order}/list-again",
     "findings/{finding}/resolve", "poll", "reconcile"],
)  # fmt: skip
def test_forms_from_elsewhere_and_without_a_session_do_nothing(
    world: World, admin: Admin, guest_order: int, path: str
) -> None:
    address = path.format(order=guest_order, finding=add_finding(world))
    before = everything(world)

    elsewhere = admin.send(address, csrf="guessed", user="bob", reason="x")
    stranger = (
        create_app(world.bridge)
        .test_client()
        .post(
            f"/admin/{address}",
            data={"csrf": csrf_token(admin.secret), "user": "bob", "reason": "x"},
        )
    )

    assert (elsewhere.status_code, stranger.status_code) == (403, 401)
    assert "The form has expired" in Html(elsewhere.text).text
    assert everything(world) == before


def everything(world: World) -> list[object]:
    tables = ("orders", "findings", "state")
    return [world.site.rows(f"SELECT * FROM wp_aipkit_bridge_{table}") for table in tables]


def test_the_configuration_is_shown_without_a_secret(world: World) -> None:
    keys = [{"name": "chat", "sha256": "5e" * 32, "scopes": ["usage", "read"]}]
    configured = world.with_settings(security={"api_keys": keys})

    page = Admin(configured).look()

    assert "woocommerce.consumer_key set, not shown" in page.text
    assert "woocommerce.webhook_secret –" in page.text
    assert "security.api_keys chat (usage, read)" in page.text
    assert "grants.since 2026-01-01T00:00:00Z" in page.text
    assert "grants.statuses completed" in page.text
    assert not [part for part in (*SECRET_PARTS, "5e5e5e") if part in page.source]


def test_an_unknown_message_in_the_address_says_nothing(admin: Admin) -> None:
    page = Html(admin.client.get("/status?done=<b>you+won</b>").text)

    assert "you won" not in page.text
    assert page.of_class("notice") == []


def test_a_guests_order_is_given_to_the_older_account_with_its_address_once(
    world: World, admin: Admin
) -> None:
    order_id = world.order(0, Line(SMALL), email="alice@example.com")
    world.poll()
    page = admin.look()
    assert "An account has this address. Give it to Alice Example" in page.text
    (form,) = [a for tag, a in page.tags if tag == "form" and a["action"].endswith("assign")][:1]
    user = next(a["value"] for tag, a in page.tags if a.get("name") == "user")

    for _ in range(2):
        admin.client.post(form["action"], data={"csrf": csrf_token(admin.secret), "user": user})
    world.poll()
    admin.client.post(form["action"], data={"csrf": csrf_token(admin.secret), "user": user})
    world.poll()

    assert world.site.booked(order_id) == world.site.balance(ALICE) == 10_000
    assert [row["context_id"] for row in world.site.ledger()].count(order_id) == 1
    world.site.assert_balanced()


def test_a_younger_account_with_the_address_is_told_but_not_offered(
    world: World, admin: Admin
) -> None:
    world.site.run("UPDATE wp_users SET user_registered = '2999-01-01' WHERE ID = %s", (ALICE,))
    order_id = world.order(0, Line(SMALL), email="alice@example.com")
    world.poll()

    page = admin.look()

    assert "Alice Example registered with this address after the order" in page.text
    assert "Give it to" not in page.text
    (field,) = [a for tag, a in page.tags if a.get("id") == f"assign-{order_id}"]
    assert field["value"] == "alice"


def news_of(admin: Admin, address: str) -> tuple[str, bool]:
    """Return what the page tells of the order, and whether it still waits."""
    page = Html(admin.client.get(address).text)
    (told,) = [a for _, a in page.tags if a.get("id") == "order-news"]
    text = page.text.split("Skip to content")[1].split("Sign out")[1]
    return text, "data-pending" in told


def test_the_page_waits_until_the_worker_has_looked_and_says_what_came_of_it(
    world: World, admin: Admin, guest_order: int
) -> None:
    answer = admin.send(f"orders/{guest_order}/assign", user="bob")
    address = answer.location
    assert address is not None

    text, is_pending = news_of(admin, address)
    assert (f"The worker looks at order #{guest_order} now" in text, is_pending) == (True, True)
    assert b"order_news.js" in admin.client.get(address).data
    world.poll()

    text, is_pending = news_of(admin, address)
    assert f"Order #{guest_order}: Bob Example has its 10,000 tokens." in text
    assert not is_pending
    assert b"order_news.js" not in admin.client.get(address).data


def test_an_order_that_still_asks_says_so_after_another_try(world: World, admin: Admin) -> None:
    world.site.set_amount(SMALL, "ten")
    order_id = world.order(ALICE, Line(SMALL))
    world.poll()
    address = admin.send(f"orders/{order_id}/retry").location
    assert address is not None
    assert news_of(admin, address)[1]

    world.poll()

    text, is_pending = news_of(admin, address)
    assert f"Order #{order_id} is not granted yet." in text
    assert "its product has “ten”" in text
    assert not is_pending


def test_an_order_asks_with_a_link_to_its_product(world: World, admin: Admin) -> None:
    world.site.set_amount(SMALL, "ten")
    world.order(ALICE, Line(SMALL))
    world.poll()

    links = admin.look().links

    assert links["Open the product"].endswith(f"/wp-admin/post.php?post={SMALL}&action=edit")
    assert links["Alice Example"] == f"/admin/credits/{ALICE}"


def test_the_answer_leads_back_to_the_account_that_it_came_from(
    admin: Admin, guest_order: int
) -> None:
    answer = admin.send(f"orders/{guest_order}/retry", back=str(ALICE))

    assert answer.location == f"/admin/credits/{ALICE}?done=retry&order={guest_order}"
