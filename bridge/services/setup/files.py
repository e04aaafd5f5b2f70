"""Files that are written whole or not at all."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PRIVATE = 0o600


def write_privately(path: Path, text: str, *, owner: tuple[int, int] | None = None) -> None:
    """Write a file that only its owner reads (mode 600); it appears whole or not at all."""
    with _beside(path) as (file, draft):
        os.fchmod(file, _PRIVATE)
        if owner is not None:
            os.fchown(file, *owner)
        with os.fdopen(os.dup(file), "w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(file)
        draft.replace(path)
    _flush_folder(path.parent)


@contextmanager
def _beside(path: Path) -> Iterator[tuple[int, Path]]:
    # Always of one name: what a run left that was killed is written over by the next.
    draft = path.with_name(f".{path.name}.draft")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _PRIVATE)
    try:
        yield file, draft
    finally:
        os.close(file)
        draft.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest_of_text(text: str) -> str:
    """Return what tells whether a text was changed."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_tree(folder: Path) -> str:
    """Return what tells whether any file below a folder was changed; "" without the folder."""
    if not folder.is_dir():
        return ""
    sums = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not _is_hidden(p, folder)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        sums.update(f"{path.relative_to(folder).as_posix()}\0{content}\0".encode())
    return sums.hexdigest()


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder for a web server to read: hidden files stay, owner is as of the place."""
    place = target.parent.stat()
    shutil.copytree(source, target, copy_function=shutil.copyfile, ignore=_hidden)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        if os.geteuid() == 0:
            os.chown(path, place.st_uid, place.st_gid)


def _hidden(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(".")]


def _is_hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)
