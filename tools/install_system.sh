#!/bin/sh
# Installs what `make demo`, `make test` or `make bench` needs of the system, as far as it is
# missing. Usage: tools/install_system.sh demo|test|bench
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/apt.sh"

# Where servers are: /usr/sbin is on root's path only.
PATH="$PATH:/usr/sbin:/usr/local/sbin:/usr/libexec:/usr/local/libexec"

case "${1:-}" in
    demo) lists="$here/system-packages-demo.txt" ;;
    test) lists="$here/system-packages-demo.txt $here/system-packages-test.txt" ;;
    bench) lists="$here/system-packages-demo.txt $here/system-packages-bench.txt" ;;
    *) die "Usage: tools/install_system.sh demo|test|bench" ;;
esac

have_program() {
    for name in "$@"; do
        if command -v "$name" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

have_php_extension() {
    command -v php >/dev/null 2>&1 &&
        php -r 'exit( extension_loaded( $argv[1] ) ? 0 : 1 );' "$1" >/dev/null 2>&1
}

have_library() { ldconfig -p 2>/dev/null | grep -qF "$1 "; }

is_there() {
    kind=$1
    shift
    case "$kind" in
        program) have_program "$@" ;;
        mariadb) have_program "$@" || { have_program mysqld && ! have_program mariadbd; } ;;
        php) have_php_extension "$1" ;;
        library) have_library "$1" ;;
        *) die "tools/system-packages: unknown kind $kind" ;;
    esac
}

# shellcheck disable=SC2086  # both are lists of words
missing_packages() {
    cat $lists | while read -r package kind names; do
        case "$package" in '' | '#'*) continue ;; esac
        is_there "$kind" $names || printf '%s ' "$package"
    done
}

missing=$(missing_packages)
[ -n "$missing" ] || exit 0
# shellcheck disable=SC2086  # a list of words
install_packages $missing

still=$(missing_packages)
[ -z "$still" ] || die "Installed, but still not usable: $still"
