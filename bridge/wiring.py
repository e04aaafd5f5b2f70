"""The composition root: settings in, everything built out. Only entry points import it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from prometheus_client import CollectorRegistry

from bridge.config import Settings, parse_database_url
from bridge.domain.answers import Answer
from bridge.domain.events import MAIL, Channel
from bridge.services.accounts.kept_fragments import KeptFragments
from bridge.services.accounts.view_visitor import FactsReader
from bridge.services.callers import ProvenTokens
from bridge.services.events.deliver import Webhook
from bridge.services.orders.epochs import Epochs, read_epochs
from bridge.services.orders.whole_orders import ImportContext
from bridge.services.read_site import SiteReader
from bridge.services.reports.collect_metrics import make_registry
from bridge.services.reports.sum_balances import OutstandingReader
from bridge.services.reports.sum_sales import SalesReader
from bridge.services.reports.view_status import StatusView, view_status
from bridge.services.spending.book import Bookable, book
from bridge.services.spending.group_commit import GroupCommit
from bridge.services.spending.outcomes import Outcome
from bridge.store.db import Database
from bridge.store.leases import Fence
from bridge.woo.client import Shop


@dataclass(frozen=True)
class Bridge:
    """What one process works with."""

    settings: Settings
    db: Database
    shop: Shop
    site: SiteReader
    outstanding: OutstandingReader
    sales: SalesReader
    fragments: KeptFragments
    visitors: FactsReader
    proven_tokens: ProvenTokens
    spending: GroupCommit
    webhooks: tuple[Webhook, ...]

    def import_context(self, fence: Fence | None = None) -> ImportContext:
        """Return what an import needs; the policy's `since` may come from the database."""
        return ImportContext(
            db=self.db,
            site=self.site,
            shop=self.shop,
            policy=self.settings.grants.policy(self._epochs.first_migrate),
            ledger_epoch=self._epochs.ledger,
            annotate=self.settings.grants.annotate_orders,
            fence=fence,
        )

    @property
    def channels(self) -> list[Channel]:
        """Return the ways to all who listen to events."""
        mail = Channel(MAIL, self.site.get().mailed)
        return [webhook.channel for webhook in self.webhooks] + [mail] * bool(mail.types)

    def view_status(self) -> StatusView:
        """Return the state of the bridge now."""
        return view_status(
            self.db,
            self.site.get(),
            shop_url=self.settings.shop_url,
            poll_seconds=self.settings.woocommerce.poll_seconds,
        )

    @cached_property
    def metrics(self) -> CollectorRegistry:
        """What Prometheus may read of this process's bridge."""
        return make_registry(self.view_status, self.db.stats)

    @cached_property
    def _epochs(self) -> Epochs:
        return read_epochs(self.db)

    def close(self) -> None:
        """Close connections."""
        self.db.close()
        self.shop.close()


def open_database(url: str, site_prefix: str, users_prefix: str) -> Database:
    """Return a site's database for `init`, which works before there is a configuration."""
    hosts = parse_database_url(url).connect_arguments()
    return Database(hosts, site_prefix=site_prefix, users_prefix=users_prefix, pool_size=2)


def build(settings: Settings, *, session: Sequence[str] = ()) -> Bridge:
    """Build everything; opens no connection yet. *session*: see `Database`."""
    address = parse_database_url(settings.database.url.get_secret_value())
    db = Database(
        address.connect_arguments(),
        site_prefix=settings.site.table_prefix,
        users_prefix=settings.site.users,
        pool_size=settings.database.pool_size,
        session=session,
    )
    shop = Shop(
        settings.shop_url,
        settings.woocommerce.consumer_key.get_secret_value(),
        settings.woocommerce.consumer_secret.get_secret_value(),
    )
    site = SiteReader(db)

    def book_now(operations: Sequence[Bookable[Answer]], *, nowait: bool) -> list[Outcome]:
        return book(db, site.get(), operations, nowait=nowait)

    return Bridge(
        settings,
        db,
        shop,
        site,
        OutstandingReader(db),
        SalesReader(db, site),
        KeptFragments(),
        FactsReader(db),
        ProvenTokens(),
        GroupCommit(book_now),
        tuple(
            Webhook(one.url, one.secret.get_secret_value(), frozenset(one.events))
            for one in settings.webhooks
        ),
    )
