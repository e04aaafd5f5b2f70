"""What a wp-config.php says, in the shapes that sites have; nothing of it is run."""

from collections.abc import Sequence

import pytest

from bridge.domain.db_host import DbHost, parse_db_host
from bridge.domain.php_expressions import Unknown
from bridge.domain.wp_config import WpConfig, read_wp_config

NAMES = ("DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST")
PLAIN = """<?php
define( 'DB_NAME', 'shop' );
define( 'DB_USER', 'wp' );
define( 'DB_PASSWORD', 'pa$$ word' );
define( 'DB_HOST', 'localhost' );
$table_prefix = 'wp_';
require_once ABSPATH . 'wp-settings.php';
"""


def values(config: WpConfig) -> Sequence[object]:
    return [config.constant(name) for name in NAMES] + [config.variable("table_prefix")]


EXPECTED = ["shop", "wp", "pa$$ word", "localhost", "wp_"]

SHAPES = {
    "as WordPress writes it": PLAIN,
    "double quotes with escapes": PLAIN.replace("'pa$$ word'", r'"pa\$\x24 word"').replace(
        "'shop'", '"shop"'
    ),
    "single quotes with escapes": PLAIN.replace("'DB_USER', 'wp'", r"'DB_USER' , 'wp'"),
    "joined texts": PLAIN.replace("'shop'", "'sh' . \"o\" . ( 'p' )"),
    "a byte order mark": "\ufeff" + PLAIN,
    "Windows line ends": PLAIN.replace("\n", "\r\n"),
    "old Mac line ends": PLAIN.replace("\n", "\r"),
    "fake defines in comments": PLAIN.replace(
        "<?php",
        "<?php\n// define( 'DB_NAME', 'fake1' );\n# define('DB_NAME','fake2');\n"
        "/* define( 'DB_NAME', 'fake3' ); */\n/** it's */",
    ),
    "a fake define in a text": PLAIN.replace(
        "<?php", "<?php\n$help = \"define( 'DB_NAME', 'fake' );\";"
    ),
    "a fake define in HTML": "define( 'DB_NAME', 'fake' );\n" + PLAIN,
    "a fake define in a text of many lines": PLAIN.replace(
        "<?php", "<?php\n$help = <<<'EOT'\ndefine( 'DB_NAME', 'fake' );\nEOT;\n"
    ),
    "a fake define that never runs": PLAIN.replace(
        "<?php",
        "<?php\nif ( false ) { define( 'DB_NAME', 'fake' ); }\n"
        "function fake() { define( 'DB_NAME', 'fake' ); }\n",
    ),
    "a later define": PLAIN.replace("$table", "define( 'DB_NAME', 'late' );\n$table"),
    "behind WordPress's start": PLAIN + "define( 'DB_HOST', 'late' ); $table_prefix = 'late_';",
    "const": PLAIN.replace("define( 'DB_NAME', 'shop' );", "const DB_NAME = 'shop', X = 1;"),
    "in capitals and from the root": PLAIN.replace("define( 'DB_USER'", "\\DEFINE ( 'DB_USER'"),
    "a variable before": PLAIN.replace("'DB_NAME', 'shop'", "'DB_NAME', $name").replace(
        "<?php", "<?php $name = 'shop';"
    ),
    "a constant before": PLAIN.replace("'DB_USER', 'wp'", "'DB_USER', SELF").replace(
        "<?php", "<?php define( 'SELF', 'wp' );"
    ),
    "guarded": PLAIN.replace("define( 'DB_NAME', 'shop' );", """
        if ( ! defined( 'DB_NAME' ) ) {
            define( 'DB_NAME', 'shop' );
        } else {
            define( 'DB_USER', 'other' );
        }
        if (!defined('DB_NAME')): define('DB_NAME', 'other'); endif;
        defined( 'DB_NAME' ) || define( 'DB_NAME', 'other' );
    """),
    "guarded by or": PLAIN.replace(
        "define( 'DB_NAME'", "defined( 'DB_NAME' ) or define( 'DB_NAME'"
    ),
    "without the last semicolon": PLAIN.replace("'wp_';", "'wp_' ?>\n<?php "),
    "an old-style comment at PHP's end": PLAIN.replace("<?php", "<?php // hello ?>\n<?php"),
    "heredoc": PLAIN.replace("'shop'", "<<<NAME\n  shop\n  NAME"),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_sure_is_read(shape: str) -> None:
    assert values(read_wp_config(SHAPES[shape])) == EXPECTED


UNSURE = {
    "getenv": ("getenv( 'SHOP_DB' )", "environment variable SHOP_DB"),
    "getenv with a default": ("getenv( 'SHOP_DB' ) ?: 'shop'", "environment variable SHOP_DB"),
    "the container image's way": ("getenv_docker('SHOP_DB', 'wordpress')", "variable SHOP_DB"),
    "$_ENV": ("$_ENV['SHOP_DB']", "$_ENV['SHOP_DB']"),
    "another constant": ("SHOP_DB", "the constant SHOP_DB"),
    "a function": ("read_secret( 'db' )", "read_secret()"),
    "a variable in a text": ('"shop_$number"', "when PHP runs"),
    "a choice": ("$is_live ? 'shop' : 'test'", "$is_live"),
    "a choice of a known text": ("'a' ?: 'shop'", "when PHP runs"),
    "backticks": ("`cat name`", "when PHP runs"),
}


@pytest.mark.parametrize("shape", UNSURE)
def test_what_php_takes_from_elsewhere_is_named(shape: str) -> None:
    expression, reason = UNSURE[shape]

    config = read_wp_config(PLAIN.replace("'DB_NAME', 'shop'", f"'DB_NAME', {expression}"))

    name = config.constant("DB_NAME")
    assert isinstance(name, Unknown)
    assert reason in name.why
    assert config.constant("DB_USER") == "wp"


def test_what_hangs_on_a_condition_is_not_sure() -> None:
    config = read_wp_config(
        """<?php
        if ( 'live' === $_SERVER['HTTP_HOST'] ) { define( 'DB_NAME', 'live' ); }
        elseif ( $x ) define( 'DB_USER', 'one' );
        else { define( 'DB_NAME', 'test' ); $table_prefix = 'test_'; }
        define( 'DB_NAME', 'shop' );
        switch ( $y ) { case 1: define( 'DB_HOST', 'a' ); break; default: define( 'X', 1 ); }
        while ( $z ): define( 'DB_PASSWORD', 'p' ); endwhile;
        define( 'DB_HOST', 'b' );"""
    )

    assert all(isinstance(value, Unknown) for value in values(config))


def test_what_an_included_file_may_define_is_asked_for() -> None:
    config = read_wp_config(
        """<?php
        define( 'DB_NAME', 'shop' );
        require_once __DIR__ . '/secrets.php';
        if ( ! defined( 'DB_USER' ) ) { define( 'DB_USER', 'wp' ); }
        define( 'DB_HOST', 'db.example' );
        if ( ! defined( 'ABSPATH' ) ) { define( 'ABSPATH', __DIR__ . '/' ); }
        require_once( ABSPATH . 'wp-settings.php' );""",
        "/var/www",
    )

    assert config.constant("DB_NAME") == "shop"
    assert config.constant("DB_HOST") == "db.example"
    assert config.constant("ABSPATH") == "/var/www/"
    for name in ("DB_USER", "DB_PASSWORD"):
        value = config.constant(name)
        assert isinstance(value, Unknown)
        assert "secrets.php" in value.why


def test_networks_and_other_tables_of_users_are_read() -> None:
    config = read_wp_config(
        PLAIN.replace(
            "$table",
            """define( 'MULTISITE', true ); define( 'BLOG_ID_CURRENT_SITE', 1 );
            define( 'CUSTOM_USER_TABLE', $table_prefix . 'people' );
            define( 'CUSTOM_USER_META_TABLE', 'all_usermeta' );
            $table""",
        )
    )

    assert config.constant("MULTISITE") is True
    assert config.constant("BLOG_ID_CURRENT_SITE") == 1
    assert isinstance(config.constant("CUSTOM_USER_TABLE"), Unknown), "the prefix comes later"
    assert config.constant("CUSTOM_USER_META_TABLE") == "all_usermeta"


HALVES = (
    "", "<?php", "<?php }}} )", "<?php define(", "<?php if (", "<?php const", "<?php '",
    "<?php if (1) : else", "<?php }", "<?php define('DB_NAME'", "<?php /* define", "<?php <<<X\n",
)  # fmt: skip


@pytest.mark.parametrize("source", HALVES)
def test_half_a_file_is_read_to_its_end(source: str) -> None:
    assert isinstance(read_wp_config(source).constant("DB_NAME"), Unknown)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost", DbHost("localhost")),
        ("db.example:3307", DbHost("db.example", 3307)),
        ("localhost:/run/my.sock", DbHost("localhost", socket="/run/my.sock")),
        (":/tmp/mysql.sock", DbHost("", socket="/tmp/mysql.sock")),
        ("/tmp/mysql.sock", DbHost("", socket="/tmp/mysql.sock")),
        ("127.0.0.1:3306:/tmp/mysql.sock", DbHost("127.0.0.1:3306", socket="/tmp/mysql.sock")),
        ("::1", DbHost("::1")),
        ("[::1]:3307", DbHost("::1", 3307)),
        ("2001:db8::7", DbHost("2001:db8::7")),
        ("[2001:db8::7]", DbHost("2001:db8::7")),
        (":", None),
        ("", None),
    ],
)
def test_database_hosts_are_read_as_wordpress_reads_them(
    text: str, expected: DbHost | None
) -> None:
    assert parse_db_host(text) == expected
