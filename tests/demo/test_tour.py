"""`make demo`: what it shows, and that it is all there."""

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from demo.running import SECRET
from demo.site import PACKS, WORKSHOP
from tests.browser.looking import WIDTHS, complaints_of_both_schemes
from tests.support.folders import IMAGES
from tests.support.processes import finish, spawn
from tests.support.waiting import wait_until

from .conftest import RunningDemo, start_demo
from .first_picture import take_first_picture

ADA = 2
SCREENS = {
    "Credits": "/admin/credits",
    "Prices and limits": "/admin/credits/limits",
    "Status": "/status",
}
SPENT = {"chat": (200, 120, 80), "image": (400, 400, 0)}
_LINK = re.compile(r'<(?:a|link)\b[^>]*\shref="([^"#]+)"')
_FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_ACTION = re.compile(r'<form method="post" action="([^"]+)"')


def sign_in(visitor: requests.Session, demo: RunningDemo, screen: str) -> requests.Response:
    """Follow a printed address as a browser without JavaScript does: one click."""
    page = visitor.get(demo.address(screen))
    form = page.text.partition("</header>")[2]
    action = _ACTION.search(form)
    assert action
    return visitor.post(unescape(action[1]), data=dict(_FIELD.findall(form)))


def balance(demo: RunningDemo) -> int:
    return int(ask(demo, f"/v1/accounts/{ADA}")["available"])


def ask(demo: RunningDemo, path: str) -> dict[str, Any]:
    key = {"Authorization": f"Bearer {SECRET}"}
    answer = requests.get(f"http://127.0.0.1:{demo.port}{path}", headers=key, timeout=30)
    found: dict[str, Any] = answer.json()
    return found


def test_every_printed_address_opens_without_a_password(
    demo: RunningDemo, visitor: requests.Session
) -> None:
    assert "Buy tokens" in visitor.get(demo.address("Shop")).text
    assert "Token balance" in visitor.get(demo.address("Ada Lovelace’s page")).text
    for screen, path in SCREENS.items():
        answer = sign_in(visitor, demo, screen)
        assert answer.status_code == 200
        assert answer.url == f"http://127.0.0.1:{demo.port}{path}"
        assert "Demo Admin" in answer.text


def test_every_link_leads_somewhere(demo: RunningDemo, visitor: requests.Session) -> None:
    pages = [visitor.get(demo.address(name)) for name in ("Shop", "Ada Lovelace’s page")]
    pages += [sign_in(visitor, demo, screen) for screen in SCREENS]
    seen: dict[str, int] = {}
    shapes: dict[str, int] = {}
    for page in pages:
        for link in map(unescape, _LINK.findall(page.text)):
            url = urljoin(page.url, link)
            shape = re.sub(r"\d+", "1", url)
            if url in seen or not link.strip() or urlsplit(url).scheme != "http":
                continue
            shapes[shape] = shapes.get(shape, 0) + 1
            if shapes[shape] > 3:  # three orders stand for all
                continue
            answer = visitor.get(url, timeout=30)
            seen[url] = answer.status_code
            if "text/html" in answer.headers["Content-Type"]:
                pages.append(answer)

    assert {url: code for url, code in seen.items() if code != 200} == {}
    assert len(shapes) > 25


def test_thirty_days_of_use_of_many_are_there(demo: RunningDemo) -> None:
    days = ask(demo, "/v1/usage/daily")["items"]
    accounts = ask(demo, "/v1/accounts")["total"]

    used = {day["date"] for day in days if day["credits"]}
    assert len(used) >= 29
    assert {day["module"] for day in days} == {"chat", "ai_forms", "image_generator"}
    assert accounts == 48
    assert balance(demo) > 10_000


def test_its_books_are_right(demo: RunningDemo) -> None:
    code, said, _ = finish(spawn(demo.config, "reconcile"))

    assert code == 0
    assert "No new findings" in said


def test_one_order_needs_the_owner_and_one_is_a_guests(
    demo: RunningDemo, visitor: requests.Session
) -> None:
    """And what the status page says of it can be done."""
    status = sign_in(visitor, demo, "Status")
    assert "1 order needs you" in status.text
    assert "1 paid order is nobody's" in unescape(status.text)

    product = urljoin(demo.address("Shop"), f"/wp-admin/post.php?post={WORKSHOP[0]}")
    assert visitor.post(product, data={"amount": "25000"}).status_code == 200
    retry = re.search(r'action="([^"]*/orders/(\d+)/retry)"', status.text)
    csrf = re.search(r'name="csrf" value="([^"]+)"', status.text)
    assert retry
    assert csrf
    visitor.post(urljoin(status.url, retry[1]), data={"csrf": csrf[1]})

    wait_until(lambda: booked(demo, int(retry[2])) == 25_000, "the order is not granted")


