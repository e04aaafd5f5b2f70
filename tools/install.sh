#!/bin/sh
# Installs the bridge with its pinned dependencies into a folder of its own, and the command
# `aipkit-bridge` where commands are: for all users as root, else for this one.
# Usage: tools/install.sh [PYTHON [FOLDER]]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"
cd "$here/.."

python=${1:-python3}
if [ "$(id -u)" -eq 0 ]; then
    folder=${2:-/opt/aipkit-bridge}
    commands=/usr/local/bin
else
    folder=${2:-$HOME/.local/share/aipkit-bridge}
    commands=$HOME/.local/bin
fi

# Services run it as a user of their own: whatever the umask, all may read it.
umask 022
mkdir -p "$commands"
command -v "$python" >/dev/null 2>&1 || install_packages python3 python3-venv
"$here/make_venv.sh" "$python" "$folder"
pip() { PIP_USE_PEP517=1 "$folder/bin/python" -m pip --disable-pip-version-check install --quiet "$@"; }
say "Installing into $folder"
pip --requirement requirements.lock
pip --no-deps --force-reinstall .
ln -sf "$folder/bin/aipkit-bridge" "$commands/aipkit-bridge"
say "Installed: $commands/aipkit-bridge. To connect a site: aipkit-bridge init --wp-config PATH"
