"""Stand-ins for the screens of WordPress that the bridge's pages link to."""

from typing import cast

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request
from flask import url_for as to
from flask.typing import ResponseReturnValue

from demo.people import ADMIN, MEMBERS
from demo.site import DemoSite
from shop_stand_in.pages import credits_of, guard, is_package, same_origin, shop
from shop_stand_in.types import Json

_MOST_TOKENS = 1_000_000

bp = Blueprint("wordpress", __name__, url_prefix="/wp-admin")
bp.before_request(same_origin)
bp.after_request(guard)


def add_wordpress_pages(app: Flask, site: DemoSite) -> None:
    """Add an order's, a user's and a product's screen under `/wp-admin/`."""
    app.extensions["demo_site"] = site
    app.register_blueprint(bp)


@bp.get("/")
def show_start() -> ResponseReturnValue:
    """Go to where the orders are."""
    return redirect(to("pages.index"))


@bp.get("/admin.php")
def show_order() -> str:
    """Show an order with the notes that the bridge wrote."""
    order = shop().order(request.args.get("id", 0, type=int))
    if order is None:
        abort(404)
    names = {one.user_id: one.name for one in MEMBERS}
    notes = [str(note["note"]) for note in shop().notes(order["id"])]
    buyer = names.get(order["customer_id"])
    return render_template("demo/order.html", order=order, buyer=buyer, notes=notes)


@bp.get("/user-edit.php")
def show_user() -> str:
    """Show who somebody is."""
    wanted = request.args.get("user_id", 0, type=int)
    person = next((one for one in (ADMIN, *MEMBERS) if one.user_id == wanted), None)
    if person is None:
        abort(404)
    return render_template("demo/user.html", person=person, is_member=person in MEMBERS)


@bp.get("/post.php")
def show_product() -> str:
    """Show what a product grants."""
    product = _product()
    return render_template(
        "demo/product.html",
        product=product,
        amount=credits_of(product["id"]),
        is_package=is_package(product),
        saved="saved" in request.args,
    )


@bp.post("/post.php")
def save_product() -> ResponseReturnValue:
    """Say how many tokens a package grants."""
    product, amount = _product(), request.form.get("amount", 0, type=int)
    if not is_package(product) or not 1 <= amount <= _MOST_TOKENS:
        abort(400, f"Tokens granted: a whole number from 1 to {_MOST_TOKENS:,}.")
    number = product["id"]
    shop().add_product(number, product["name"], product["price"], credits=amount)
    cast(DemoSite, current_app.extensions["demo_site"]).set_amount(number, amount)
    return redirect(to(".show_product", post=number, action="edit", saved="yes"), 303)


def _product() -> Json:
    product = shop().products.get(request.args.get("post", 0, type=int))
    if product is None:
        abort(404)
    return product
