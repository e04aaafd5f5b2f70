#!/bin/sh
# The container's entry: brings the tables up to date before serving; other commands run as they are.
set -eu

if [ "${1:-serve}" = serve ]; then aipkit-bridge migrate; fi
exec aipkit-bridge "$@"
