"""`aipkit-bridge admin-link`."""

import secrets
import time

import click
import jwt

from bridge.cli.context import Context, pass_context
from bridge.config import Settings
from bridge.domain.errors import UnknownUserError
from bridge.services.sign_in import find_manager

LIFETIME_S = 120


@click.command("admin-link")
@click.option("--user", "user_id", type=click.IntRange(min=1), required=True, help="WordPress id.")
@pass_context
def admin_link(context: Context, user_id: int) -> None:
    """Print a link that signs an administrator or shop manager in, once, within two minutes."""
    bridge = context.bridge()
    admin = find_manager(bridge.db, bridge.site, user_id)
    if admin is None:
        raise UnknownUserError(
            f"User {user_id} may not manage the shop: name an administrator or shop manager."
        )
    click.echo(f"For {admin.name}, once, within {LIFETIME_S} seconds:", err=True)
    click.echo(make_link(context.settings, user_id))


def make_link(settings: Settings, user_id: int) -> str:
    """Return a sign-in link."""
    now = int(time.time())
    claims = {
        "iss": settings.site.url,
        "aud": "aipkit-bridge/login",
        "sub": str(user_id),
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + LIFETIME_S,
    }
    token = jwt.encode(claims, settings.security.secrets[0], algorithm="HS256")
    server = settings.server
    base = server.public_url or f"http://{server.host}:{server.port}"
    return f"{base}/admin/login?token={token}"
