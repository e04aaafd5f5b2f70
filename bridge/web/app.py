"""The Flask application."""

from flask import Flask, Response

from bridge.web import turns
from bridge.web.api import (
    accounts,
    adjustments,
    daily_usage,
    guests,
    health,
    hints,
    holds,
    mails,
    openapi,
    orders,
    usage,
)
from bridge.web.fragments import views as fragments
from bridge.web.http import links, passage_gate, problems, reader
from bridge.web.screens import (
    admin,
    bulk,
    credits,
    credits_account,
    limits,
    prices,
    reports,
    status,
    status_actions,
    webhooks,
)
from bridge.web.short_way import ShortWay
from bridge.wiring import Bridge

MAX_BODY_BYTES = 1024 * 1024
_PASSED_SCREENS = (
    "credits",
    "credits_account",
    "bulk",
    "limits",
    "prices",
    "reports",
    "status.show_status",
    "status_actions",
    "webhooks",
    "reports",
)
"""What WordPress's admin may pass on."""


def create_app(bridge: Bridge) -> Flask:
    """Return the application for one process's bridge."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    attach(app, bridge)
    problems.init_app(app)
    links.init_app(app)
    reader.init_app(app)
    places = turns.init_app(app)
    passage_gate.init_app(app, _PASSED_SCREENS)
    for module in (
        fragments,
        accounts,
        adjustments,
        guests,
        orders,
        usage,
        daily_usage,
        holds,
        hints,
        mails,
        health,
        openapi,
        status,
        status_actions,
        credits,
        credits_account,
        bulk,
        limits,
        prices,
        reports,
        webhooks,
        admin,
    ):
        app.register_blueprint(module.bp)

    @app.after_request
    def name_version(response: Response) -> Response:
        response.headers.setdefault("API-Version", "1")
        return response

    # WSGI's own way to put something before an application.
    app.wsgi_app = ShortWay(app, places)  # type: ignore[method-assign]  # WSGI's way
    return app


def attach(app: Flask, bridge: Bridge) -> None:
    """Let *app* answer for *bridge*; nothing of another one that it answered for is left."""
    app.extensions["bridge"] = bridge
