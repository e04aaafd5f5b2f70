"""WordPress's lists of active plugins, to the byte."""

import pytest

from bridge.domain.errors import UnwritableSettingsError
from bridge.store.active_plugins import is_active, with_plugin, without_plugin
from bridge.store.raw_options import Shelf

OURS = "aipkit-bridge/aipkit-bridge.php"
SHOP = 'a:1:{i:0;s:27:"woocommerce/woocommerce.php";}'
BOTH = f'a:2:{{i:0;s:31:"{OURS}";i:1;s:27:"woocommerce/woocommerce.php";}}'
NETWORK = 'a:1:{s:27:"woocommerce/woocommerce.php";i:1700000000;}'


def test_a_sites_list_is_sorted_and_numbered() -> None:
    assert with_plugin(SHOP, Shelf.SITE, OURS, 0) == BOTH
    assert with_plugin(BOTH, Shelf.SITE, OURS, 0) == BOTH
    assert without_plugin(BOTH, Shelf.SITE, OURS) == SHOP
    assert [is_active(one, Shelf.SITE, OURS) for one in (SHOP, BOTH, None, "x")] == [
        False, True, False, False,
    ]  # fmt: skip


def test_a_networks_list_has_the_time() -> None:
    both = with_plugin(NETWORK, Shelf.NETWORK, OURS, 1700000001)

    assert both == f'{NETWORK[:-1].replace("a:1", "a:2")}s:31:"{OURS}";i:1700000001;}}'
    assert is_active(both, Shelf.NETWORK, OURS)
    assert without_plugin(both, Shelf.NETWORK, OURS) == NETWORK


def test_an_empty_list_gets_its_first() -> None:
    assert without_plugin(with_plugin("a:0:{}", Shelf.SITE, OURS, 0), Shelf.SITE, OURS) == "a:0:{}"


def test_what_would_not_survive_is_left_alone() -> None:
    with pytest.raises(UnwritableSettingsError, match="Plugins"):
        with_plugin('O:8:"stdClass":0:{}', Shelf.SITE, OURS, 0)
