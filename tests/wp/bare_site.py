"""A real WordPress that has never had the bridge, for `init` to connect."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.support.folders import PLUGIN
from tests.support.processes import finish, spawn

from .site import DATABASE, WordPressSite

SECRET_LINE = re.compile(r'^(?:consumer_\w+|shared_secret) = "(.+)"$', re.MULTILINE)
USERS = "SELECT user, host FROM mysql.user WHERE user LIKE 'aipkit%%'"


@dataclass
class BareSite:
    """A WordPress with WooCommerce that has never had the bridge, and where `init` writes."""

    wordpress: WordPressSite
    config: Path

    @property
    def wp_config(self) -> Path:
        return self.wordpress.folder / "wp-config.php"

    @property
    def plugin(self) -> Path:
        return self.wordpress.folder / "wp-content" / "plugins" / "aipkit-bridge"

    @property
    def record(self) -> Path:
        return self.config.with_name("config.toml.init.json")

    def write_wp_config(self, user: str = "root", password: str = "", more: str = "") -> None:
        """As WordPress itself writes it, in clear."""
        self.wp_config.write_text(
            f"""<?php
define( 'DB_NAME', '{DATABASE}' );
define( 'DB_USER', '{user}' );
define( 'DB_PASSWORD', '{password}' );
define( 'DB_HOST', 'localhost:{self.wordpress.database.socket}' );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', __DIR__ . '/debug.log' );
define( 'DISABLE_WP_CRON', true );
foreach ( array( 'AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE' ) as $name ) {{
    define( $name . '_KEY', 'test key of ' . $name );
    define( $name . '_SALT', 'test salt of ' . $name );
}}
{more}
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {{
    define( 'ABSPATH', __DIR__ . '/' );
}}
require_once ABSPATH . 'wp-settings.php';
"""
        )

    def init(self, *arguments: str) -> tuple[int, str, str]:
        """Run `aipkit-bridge init`; return its exit code and what it printed."""
        return finish(spawn(self.config, "init", *arguments))

    def connect(self, *arguments: str) -> tuple[int, str, str]:
        return self.init("--wp-config", str(self.wp_config), "--yes", *arguments)

    def settle(self) -> None:
        """Let WordPress do what it does at any request: write transients, rules for addresses."""
        assert requests.get(self.wordpress.url, timeout=30).ok
        self.wordpress.wp_eval("flush_rewrite_rules( false );")

    def everything(self) -> set[str]:
        """Every row and file, and who may log in to the database."""
        found = {f"user {row}" for row in self.wordpress.sql(USERS)}
        for (name,) in self.wordpress.sql("SHOW TABLES"):
            found.add(f"table {name}")
            for row in self.wordpress.sql(f"SELECT * FROM {name}"):
                values = row[1:] if name == "wp_options" else row  # the id of an option may differ
                if name != "wp_options" or "_transient" not in row[1]:
                    found.add(f"{name} {values}")
        plugins = self.wordpress.folder / "wp-content" / "plugins"
        for path in (*plugins.rglob("*"), *self.config.parent.iterdir()):
            if path.is_file():
                found.add(f"{path} {hashlib.sha256(path.read_bytes()).hexdigest()}")
        return found

    def secrets(self) -> list[str]:
        text = self.config.read_text()
        password = re.search(r"//[^:]+:([^@]+)@", text)
        return SECRET_LINE.findall(text) + ([password[1]] if password else [])


@contextmanager
def bare_site(site: WordPressSite, folder: Path) -> Iterator[BareSite]:
    """Let a site be without the plugin; afterwards it is as the other tests know it."""
    site.activate("woocommerce")
    site.wp_eval(
        """foreach ( array( 'settings', 'heartbeat', 'rewrite', 'settings_version' ) as $name ) {
            delete_option( "aipkit_bridge_$name" );
        }
        stand_in_make_rest_keys();
        flush_rewrite_rules( false );"""
    )
    bare = BareSite(site, folder / "config.toml")
    before = bare.wp_config.read_bytes()
    bare.plugin.unlink()
    bare.write_wp_config()
    yield bare
    bare.wp_config.write_bytes(before)
    if not bare.plugin.is_symlink():
        shutil.rmtree(bare.plugin, ignore_errors=True)
        bare.plugin.symlink_to(PLUGIN)
    for user, host in site.sql(USERS):
        site.sql("DROP USER %s@%s", user, host)
