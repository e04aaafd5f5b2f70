"""Asking the WordPress plugin, for a code that an administrator was shown, to let a bridge in."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from bridge.domain.errors import BridgeError, ConfigError
from bridge.version import VERSION

_ROUTE = "/wp-json/aipkit-bridge/v1/pair"
_TIMEOUT_S = (5.0, 30.0)
_FIELDS = ("consumer_key", "consumer_secret", "secret", "site", "table_prefix")
_WRONG_CODE = (
    "The pairing code is wrong, used or older than ten minutes: show a new one in WordPress under "
    "Settings > AIP Bridge."
)
_REASONS = {
    "aipkit_bridge_wrong_code": _WRONG_CODE,
    "aipkit_bridge_too_many_tries": _WRONG_CODE,
    "aipkit_bridge_https_needed": (
        "WordPress does not know that it is reached by HTTPS: behind a proxy wp-config.php must "
        "set $_SERVER['HTTPS'] = 'on'."
    ),
    "aipkit_bridge_woocommerce_missing": "The site has no WooCommerce: activate it first.",
    "rest_no_route": (
        "The site's AIP Bridge plugin is not active, or is older than this bridge: upload the one "
        "that `make zip` makes."
    ),
}


class PairingError(BridgeError):
    """The site did not let the bridge in; the text says what to do."""

    code = "pairing"


@dataclass(frozen=True, slots=True)
class Pairing:
    """What the plugin hands over."""

    consumer_key: str
    consumer_secret: str
    secret: str
    site: str
    table_prefix: str


def check_pairing_address(url: str) -> str:
    """
    Return a site's address without a slash at its end.

    Raises:
        ConfigError: It is not of HTTPS, by which alone secrets may travel.
    """
    parts = urlsplit(url.strip())
    if parts.scheme.lower() != "https" or not parts.hostname or parts.username:
        raise ConfigError("--pair: the site's address must begin with https://")
    return url.strip().rstrip("/")


def pair(url: str, code: str, bridge_url: str) -> Pairing:
    """
    Spend a code.

    Raises:
        PairingError: The site cannot be asked, or refuses.
    """
    answer = _send(url, {"code": code, "bridge_url": bridge_url})
    try:
        body = answer.json()
    except requests.exceptions.JSONDecodeError:
        raise PairingError(
            f"{url} answers with no JSON (HTTP {answer.status_code}): take the address as "
            "WordPress shows it under Settings > General, and let /wp-json/ through."
        ) from None
    if answer.status_code != requests.codes.ok:
        raise PairingError(_reason(body, answer.status_code))
    return _read(body)


def _send(url: str, body: Mapping[str, str]) -> requests.Response:
    try:
        return requests.post(
            url + _ROUTE,
            json=body,
            headers={"User-Agent": f"aipkit-bridge/{VERSION}"},
            timeout=_TIMEOUT_S,
            allow_redirects=False,
        )
    except requests.exceptions.SSLError:
        raise PairingError(f"The certificate of {url} is not valid for this machine.") from None
    except requests.RequestException as error:
        raise PairingError(f"{url} cannot be reached ({type(error).__name__}).") from None


def _reason(body: object, status: int) -> str:
    code = str(body.get("code", "")) if isinstance(body, Mapping) else ""
    return _REASONS.get(code, f"The site refuses (HTTP {status} {code}).".replace(" )", ")"))


def _read(body: object) -> Pairing:
    found = body if isinstance(body, Mapping) else {}
    values = [found.get(name) for name in _FIELDS]
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < len(_FIELDS):
        raise PairingError("The site's answer lacks something: renew its AIP Bridge plugin.")
    return Pairing(*texts)
