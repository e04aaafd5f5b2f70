"""Who calls: the WordPress plugin by JWT, a back end by API key (docs/security.md)."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import jwt
import structlog
from flask import request

from bridge.config import ApiKey, Settings, same_address
from bridge.domain.errors import ForbiddenError, UnauthorizedError
from bridge.domain.ids import whole_number
from bridge.services.callers import Caller
from bridge.services.sign_in import find_manager
from bridge.web.http.deps import get_bridge
from bridge.wiring import Bridge

log = structlog.get_logger()

AUDIENCE = "aipkit-bridge"
LOGIN_AUDIENCE = "aipkit-bridge/login"
MAX_LIFETIME_S = 120
LEEWAY_S = 30
_CLOCKS = "If it is new, set this machine's clock and WordPress's right (NTP)."
_REQUIRED = ["iss", "aud", "sub", "iat", "exp"]
_TOKEN_SCOPES = frozenset({"fragment", "usage", "read", "hint", "mail"})
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


def require(scope: str) -> Caller:
    """
    Return who calls.

    Raises:
        UnauthorizedError: No proof, or a wrong one; never says which part.
        ForbiddenError: A good proof without this scope.
    """
    return caller_of(get_bridge(), request.headers.get("Authorization", ""), scope)


def caller_of(bridge: Bridge, authorization: str, scope: str) -> Caller:
    """As `require`, of a call's header."""
    kind, _, credential = authorization.partition(" ")
    if kind.lower() != "bearer" or not credential:
        raise UnauthorizedError("Send Authorization: Bearer with a token or an API key.")
    is_token = credential.count(".") == 2
    caller = _by_token(bridge, credential) if is_token else _by_key(bridge.settings, credential)
    if scope not in caller.scopes:
        raise ForbiddenError(f"This caller has no scope “{scope}”.")
    return caller


def require_back_end(scope: str) -> Caller:
    """As `require`, for API keys only: a token acts for its own user, and sees no others."""
    caller = require(scope)
    if caller.user_id is not None:
        raise ForbiddenError("This needs an API key: a token sees its own user only.")
    return caller


def require_monitor() -> None:
    """
    Let scope `read` in, of tokens those of managers only; and direct callers from this machine.

    A proxy's are not direct; and where `server.public_url` says that there is one, nobody is.
    """
    proxied = any(header in request.headers for header in _FORWARDED)
    proxied = proxied or bool(get_bridge().settings.server.public_url)
    if request.remote_addr in _LOOPBACK and not proxied:
        return
    caller = require("read")
    bridge = get_bridge()
    if caller.user_id is not None and not find_manager(bridge.db, bridge.site, caller.user_id):
        raise ForbiddenError("This token's user may not manage the shop.")


def _by_key(settings: Settings, credential: str) -> Caller:
    digest = hashlib.sha256(credential.encode()).hexdigest()
    found: ApiKey | None = None
    for key in settings.security.api_keys:
        if hmac.compare_digest(key.sha256.lower(), digest):
            found = key
    if found is None:
        raise _unauthorized()
    return Caller(f"api:{found.name}", frozenset(found.scopes))


def _by_token(bridge: Bridge, token: str) -> Caller:
    proven = bridge.proven_tokens
    known = proven.find(token)
    if known is not None:
        return known
    claims = decode_token(bridge.settings, token, audience=AUDIENCE)
    scopes = claims.get("scope")
    if not isinstance(scopes, str):
        raise _unauthorized()
    user_id = subject(claims)
    granted = frozenset(scopes.split()) & _TOKEN_SCOPES
    caller = Caller(f"wordpress:{user_id}", granted, user_id)
    proven.keep(token, caller, claims["exp"])
    return caller


def decode_token(settings: Settings, token: str, *, audience: str) -> Mapping[str, Any]:
    """
    Return the claims of a token that one of the shared secrets signed.

    Raises:
        UnauthorizedError: Anything about it is wrong.
    """
    return decode_signed(settings, token, audience=audience)[0]


def decode_signed(
    settings: Settings, token: str, *, audience: str
) -> tuple[Mapping[str, Any], str]:
    """As `decode_token`; return the secret that signed it, too."""
    for secret in settings.security.secrets:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                audience=audience,
                leeway=LEEWAY_S,
                options={"require": _REQUIRED, "strict_aud": True},
            )
        except jwt.InvalidSignatureError:
            continue
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
            # The caller is told nothing: not even that the secret is right.
            log.warning("token_of_another_time", reason=str(error), remedy=_CLOCKS)
            raise _unauthorized() from None
        except (jwt.InvalidTokenError, ValueError, OverflowError):
            raise _unauthorized() from None
        _check_claims(settings, claims)
        return claims, secret
    raise _unauthorized()


def _check_claims(settings: Settings, claims: Mapping[str, Any]) -> None:
    moments = (claims["iat"], claims["exp"])
    if not all(isinstance(moment, int | float) for moment in moments):
        raise _unauthorized()
    lifetime = claims["exp"] - claims["iat"]
    same_site = isinstance(claims["iss"], str) and same_address(claims["iss"], settings.site.url)
    if not same_site or not 0 < lifetime <= MAX_LIFETIME_S:
        raise _unauthorized()


def subject(claims: Mapping[str, Any]) -> int:
    """Return the WordPress user of a token, 0 for a guest."""
    text = claims["sub"]
    user_id = whole_number(text) if isinstance(text, str) else None
    if user_id is None:
        raise _unauthorized()
    return user_id


def _unauthorized() -> UnauthorizedError:
    return UnauthorizedError(
        "The token or API key is not valid here, or not any more. For a token compare the secret, "
        "site.url and the clocks of both machines."
    )
