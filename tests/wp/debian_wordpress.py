"""Finds WordPress's own files, or unpacks the distribution's packages into a cache folder.

Unpacking instead of installing needs no root, starts no service and pulls in no web server.
"""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SYSTEM_FOLDER = Path("/usr/share/wordpress")
THEMES = ("twentytwentyone", "twentytwentythree")
"""A classic theme with a dark mode, which is the site's at first, and a block theme."""
# WordPress itself and what its files link to outside their own folder.
PACKAGES = (
    "wordpress",
    *(f"wordpress-theme-{theme}" for theme in THEMES),
    "libjs-cropper",
    "libjs-underscore",
    "php-getid3",
)


class WordPressMissingError(RuntimeError):
    """WordPress is neither installed nor could its packages be fetched."""


@dataclass(frozen=True)
class WordPressFiles:
    """Where WordPress's code and the themes are, the site's own first."""

    core: Path
    themes: tuple[Path, ...]


def find_or_fetch() -> WordPressFiles:
    """The files of the installed package, else of the packages unpacked in the cache.

    Raises:
        WordPressMissingError: with one line that names the packages.
    """
    for root in (Path("/"), cache_folder()):
        files = files_below(root)
        if files is not None:
            return files
    fetch_into(cache_folder())
    files = files_below(cache_folder())
    if files is None:
        raise WordPressMissingError(f"The packages {' '.join(PACKAGES)} hold no WordPress.")
    return files


def files_below(root: Path) -> WordPressFiles | None:
    """WordPress below a root folder, if it is complete there."""
    core = root / SYSTEM_FOLDER.relative_to("/")
    themes = tuple(core / "wp-content" / "themes" / theme for theme in THEMES)
    is_complete = all((theme / "style.css").is_file() for theme in themes)
    return (
        WordPressFiles(core, themes) if is_complete and (core / "wp-load.php").is_file() else None
    )


def cache_folder() -> Path:
    """Where unpacked packages are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "aipkit-bridge" / "wordpress"


def fetch_into(folder: Path) -> None:
    """Downloads the packages and unpacks them; the folder appears complete or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unpacking-") as name:
        work = Path(name)
        download(work)
        for package in sorted(work.glob("*.deb")):
            run(["dpkg-deb", "-x", str(package), str(work / "root")], cwd=work)
        shutil.rmtree(folder, ignore_errors=True)
        (work / "root").replace(folder)


def download(folder: Path) -> None:
    """Fetches the packages; if apt knows none of them yet, its lists are updated first."""
    command = ["apt-get", "download", *PACKAGES]
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise WordPressMissingError(how_to_get_it("this is no Debian or Ubuntu system"))
    try:
        run(command, cwd=folder)
    except WordPressMissingError:
        run([*as_root(), "apt-get", "update"], cwd=folder)
        run(command, cwd=folder)


def as_root() -> list[str]:
    """The prefix that makes a command run as root."""
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def run(command: list[str], cwd: Path) -> None:
    """Runs one command quietly.

    Raises:
        WordPressMissingError: with the last line the command said.
    """
    try:
        subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=600)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip().splitlines() or ["no reason given"]
        raise WordPressMissingError(how_to_get_it(f"{command[0]} said: {said[-1]}")) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WordPressMissingError(how_to_get_it(str(error))) from error


def how_to_get_it(reason: str) -> str:
    """The one line a person needs."""
    return (
        f"WordPress is needed for these tests and could not be fetched ({reason}); "
        f"install it with: apt-get install --no-install-recommends {' '.join(PACKAGES[:3])}"
    )
