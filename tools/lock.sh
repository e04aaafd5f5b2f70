#!/bin/sh
# Writes requirements.lock and requirements-dev.lock afresh, with the hashes of all platforms.
# Run it with the oldest Python that is supported: make lock PYTHON=python3.11
set -eu

cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${1:-python3}" -m venv "$folder"
"$folder/bin/pip" install -q 'pip-tools>=7.4,<8'

compile() {
    CUSTOM_COMPILE_COMMAND="make lock" "$folder/bin/pip-compile" -q --upgrade --strip-extras \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --generate-hashes \
        "$@" pyproject.toml
}

compile --output-file requirements.lock
compile --extra dev --constraint requirements.lock --output-file requirements-dev.lock
