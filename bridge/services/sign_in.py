"""Admins' sign-in: a one-time token becomes a session; the capability is seen again and again."""

import hashlib
import secrets
from dataclasses import dataclass

from bridge.domain.errors import UnauthorizedError
from bridge.domain.ids import UserId
from bridge.domain.sentences import Sentence
from bridge.domain.site import Site
from bridge.services.read_site import SiteReader
from bridge.store import sessions, wp_users
from bridge.store.db import Database
from bridge.store.tx import Tx

SESSION_MAX_AGE_S = sessions.MAX_AGE_S
CAPABILITIES = ("manage_options", "manage_woocommerce")


@dataclass(frozen=True, slots=True)
class Admin:
    """Who is signed in."""

    user_id: UserId
    name: str


def sign_in(db: Database, site: SiteReader, *, user_id: int, token_id: str) -> str:
    """
    Spend a proven token; return the secret of a new session, for the cookie.

    Raises:
        UnauthorizedError: The token was used before, or the user may not manage the shop.
    """
    known, secret = site.get(), secrets.token_urlsafe(32)

    def start(tx: Tx) -> bool:
        if not wp_users.has_capability(tx, user_id, CAPABILITIES, known.roles):
            return False
        if not sessions.spend_token(tx, _digest(token_id)):
            return False
        sessions.start_session(tx, _digest(secret), UserId(user_id))
        return True

    if not db.transaction(start):
        raise UnauthorizedError(
            Sentence("This sign-in link was used before, or the user is no manager.")
        )
    return secret


def find_admin(db: Database, site: SiteReader, secret: str) -> Admin | None:
    """Return who a session's secret belongs to, while it lasts and while they may manage."""
    digest, known = _digest(secret), site.get()

    def look(tx: Tx) -> Admin | None:
        session = sessions.find_session(tx, digest)
        if session is None:
            return None
        if session.check_due and not _may_manage(tx, session.user_id, known):
            return None
        sessions.touch_session(tx, digest, checked=session.check_due)
        profile = wp_users.find_profile(tx, session.user_id)
        return Admin(session.user_id, profile.name) if profile else None

    return db.transaction(look)


def find_manager(db: Database, site: SiteReader, user_id: int) -> Admin | None:
    """Return a user who may sign in, or None."""
    known = site.get()
    with db.reading() as tx:
        profile = wp_users.find_profile(tx, user_id)
        if profile is None or not _may_manage(tx, profile.user_id, known):
            return None
        return Admin(profile.user_id, profile.name)


def sign_out(db: Database, secret: str) -> None:
    """End the session."""
    db.transaction(lambda tx: sessions.end_session(tx, _digest(secret)))


def spend_passage(db: Database, token_id: str) -> bool:
    """Spend the token of a write that WordPress passes on; False if it was spent before."""
    return db.transaction(lambda tx: sessions.spend_token(tx, _digest(f"passage:{token_id}")))


def prune_sign_ins(db: Database) -> None:
    """Delete what is long over, of sessions and of links."""
    db.transaction(sessions.prune_sessions)
    db.transaction(sessions.prune_tokens)


def csrf_token(secret: str) -> str:
    """Return what forms of a session carry."""
    return hashlib.sha256(b"csrf:" + secret.encode()).hexdigest()


def _may_manage(tx: Tx, user_id: UserId, site: Site) -> bool:
    return wp_users.has_capability(tx, user_id, CAPABILITIES, site.roles)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
