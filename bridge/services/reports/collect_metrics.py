"""The figures of the status page, and this process's counts, in Prometheus's terms."""

from collections.abc import Callable, Iterator
from dataclasses import asdict

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from bridge.services.reports.view_status import StatusView
from bridge.store.db import DatabaseStats

_STATES = ("seen", "granted", "waiting", "unclaimed", "attention")


class StatusCollector(Collector):
    """Reads the status anew whenever it is asked: the figures are the database's."""

    def __init__(self, read_status: Callable[[], StatusView], stats: DatabaseStats) -> None:
        """Read nothing yet."""
        self._read_status = read_status
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        """Yield all figures; what cannot be read raises as it does for the status page."""
        yield from _gauges(self._read_status())
        for name, value in asdict(self._stats).items():
            text = "Of this process since it started"
            yield CounterMetricFamily(f"aipkit_bridge_database_{name}", text, value)


def make_registry(
    read_status: Callable[[], StatusView], stats: DatabaseStats
) -> CollectorRegistry:
    """Return a registry of these figures alone: the package's own one has Python's as well."""
    registry = CollectorRegistry()
    registry.register(StatusCollector(read_status, stats))
    return registry


def _gauges(view: StatusView) -> Iterator[Metric]:
    def gauge(name: str, text: str, value: float) -> Metric:
        return GaugeMetricFamily(f"aipkit_bridge_{name}", text, value)

    yield gauge("healthy", "1 while the status page has nothing to complain of", view.healthy)
    yield gauge(
        "shop_reachable", "1 while the last talk with the shop went well", not view.shop.fault
    )
    if view.sync.lag_s is not None:
        yield gauge("poll_lag_seconds", "Seconds since the last complete poll", view.sync.lag_s)
    orders = GaugeMetricFamily("aipkit_bridge_orders", "Orders by state", labels=["state"])
    for state in _STATES:
        orders.add_metric([state], getattr(view.orders, state))
    yield orders
    yield gauge("shortfall_credits", "Credits that could not be taken back", view.orders.shortfall)
    yield gauge("findings_open", "Open findings", view.findings_open)
    yield gauge("annotations_pending", "Order notes still to be written", view.annotations_pending)
