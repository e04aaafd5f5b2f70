"""A small shop that answers over HTTP as WooCommerce's REST API does.

For `make demo`, and for tests as the shop that the bridge polls. It is faithful where a poller can
get hurt: signatures, paging, dates, what is missing from which list, and answers that go wrong.
"""

from collections.abc import Mapping

from flask import Flask

from shop_stand_in.pages import pages
from shop_stand_in.routes import api
from shop_stand_in.server import RunningShop
from shop_stand_in.state import ShopState

__all__ = ["RunningShop", "create_shop", "serve_shop"]


def create_shop(state: ShopState, *, links: Mapping[str, str] | None = None) -> Flask:
    """
    Make the app.

    Args:
        links: With it, the demo's pages are there too (`shop_pages`); it becomes `DEMO_LINKS`.
    """
    app = Flask(__name__)
    app.extensions["shop"] = state
    app.register_blueprint(api)
    if links is not None:
        app.config["DEMO_LINKS"] = dict(links)
        app.config.setdefault("DEMO_MEMBERS", [])
        app.register_blueprint(pages)
    return app


def serve_shop(state: ShopState, port: int = 0, *, app: Flask | None = None) -> RunningShop:
    """Serve *state* (or *app*, which has one) on 127.0.0.1; port 0 takes a free one.

    The shop's `home_url`, which OAuth signs, becomes that address: as with WooCommerce, a caller
    that uses another name for the host is refused.
    """
    return RunningShop(state, app or create_shop(state), port)
