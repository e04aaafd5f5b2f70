"""What is wrong with the shop, in words a shop owner can act on."""

from enum import StrEnum

from bridge.domain.errors import BridgeError
from bridge.domain.sentences import Sentence


class ShopFault(StrEnum):
    """What kind of fault; the status page and metrics name it."""

    UNAUTHORIZED = "unauthorized"
    KEY_UNSEEN = "key_unseen"
    CLOCK = "clock"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    NOT_JSON = "not_json"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    CLOSED = "closed"
    REDIRECTED = "redirected"
    REFUSED = "refused"


_REMEDIES = {
    ShopFault.UNAUTHORIZED: Sentence(
        "The shop refuses the API key. In WooCommerce > Settings > Advanced > REST API make a key "
        "with read and write permission for an administrator, and put it into "
        "woocommerce.consumer_key and consumer_secret."
    ),
    ShopFault.KEY_UNSEEN: Sentence(
        "The shop has not seen the API key, or its user may not manage orders. Some web servers "
        "keep the Authorization header from PHP: with Apache, press Save in Settings > "
        "Permalinks, which writes WordPress's lines into .htaccess, or set CGIPassAuth On. If it "
        "stays so, make a new key for an administrator."
    ),
    ShopFault.CLOCK: Sentence(
        "The shop refuses the bridge's signature, and their clocks differ: by http a signature is "
        "good for 15 minutes only. Set both clocks right (NTP); the key may well be right."
    ),
    ShopFault.FORBIDDEN: Sentence(
        "The shop lets the bridge not in. A firewall, a security plugin or maintenance mode may "
        "be in between: let the bridge's address and /wp-json/wc/ through. If the shop itself "
        "refuses, make a new API key for an administrator in WooCommerce > Settings > Advanced > "
        "REST API."
    ),
    ShopFault.RATE_LIMITED: Sentence(
        "The shop asks for fewer requests. The bridge waits and goes on by itself; if it stays "
        "so, raise woocommerce.poll_seconds or allow the bridge in your host's firewall."
    ),
    ShopFault.SERVER_ERROR: Sentence(
        "The shop answers with an error of its own. Look at its PHP error log; the bridge goes "
        "on by itself once the shop answers."
    ),
    ShopFault.NOT_JSON: Sentence(
        "The shop answers, but not with its REST API's JSON: a cache, a firewall, a login page "
        "or a PHP warning is in between. Exclude /wp-json/wc/ from it."
    ),
    ShopFault.TIMEOUT: Sentence(
        "The shop does not answer in time. The bridge tries again by itself; if it stays so, "
        "look at the load of the shop."
    ),
    ShopFault.UNREACHABLE: Sentence(
        "The shop cannot be reached. Check site.url (or woocommerce.url), name resolution and "
        "the certificate from the machine that the bridge runs on."
    ),
    ShopFault.CERTIFICATE: Sentence(
        "This machine does not trust the shop's certificate. Give the shop one of a public "
        "authority, or name the file of your own authority in the bridge's environment: "
        "REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt."
    ),
    ShopFault.CLOSED: Sentence(
        "The shop is closed for a while: an update, maintenance mode, or too much load. The "
        "bridge looks again every minute and goes on by itself; if it stays so, delete the file "
        ".maintenance in WordPress's folder, or end the maintenance mode of your plugin or host."
    ),
    ShopFault.REDIRECTED: Sentence(
        "The shop redirects to another address. Put that address, as far as /wp-json, into "
        "woocommerce.url."
    ),
    ShopFault.REFUSED: Sentence(
        "The shop refuses the request. WooCommerce 5.8 or newer with pretty permalinks is needed."
    ),
}


class ShopError(BridgeError):
    """
    The shop could not be read or written.

    ``retry_after_s`` is what the shop asked for (429, 503), else None.
    """

    code = "shop_unavailable"

    def __init__(self, fault: ShopFault, seen: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(Sentence("{remedy} (Seen: {seen}.)", remedy=_REMEDIES[fault], seen=seen))
        self.fault = fault
        self.seen = seen
        self.retry_after_s = retry_after_s

    @property
    def may_be_of_one_order(self) -> bool:
        """
        Whether one order, or too many at once, may be the reason.

        A firewall that dislikes a text answers 403, and a host 400 to pages that are too large.
        Who asks for rest speaks for the shop, and so does a redirect.
        """
        asks_for_rest = self.fault is ShopFault.RATE_LIMITED or self.retry_after_s is not None
        return not asks_for_rest and self.fault is not ShopFault.REDIRECTED


class OrderVanishedError(BridgeError):
    """The shop says that there is no such order (404)."""

    code = "order_vanished"


class UnreadableOrderError(BridgeError):
    """An order's JSON is not what WooCommerce sends; the text names the field."""

    code = "unreadable"

    def __init__(self, order_id: int, field: str) -> None:
        super().__init__(
            Sentence(
                "Order {order_id}: the shop sent no usable “{field}”. Another plugin may "
                "change the REST answer: find it by switching plugins off, then try again.",
                order_id=order_id,
                field=field,
            )
        )
        self.order_id = order_id
