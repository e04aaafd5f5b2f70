"""A real WordPress on the recorded site's database, whose admin shows the bridge's screens."""

import json
from pathlib import Path
from urllib.parse import quote

from demo.private_server import PrivateServer
from tests.support.site import SECRET
from tests.wp.debian_wordpress import find_or_fetch
from tests.wp.php_cli import quoted, require_php
from tests.wp.site import WordPressSite

# What was recorded is a newer WordPress with other plugins, of whose tables tests copy those that
# the bridge touches. Only our plugin is active; nothing asks to upgrade the database; the rest of
# WordPress's tables is read where the recording was loaded.
_AS_RECORDED = """<?php
add_filter( 'pre_option_active_plugins', fn() => array( 'aipkit-bridge/aipkit-bridge.php' ) );
add_filter( 'pre_option_db_version', fn() => $GLOBALS['wp_db_version'] );
add_filter( 'pre_option_html_type', fn() => 'text/html' );
add_filter( 'pre_option_blog_charset', fn() => 'UTF-8' );
add_filter( 'pre_option_stylesheet', fn() => 'twentytwentyone' );
add_filter( 'pre_option_template', fn() => 'twentytwentyone' );
foreach ( array( 'terms', 'term_taxonomy', 'term_relationships', 'termmeta', 'comments',
    'commentmeta', 'links' ) as $table ) {
    $GLOBALS['wpdb']->$table = RECORDED_DATABASE . '.wp_' . $table;
}
"""
_COOKIES = """
    $user  = %d;
    $until = time() + 3600;
    $token = WP_Session_Tokens::get_instance( $user )->create( $until );
    echo wp_json_encode( array(
        AUTH_COOKIE      => wp_generate_auth_cookie( $user, $until, 'auth', $token ),
        LOGGED_IN_COOKIE => wp_generate_auth_cookie( $user, $until, 'logged_in', $token ),
    ) );"""
_PAGES = (
    ("/admin/credits/limits", "limits"),
    ("/admin/credits/prices", "limits"),
    ("/admin/credits/reports", "reports"),
    ("/admin/credits/bulk", "bulk"),
    ("/admin/credits/import", "bulk"),
    ("/admin/credits", "credits"),
)


class RecordedWordPress(WordPressSite):
    """The recorded site, run by WordPress."""

    def __init__(self, folder: Path, server: PrivateServer, name: str, recording: str) -> None:
        """Serve database *name*; *recording* holds all that was recorded."""
        require_php()
        super().__init__(folder, find_or_fetch(), server)
        self.db_name = name
        self._recording = recording
        (self.must_use / "as-recorded.php").write_text(_AS_RECORDED, "utf-8")
        self.lead_to("http://127.0.0.1:9")
        self._server.start()

    def lead_to(self, bridge: str) -> None:
        """Let the plugin find its bridge there."""
        self.set_constants(
            {
                "RECORDED_DATABASE": self._recording,
                "WP_SITEURL": self.url,
                "AIPKIT_BRIDGE_URL": bridge,
                "AIPKIT_BRIDGE_SECRET": SECRET,
            }
        )

    def cookies_of(self, user: int) -> dict[str, str]:
        """Return those of a browser in which the user has logged in just now."""
        cookies: dict[str, str] = json.loads(self.wp_eval(_COOKIES % user))
        return cookies

    def choose_language(self, user: int, locale: str) -> None:
        """Let a user have a language in the admin, as the profile has it."""
        self.wp_eval(f"update_user_meta( {user}, 'locale', {quoted(locale)} );")

    def choose_colors(self, user: int, scheme: str) -> None:
        """Let a user have a colour scheme of the admin."""
        self.wp_eval(f"update_user_meta( {user}, 'admin_color', {quoted(scheme)} );")

    def address_of(self, path: str) -> str:
        """Return where the admin shows a screen of the bridge."""
        page = next((page for start, page in _PAGES if path.startswith(start)), "status")
        return f"{self.url}/wp-admin/admin.php?page=aipkit-bridge-{page}&at={quote(path)}"
