"""Who bought an order, for people who look for it, and whose account it may be."""

import pytest

from bridge.domain.order_views import OrderView
from bridge.services.accounts.view_buyers import OrderPeople, view_buyers
from bridge.services.orders.decide import get_order
from bridge.store.buyers import read_buyers
from shop_stand_in.state import Line
from tests.support.site import PRODUCTS, USERS
from tests.support.world import ALICE, SMALL, World


def people_of(world: World, order_id: int) -> OrderPeople:
    order: OrderView = get_order(world.bridge.db, order_id)  # type: ignore[arg-type]  # an id
    return view_buyers(world.bridge.db, [order])[order_id]


def test_the_name_the_address_and_the_total_are_kept(world: World) -> None:
    order_id = world.order(0, Line(SMALL), email="Guest@Example.com")
    world.shop.bill_to(order_id, first_name="Gülay", last_name="Guest")
    world.poll()

    buyer = people_of(world, order_id).buyer

    assert (buyer.email, buyer.name) == ("guest@example.com", "Gülay Guest")
    assert (str(buyer.total), buyer.currency) == ("5.00000000", "USD")
    assert buyer.product_id == 0


def test_what_is_erased_in_the_shop_is_erased_here(world: World) -> None:
    order_id = world.order(0, Line(SMALL), email="guest@example.com")
    world.poll()

    world.shop.bill_to(order_id, email="deleted@site.invalid", first_name="[x]")
    world.poll()

    buyer = people_of(world, order_id).buyer
    assert (buyer.email, buyer.name) == ("deleted@site.invalid", "[x]")


def test_an_order_names_the_product_to_correct(world: World) -> None:
    world.site.set_amount(SMALL, "ten")
    order_id = world.order(ALICE, Line(SMALL))
    world.poll()
    assert people_of(world, order_id).buyer.product_id == SMALL

    world.site.set_amount(SMALL, "10000")
    world.look_at_all()

    assert people_of(world, order_id).buyer.product_id == 0


def test_a_deleted_product_is_no_product_to_correct(world: World) -> None:
    order_id = world.order(ALICE, Line(PRODUCTS["doomed"]))
    world.poll()

    assert people_of(world, order_id).buyer.product_id == 0


@pytest.mark.parametrize(
    ("registered", "older"), [("2020-01-01", True), ("2999-01-01", False), ("1970-01-01", False)]
)
def test_the_one_account_with_the_address_is_suggested(
    world: World, registered: str, older: bool
) -> None:
    world.site.run("UPDATE wp_users SET user_registered = %s WHERE ID = %s", (registered, ALICE))
    order_id = world.order(0, Line(SMALL), email="ALICE@example.com")
    world.poll()

    owner = people_of(world, order_id).owner

    assert owner is not None
    assert (owner.user_id, owner.login, owner.is_older) == (ALICE, "alice", older)


def test_of_two_accounts_the_older_is_suggested_or_neither(world: World) -> None:
    world.site.run(
        "UPDATE wp_users SET user_email = 'alice@example.com', user_registered = '2999-01-01'"
        " WHERE ID = %s",
        (USERS["bob"],),
    )
    order_id = world.order(0, Line(SMALL), email="alice@example.com")
    world.poll()
    owner = people_of(world, order_id).owner
    assert owner is not None
    assert owner.user_id == ALICE

    world.site.run("UPDATE wp_users SET user_registered = '2020-01-01'")

    assert people_of(world, order_id).owner is None


def test_a_customers_order_is_suggested_to_nobody(world: World) -> None:
    order_id = world.order(ALICE, Line(SMALL), email="bob@example.com")
    world.poll()

    people = people_of(world, order_id)

    assert (people.owner, people.customer) == (None, "Alice Example")


def test_of_an_order_that_was_never_read_nothing_is_known(world: World) -> None:
    with world.bridge.db.reading() as tx:
        assert read_buyers(tx, []) == {}
        assert read_buyers(tx, [4711]) == {}
