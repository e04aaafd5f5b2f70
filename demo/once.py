"""`make demo ARGS=--once`: the main job played through, and told in the words of a shop."""

import click

from bridge.client import Client
from demo.member_page import make_desk
from demo.people import FEATURED
from demo.running import SECRET, Demo, DemoError, running_demo, wait_until
from demo.site import CHATBOTS, PACKS
from shop_stand_in.state import Line, RefundLine, ShopState


def play_once() -> None:
    """Play it and print what happened."""
    click.echo(
        "An order is paid, its tokens are spent, and it is refunded: with a shop, the bridge and"
        " a database of their own, which are gone afterwards. It takes about 15 seconds."
    )
    with running_demo() as demo:
        _play(demo)
    click.echo("All as it should be, and all stopped. See it in a browser: make demo")


def _play(demo: Demo) -> None:
    ada, shop = FEATURED[0], demo.shop
    _say("start", f"{ada.name} has {demo.account(ada.user_id):,} tokens")

    order_id = shop.add_order(ada.user_id, [Line(PACKS[0][0], quantity=2)], email=ada.email)
    _say("order", f"{ada.name} orders 2 × {PACKS[0][1]}, number {order_id}: nothing yet")
    shop.set_status(order_id, "completed")
    wait_until("the order is granted", lambda: demo.account(ada.user_id) == 20_000)
    _say("paid", "the order is completed, and brings 20,000 tokens, once")

    html = make_desk(demo.settings, SECRET).fragment(ada.user_id)
    _expect("20,000" in html and PACKS[0][1] in html, "her page shows balance and purchase")
    _say("page", "her page shows the balance and the purchase")

    _say("chat", _chat(demo, ada.user_id))
    _expect(demo.account(ada.user_id) == 18_800, "the balance is 18,800 after spending 1,200")
    _say("", "balance 18,800")

    item = (shop.order(order_id) or {})["line_items"][0]["id"]
    shop.refund(order_id, lines=[RefundLine(item, quantity=1, total=PACKS[0][2])])
    wait_until("one pack is taken back", lambda: demo.account(ada.user_id) == 8_800)
    _say("refund", "one of the two packs refunded: 10,000 taken back, balance 8,800")

    shop.set_status(order_id, "refunded")
    wait_until("the rest is taken back", lambda: demo.account(ada.user_id) == 0)
    _say("refund", "the rest refunded: 8,800 taken back, balance 0; 1,200 were spent before")

    wait_until("the shop has all notes", lambda: _bridge_notes(shop, order_id) == 3)
    _say("notes", "the order in the shop has a note of each of the three")
    deltas = _ledger_deltas(demo, ada.user_id)
    _expect(deltas == [20_000, -1_200, -10_000, -8_800], "the ledger has these four rows")
    _say("books", f"{' '.join(f'{delta:+,}' for delta in deltas)} = {sum(deltas):,}")


def _chat(demo: Demo, user_id: int) -> str:
    """Spend as an AI back end does: hold the most it may cost, then commit what was used."""
    client = Client(demo.url, SECRET)
    with client.hold(
        user_id=user_id, module="chat", context_id=CHATBOTS[0][0], units=2_000
    ) as hold:
        used = hold.commit(units=1_200).billed_credits
    client.close()
    return f"reserved {hold.credits:,}, used {used:,}, {hold.credits - used:,} free again"


def _bridge_notes(shop: ShopState, order_id: int) -> int:
    return sum("[aipkit-bridge " in str(note["note"]) for note in shop.notes(order_id))


def _ledger_deltas(demo: Demo, user_id: int) -> list[int]:
    rows = demo.get(f"/v1/accounts/{user_id}/ledger")["items"]
    return [row["credits_delta"] for row in reversed(rows)]


def _expect(fact: bool, what: str) -> None:
    if not fact:
        raise DemoError(f"Expected: {what}.")


def _say(step: str, text: str) -> None:
    click.echo(f"{step:>6}  {text}")
