"""
The plain way, as many plugins and back ends spend credits: read the balance, then write it.

Flask and an ORM, one transaction a request, and nothing that keeps two requests apart: no lock,
no idempotency key.
"""

import hmac
import os
from datetime import UTC, datetime
from typing import Any

import click
from flask import Flask, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench.bare import URL_VARIABLE, serve_plainly
from bench.stage import API_KEY
from bridge.store.peer_plugin import BALANCE_KEY


class _Base(DeclarativeBase):
    pass


class UserMeta(_Base):
    """A row of WordPress's usermeta."""

    __tablename__ = "wp_usermeta"
    umeta_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    meta_key: Mapped[str]
    meta_value: Mapped[str]


class Entry(_Base):
    """A row of the ledger, with the columns that a use fills."""

    __tablename__ = "wp_aipkit_token_ledger"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    actor_type: Mapped[str]
    module: Mapped[str]
    context_type: Mapped[str]
    context_id: Mapped[int]
    provider: Mapped[str]
    model: Mapped[str]
    operation: Mapped[str]
    usage_input_units: Mapped[int]
    usage_output_units: Mapped[int]
    usage_total_units: Mapped[int]
    credits_delta: Mapped[int]
    entry_type: Mapped[str]
    created_at: Mapped[datetime]


def make_app() -> Flask:
    """Return the application."""
    app = Flask(__name__)
    url = os.environ[URL_VARIABLE].replace("mysql://", "mysql+pymysql://", 1)
    # As many connections as requests may be under way; otherwise it would measure a queue.
    engine = create_engine(url, pool_size=32)

    @app.get("/readyz")
    def ready() -> str:
        return "ready"

    @app.post("/v1/usage/record")
    def record() -> ResponseReturnValue:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given, f"Bearer {API_KEY}"):
            abort(401)
        with Session(engine) as session:
            balance = _use(session, request.get_json())
            session.commit()
        return {"balance_after": balance}, 201

    return app


def _use(session: Session, body: dict[str, Any]) -> int:
    """Book a use, of a price of a credit a token; return what is left."""
    user_id, usage = body["actor"]["user_id"], body["usage"]
    tokens = usage["data"]
    units = tokens["input_tokens"] + tokens["output_tokens"]
    is_balance = (UserMeta.user_id == user_id) & (UserMeta.meta_key == BALANCE_KEY)
    meta = session.scalars(select(UserMeta).where(is_balance)).one()
    balance = int(meta.meta_value) - int(units)
    if balance < 0:
        abort(402)
    meta.meta_value = str(balance)
    session.add(
        Entry(
            user_id=user_id,
            actor_type="user",
            module=body["module"],
            context_type="chatbot",
            context_id=body["context_id"],
            provider=usage["provider"],
            model=usage["model"],
            operation=usage["operation"],
            usage_input_units=tokens["input_tokens"],
            usage_output_units=tokens["output_tokens"],
            usage_total_units=units,
            credits_delta=-units,
            entry_type="usage",
            created_at=datetime.now(UTC),
        )
    )
    return balance


@click.command()
@click.option("--port", type=int, required=True)
def serve(port: int) -> None:
    """Serve it as `aipkit-bridge serve` serves the bridge."""
    serve_plainly("bench.plain_app:make_app", port, threads=32)


if __name__ == "__main__":
    serve()
