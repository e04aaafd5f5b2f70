"""A WordPress site of our own: real code, own folder, own database, PHP's own web server."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import requests

from demo.private_server import PrivateServer
from tests.support.folders import PLUGIN
from tests.support.snapshot import Snapshot

from .debian_wordpress import THEMES, WordPressFiles
from .php_cli import SECONDS_MAX, PhpError, quoted, run_php
from .php_server import PhpServer
from .visitor import Visitor

HERE = Path(__file__).resolve().parent
STAND_INS = HERE / "plugins"
DATABASE = "wordpress"
EVAL, ADMIN_EVAL, FAILED = "/-/eval", "/-/admin-eval", "Eval-Failed"
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Page:
    """A published page."""

    id: int
    url: str


class WordPressSite:
    """One installed site. Its administrator is `admin`; every user has the password PASSWORD."""

    def __init__(self, folder: Path, files: WordPressFiles, database: PrivateServer) -> None:
        self.folder = folder
        self.must_use = folder / "wp-content" / "mu-plugins"
        """Code of tests for every request; whoever puts a file there takes it away again."""
        self.database = database
        self._server = PhpServer(folder, HERE / "php" / "router.php")
        self.host = self._server.host
        self.url = f"http://{self.host}"
        self.db_name = DATABASE
        self._states: list[Snapshot] = []
        copy_code(files, folder)
        for plugin in (PLUGIN, *sorted(STAND_INS.iterdir())):
            (folder / "wp-content" / "plugins" / plugin.name).symlink_to(plugin)

    def install(self) -> None:
        """Fills a new database, and starts the web server."""
        connection = self.database.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {self.db_name} CHARACTER SET utf8mb4")
        self.set_constants({})
        run_php([str(HERE / "php" / "install.php")], [str(self.folder), self.host, PASSWORD], "")
        self._server.start()
        self.wp_eval(f"switch_theme( '{THEMES[0]}' ); flush_rewrite_rules();")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Until this ends, `put_back` puts back what the database holds now."""
        state = Snapshot(self.database, self.db_name, f"kept_{len(self._states)}")
        self._states.append(state)
        yield
        self._states.pop().drop()

    def put_back(self) -> None:
        """Lets the database be as it was kept, and wp-config.php as it was at first."""
        self.set_constants({})
        self._states[-1].put_back()

    def stop(self) -> None:
        """Ends the web server; takes the files away."""
        self._server.stop()
        shutil.rmtree(self.folder)

    def mails(self) -> list[EmailMessage]:
        """What was sent since the last call, the oldest first."""
        files = sorted(self._server.mails.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        texts = [file.read_bytes() for file in files]
        for file in files:
            file.unlink()
        return [message_from_bytes(text, policy=default) for text in texts]

    def set_constants(self, constants: dict[str, str]) -> None:
        """What wp-config.php defines besides the database."""
        settings = {
            "db_host": f"localhost:{self.database.socket}",
            "db_name": self.db_name,
            "db_user": "root",
            "db_password": "",
            "constants": constants,
        }
        (self.folder / "settings.json").write_text(json.dumps(settings))

    def wp_eval(self, php: str, *, in_admin: bool = False) -> str:
        """Runs PHP code inside WordPress, after `init` and `wp_loaded`; gives what it printed.

        In a request of its own to the web server, which has WordPress's code compiled already;
        one of a page, or of the admin.
        """
        path = ADMIN_EVAL if in_admin else EVAL
        answer = requests.post(f"{self.url}{path}", data=php.encode(), timeout=SECONDS_MAX)
        if FAILED in answer.headers:
            error = PhpError(answer.headers[FAILED])
            error.add_note(self.debug_log()[-1000:])
            raise error
        return answer.text

    def wp_value(self, expression: str) -> Any:
        """The value of a PHP expression inside WordPress."""
        return json.loads(self.wp_eval(f"echo wp_json_encode( {expression} );"))

    def create_user(self, login: str, role: str = "subscriber") -> int:
        """A new user's id."""
        arguments = f"""array(
            'user_login' => {quoted(login)},
            'user_email' => {quoted(login + "@example.test")},
            'user_pass'  => {quoted(PASSWORD)},
            'role'       => {quoted(role)},
        )"""
        return int(self.wp_value(f"wp_insert_user( {arguments} )"))

    def create_page(self, content: str, title: str = "My tokens") -> Page:
        """A new published page, exactly with this content."""
        page_id = self.wp_value(
            f"""wp_insert_post( wp_slash( array(
                'post_type'    => 'page',
                'post_status'  => 'publish',
                'post_title'   => {quoted(title)},
                'post_content' => {quoted(content)},
            ) ) )"""
        )
        return Page(page_id, self.wp_value(f"get_permalink( {page_id} )"))

    def login(self, user: str) -> Visitor:
        """A browser's session in which the user has logged in through the form."""
        visitor = Visitor(self.url)
        visitor.post("/wp-login.php", {"log": user, "pwd": PASSWORD})
        cookies = visitor.http.cookies.get_dict()
        if not any(name.startswith("wordpress_logged_in") for name in cookies):
            raise AssertionError(f"{user} could not log in")
        return visitor

    def activate(self, *plugins: str) -> None:
        """Makes exactly these the active plugins, in this order, with their activation hooks."""
        wanted = [f"{name}/{name}.php" for name in plugins]
        if self.active_plugins() == wanted:
            return
        files = ", ".join(quoted(file) for file in wanted)
        self.wp_eval(
            f"""require_once ABSPATH . 'wp-admin/includes/plugin.php';
            $wanted = array( {files} );
            $active = (array) get_option( 'active_plugins' );
            deactivate_plugins( array_diff( $active, $wanted ) );
            $failed = activate_plugins( array_diff( $wanted, $active ) );
            if ( is_wp_error( $failed ) ) {{
                throw new Exception( print_r( $failed, true ) );
            }}
            update_option( 'active_plugins', $wanted );"""
        )

    def active_plugins(self) -> list[str]:
        """The files of the active plugins, in their order."""
        rows = self.sql("SELECT option_value FROM wp_options WHERE option_name='active_plugins'")
        return re.findall(r'"([^"]+)"', rows[0][0])

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows straight from the database, past every cache of WordPress."""
        connection = self.database.connect(database=self.db_name)
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def debug_log(self) -> str:
        """What PHP and WordPress complained about."""
        log = self.folder / "debug.log"
        return log.read_text(errors="replace") if log.exists() else ""


def copy_code(files: WordPressFiles, folder: Path) -> None:
    """WordPress's own code and the themes; nothing of the original is written to."""
    shutil.copytree(
        files.core,
        folder,
        ignore=shutil.ignore_patterns("wp-content", "wp-config*.php", ".htaccess"),
        ignore_dangling_symlinks=True,
        dirs_exist_ok=True,
    )
    (folder / "wp-content" / "plugins").mkdir(parents=True)
    (folder / "wp-content" / "mu-plugins").mkdir()
    for theme in files.themes:
        shutil.copytree(theme, folder / "wp-content" / "themes" / theme.name)
    shutil.copy(HERE / "php" / "wp-config.php", folder / "wp-config.php")
