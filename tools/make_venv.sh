#!/bin/sh
# Makes .venv, or another folder, with Python 3.11 or newer, unless there is a working one.
# Usage: tools/make_venv.sh [PYTHON [FOLDER]]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"
cd "$here/.."

python=${1:-python3}
folder=${2:-.venv}
recent='import sys; sys.exit(sys.version_info < (3, 11))'

if [ -x "$folder/bin/python" ] && "$folder/bin/python" -c "$recent" 2>/dev/null &&
    "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

command -v "$python" >/dev/null 2>&1 ||
    die "Missing: $python. Install Python 3.11 or newer, or name one: make PYTHON=python3.12 …"
"$python" -c "$recent" ||
    die "$python is $("$python" --version 2>&1), but 3.11 or newer is needed: make PYTHON=python3.12 …"

# Debian's Python has venv and pip in a package of their own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    own=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    have_lists || { need_apt "$own" && quiet_apt update; } || true
    apt-cache show "$own" >/dev/null 2>&1 || own=python3-venv
    install_packages "$own"
fi

rm -rf "$folder"
"$python" -m venv "$folder"
