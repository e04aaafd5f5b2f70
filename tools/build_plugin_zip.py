"""Packs the WordPress plugin; the same files always give the same archive, byte for byte."""

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = ROOT / "wp_plugin_stub" / "aipkit-bridge"
OLDEST = (1980, 1, 1, 0, 0, 0)
"""The first instant that a zip archive can hold."""
PLAIN_FILE = 0o100644 << 16


def pack(plugin: Path, archive: Path) -> int:
    """Pack a plugin's folder, without hidden files; return how many files that were."""
    files = sorted(p for p in plugin.rglob("*") if p.is_file() and not _is_hidden(p, plugin))
    archive.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(archive, "w", ZIP_DEFLATED, compresslevel=9) as packed:
        for path in files:
            info = ZipInfo(path.relative_to(plugin.parent).as_posix(), OLDEST)
            info.compress_type = ZIP_DEFLATED
            info.external_attr = PLAIN_FILE
            info.create_system = 3  # Unix, wherever it is packed
            packed.writestr(info, path.read_bytes())
    return len(files)


def _is_hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)


if __name__ == "__main__":
    target = ROOT / "dist" / "aipkit-bridge.zip"
    count = pack(PLUGIN, target)
    sys.stdout.write(f"{target.relative_to(ROOT)}: {count} files\n")
