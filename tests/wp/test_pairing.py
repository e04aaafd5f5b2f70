"""A bridge on another machine gets its key and secret for a code that the plugin shows."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.support.folders import PLUGIN, ROOT
from tests.support.tls import tls_before

from .bare_site import USERS, BareSite, bare_site
from .site import DATABASE, WordPressSite

BEHIND_TLS = """
if ( 'https' === ( $_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '' ) ) {
    $_SERVER['HTTPS'] = 'on';
}"""
LOAD = "require_once WP_PLUGIN_DIR . '/aipkit-bridge/inc/pairing.php';"
BRIDGE = "https://bridge.shop.example"


class PairedSite:
    """A site behind TLS, with the plugin active and not set up."""

    def __init__(self, bare: BareSite, url: str, certificate: Path) -> None:
        self.bare = bare
        self.url = url
        self.certificate = certificate

    def code(self) -> str:
        return self.bare.wordpress.wp_eval(f"{LOAD} echo AIPKit_Bridge\\Pairing\\make_code( 1 );")

    def ask(self, code: str, *, url: str = "") -> requests.Response:
        return requests.post(
            f"{url or self.url}/wp-json/aipkit-bridge/v1/pair",
            json={"code": code, "bridge_url": BRIDGE},
            verify=str(self.certificate),
            timeout=60,
        )

    def pair(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run `init --pair`; the database is told by variables, as in a script."""
        command = [sys.executable, "-m", "bridge", "--config", str(self.bare.config), "init"]
        answers = {
            "DB_HOST": f"localhost:{self.bare.wordpress.database.socket}",
            "DB_NAME": DATABASE,
            "DB_USER": "root",
            "DB_PASSWORD": "",
            "BRIDGE_URL": BRIDGE,
        }
        variables = {f"AIPKIT_BRIDGE_INIT_{name}": answer for name, answer in answers.items()}
        environment = {**os.environ, **variables, "REQUESTS_CA_BUNDLE": str(self.certificate)}
        return subprocess.run(
            [*command, "--pair", self.url, code, "--yes"],
            env=environment, capture_output=True, text=True, cwd=ROOT, check=False,
        )  # fmt: skip

    def keys(self) -> int:
        return int(self.bare.wordpress.sql("SELECT COUNT(*) FROM wp_woocommerce_api_keys")[0][0])


@pytest.fixture
def paired(site: WordPressSite, tmp_path: Path) -> Iterator[PairedSite]:
    certificate = tmp_path / "certificate.pem"
    (tmp_path / "bridge").mkdir()
    with (
        bare_site(site, tmp_path / "bridge") as bare,
        tls_before(site.url, certificate) as url,
    ):
        bare.write_wp_config(more=BEHIND_TLS)
        bare.plugin.symlink_to(PLUGIN)
        site.activate("woocommerce", "aipkit-bridge")
        yield PairedSite(bare, url, certificate)


def test_a_code_pairs_a_bridge_and_undo_takes_the_key_away(paired: PairedSite) -> None:
    code = paired.code()

    done = paired.pair(code)

    assert (done.returncode, done.stderr) == (0, "")
    assert [word for word in paired.bare.secrets() if word in done.stdout] == []
    settings = paired.bare.wordpress.wp_value("get_option( 'aipkit_bridge_settings' )")
    assert settings["url"] == BRIDGE
    assert settings["secret"] in paired.bare.config.read_text()
    assert paired.keys() == 1

    again, undone = paired.ask(code), paired.bare.init("--undo", "--yes")

    assert again.status_code in (401, 429)
    assert undone[0] == 0, undone[2]
    assert (paired.keys(), paired.bare.wordpress.sql(USERS)) == (0, [])
    assert not paired.bare.config.exists()


def test_a_wrong_code_is_named_and_leaves_nothing(paired: PairedSite) -> None:
    paired.code()

    done = paired.pair("0000-0000-0000")

    assert done.returncode == 1
    assert "The pairing code is wrong, used or older than ten minutes" in done.stderr
    assert list(paired.bare.config.parent.iterdir()) == []
    assert paired.bare.wordpress.sql(USERS) == []


def test_only_the_hash_of_a_code_is_kept(paired: PairedSite) -> None:
    code = paired.code()

    ((stored,),) = paired.bare.wordpress.sql(
        "SELECT option_value FROM wp_options WHERE option_name = 'aipkit_bridge_pairing'"
    )

    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}", code)
    assert code not in stored
    assert code.replace("-", "") not in stored


def test_a_code_is_good_for_ten_minutes(paired: PairedSite) -> None:
    code = paired.code()
    paired.bare.wordpress.wp_eval(
        """$kept = get_option( 'aipkit_bridge_pairing' );
        $kept['until'] -= 601;
        update_option( 'aipkit_bridge_pairing', $kept, false );"""
    )

    assert paired.ask(code).json()["code"] == "aipkit_bridge_wrong_code"


def test_five_tries_void_a_code(paired: PairedSite) -> None:
    code = paired.code()

    wrong = [paired.ask("0000").status_code for _ in range(6)]

    assert wrong == [401] * 5 + [429]
    assert paired.ask(code).status_code == 429
    assert paired.keys() == 0


def test_of_many_at_once_one_gets_the_key(paired: PairedSite) -> None:
    code = paired.code()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: paired.ask(code), range(4)))

    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert [answer.status_code for answer in answers].count(200) == 1
    assert paired.keys() == 1
    assert next(a for a in answers if a.ok).headers["Content-Type"].startswith("application/json")


def test_nothing_is_given_without_https(paired: PairedSite) -> None:
    code = paired.code()

    plain = paired.ask(code, url=paired.bare.wordpress.url)

    assert (plain.status_code, plain.json()["code"]) == (403, "aipkit_bridge_https_needed")
    assert paired.ask(code).status_code == 200, "the code was not spent"


def test_letters_that_look_alike_are_the_same(paired: PairedSite) -> None:
    code = paired.code()

    assert paired.ask(code.lower().replace("0", "o").replace("1", "l")).status_code == 200


def test_the_settings_page_shows_a_code_once_to_whoever_presses(paired: PairedSite) -> None:
    render = """require_once ABSPATH . 'wp-admin/includes/template.php';
        $_SERVER['HTTPS'] = '%s';
        wp_set_current_user( get_user_by( 'login', '%s' )->ID );
        $_POST['aipkit_bridge_pair'] = %s;
        AIPKit_Bridge\\Pairing_Form\\render();"""
    nonce = "wp_create_nonce( 'aipkit_bridge_pair' )"
    code = re.compile(r"aipkit-bridge init --pair \S+ [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")

    def page(https: str, login: str, value: str) -> str:
        return paired.bare.wordpress.wp_eval(render % (https, login, value), in_admin=True)

    assert code.search(page("on", "admin", nonce))
    assert not code.search(page("on", "admin", "'forged'"))
    assert not code.search(page("on", "manager", nonce))
    assert "served by HTTPS" in page("", "admin", nonce)