def booked(demo: RunningDemo, order_id: int) -> int | None:
    """What was granted for an order, if it is one of the last."""
    orders = ask(demo, "/v1/orders?state=granted&limit=100")["items"]
    return next((one["booked"] for one in orders if one["order_id"] == order_id), None)


def test_the_panel_spends_through_holds(demo: RunningDemo, visitor: requests.Session) -> None:
    page = demo.address("Ada Lovelace’s page")
    for name, (reserved, used, freed) in SPENT.items():
        before = balance(demo)
        held = visitor.post(f"{page}/reserve/{name}").json()
        while_held = balance(demo)
        told = visitor.post(f"{page}/settle/{name}", data={"hold": held["hold"]}).json()

        assert (held["reserved"], held["available"]) == (reserved, before - reserved)
        assert while_held == before - reserved
        assert (told["used"], told["freed"], told["available"]) == (used, freed, before - used)
        assert balance(demo) == before - used


def test_the_panel_works_without_javascript(demo: RunningDemo, visitor: requests.Session) -> None:
    before = balance(demo)

    page = visitor.post(f"{demo.address('Ada Lovelace’s page')}/spend/chat").text

    assert "Reserved 200, used 120, 80 free again." in page
    assert balance(demo) == before - 120


def test_nobody_elses_page_spends(demo: RunningDemo) -> None:
    page, before = demo.address("Ada Lovelace’s page"), balance(demo)
    for action in ("spend", "reserve"):
        headers = {"Origin": "http://evil.example"}
        assert requests.post(f"{page}/{action}/chat", headers=headers).status_code == 403

    assert balance(demo) == before


def shown(page: Page) -> int:
    return int(page.locator("#available").inner_text().replace(",", ""))


def test_the_balance_changes_before_the_eyes(demo: RunningDemo, chromium: Browser) -> None:
    page = chromium.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(demo.address("Ada Lovelace’s page"))
    before = shown(page)

    page.get_by_role("button", name="Ask a question").click()
    expect(page.locator("#available")).to_have_text(f"{before - 200:,}")
    expect(page.locator("#said")).to_contain_text("Reserved 200, used 120, 80 free again.")
    expect(page.locator("#available")).to_have_text(f"{before - 120:,}")
    expect(page.locator("#fragment")).to_contain_text(f"{before - 120:,}")

    order = {"offer": f"{PACKS[0][0]}-0", "member": str(ADA), "quantity": "1"}
    shop = demo.address("Shop")
    requests.post(f"{shop}buy", data=order, headers={"Origin": shop.rstrip("/")})
    bought = before - 120 + PACKS[0][3]
    expect(page.locator("#available")).to_have_text(f"{bought:,}", timeout=30_000)
    expect(page.locator("#fragment")).to_contain_text(f"{bought:,}")
    assert said == []
    page.context.close()


def test_the_pages_are_good_to_read(
    demo: RunningDemo, chromium: Browser, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--pictures"):
        take_first_picture(chromium, demo, IMAGES / "first.png")
    page = chromium.new_page()
    for name in ("Shop", "Ada Lovelace’s page"):
        page.goto(demo.address(name))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert complaints_of_both_schemes(page) == [], f"{name} {width}"
    page.context.close()


def test_a_second_demo_on_its_port_is_refused_at_once(demo: RunningDemo) -> None:
    with start_demo("--port", str(demo.port)) as second:
        code = second.process.wait(20)

        assert code == 1
        assert f"Port {demo.port} is taken" in second.said
        assert 'make demo ARGS="--port' in second.said
        assert second.said.count("\n") <= 2


def test_ctrl_c_says_goodbye_and_leaves_nothing() -> None:
    """At whatever moment: here the past is just being lived."""
    with start_demo() as demo:
        demo.wait_for("Living thirty days")
        family = demo.family()
        code = demo.interrupt()

        assert code == 0
        assert demo.said.rstrip().endswith("stopped and deleted.")
        assert [path.name for path in demo.folder.iterdir()] == ["said"]
    assert family
    wait_until(lambda: not any(map(is_alive, family)), f"still there of {family}")


def test_ctrl_c_ends_a_running_demo_as_well(demo: RunningDemo) -> None:
    """The last of the file: nothing is left for others."""
    family = demo.family()
    code = demo.interrupt()

    assert code == 0
    assert "Goodbye" in demo.said
    assert [path.name for path in demo.folder.iterdir()] == ["said"]
    assert len(family) >= 3
    wait_until(lambda: not any(map(is_alive, family)), f"still there of {family}")


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
