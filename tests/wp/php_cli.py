"""Runs PHP scripts and writes PHP values."""

import shutil
import subprocess

# every request reads changed files anew: tests change wp-config's constants
PHP_OPTIONS = (
    *("-d", "opcache.revalidate_freq=0"),
    *("-d", "realpath_cache_ttl=0"),
    *("-d", "max_execution_time=0"),
    *("-d", "upload_max_filesize=80M"),
    *("-d", "post_max_size=81M"),
)
SECONDS_MAX = 60
# what WordPress needs of PHP, and the package each part is in
PACKAGES = {
    "Core": "php-cli",
    "mysqli": "php-mysql",
    "curl": "php-curl",
    "mbstring": "php-mbstring",
    "xml": "php-xml",
}


class PhpError(RuntimeError):
    """A PHP script ended with an error."""


def require_php() -> None:
    """Says in one line which packages are missing, if any.

    Raises:
        PhpError: naming the packages.
    """
    found = ""
    if shutil.which("php") is not None:
        found = run_php(["-r", "echo implode( ' ', get_loaded_extensions() );"], [], "")
    missing = [name for module, name in PACKAGES.items() if module not in found.split()]
    if missing:
        raise PhpError(
            f"PHP is not complete; install it with: apt-get install {' '.join(missing)}"
        )


def run_php(program: list[str], arguments: list[str], code: str) -> str:
    """Runs one PHP script; raises with what it said if it fails."""
    done = subprocess.run(
        ["php", *PHP_OPTIONS, *program, *arguments],
        input=code,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise PhpError(f"{program[-1]}: {done.stderr or done.stdout[-200:]}")
    return done.stdout


def quoted(text: str) -> str:
    """Text as a PHP string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
