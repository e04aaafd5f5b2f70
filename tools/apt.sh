# Installing Debian packages without starting services or removing anything. Sourced, not run.

POLICY=/usr/sbin/policy-rc.d

say() { printf '%s\n' "$*" >&2; }

die() { say "$*"; exit 1; }

# Runs a command as root: as we are, or by sudo if that asks for no password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Ends with one line unless packages can be installed here; $1 = what is missing.
need_apt() {
    command -v apt-get >/dev/null 2>&1 ||
        die "Missing: $1. This system has no apt-get: install what provides it, then run this again."
    [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null ||
        die "Missing: $1. Run this as root: apt-get install --no-install-recommends $1"
}

# The lists of a fresh container are empty: then nothing can be found in them.
have_lists() { find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' 2>/dev/null | grep -q .; }

quiet_apt() {
    # RUNLEVEL and the guard below keep maintainer scripts from starting services; the last two
    # keep needrestart from restarting services that are already there.
    as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 NEEDRESTART_MODE=l \
        apt-get -q -y -o Dpkg::Use-Pty=0 "$@" >&2 </dev/null
}

guard_services() {
    [ ! -e "$POLICY" ] || return 0
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
    trap 'as_root rm -f "$POLICY"' EXIT
    trap 'exit 130' INT TERM HUP
}

# Names the packages that apt cannot install, one by one.
uninstallable() {
    for package in "$@"; do
        apt-get -s -y install --no-install-recommends --no-remove "$package" >/dev/null 2>&1 ||
            printf ' %s' "$package"
    done
}

install_packages() {
    need_apt "$*"
    say "Installing: $*"
    guard_services
    have_lists || quiet_apt update || say "apt-get update failed; trying with the lists that are here."
    quiet_apt install --no-install-recommends --no-remove "$@" && return 0
    say "apt-get install failed; once more with fresh lists."
    quiet_apt update || true
    quiet_apt install --no-install-recommends --no-remove "$@" && return 0
    bad=$(uninstallable "$@")
    die "Could not install:${bad:- $*}. apt-get says why above; install it by hand, then run this again."
}
