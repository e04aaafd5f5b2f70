"""All pages of the demo beside the shop's own: members', sign-in, WordPress's stand-ins."""

from flask import Flask

from bridge.config import Settings
from demo.member_page import add_member_pages
from demo.people import FEATURED, MEMBERS
from demo.sign_in import SCREENS, sign_in_pages
from demo.site import DemoSite
from demo.wordpress_pages import add_wordpress_pages
from shop_stand_in.pages import Member

PLACES = {
    "Shop": "/",
    f"{FEATURED[0].name}’s page": f"/member/{FEATURED[0].user_id}",
    **{title: f"/sign-in/{name}" for name, title in SCREENS.items()},
}
"""Where there is something to see, by name."""


def add_pages(app: Flask, site: DemoSite, settings: Settings, api_key: str) -> None:
    """Add them to the shop's *app*, which may be running but was asked nothing yet."""
    app.config["DEMO_LINKS"] = PLACES
    app.config["DEMO_ORDER_LINK"] = "/wp-admin/admin.php?page=wc-orders&action=edit&id={}"
    app.config["DEMO_MEMBERS"] = [Member(m.user_id, m.name, m.email) for m in MEMBERS]
    add_member_pages(app, settings, api_key)
    app.register_blueprint(sign_in_pages(settings))
    add_wordpress_pages(app, site)
