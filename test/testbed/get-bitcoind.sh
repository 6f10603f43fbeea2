#!/usr/bin/env bash
# get-bitcoind.sh FOLDER: a Bitcoin node for the tests, unpacked into FOLDER (60 MB); FOLDER/bin/bitcoind is the result.
# How, and what it trusts: debian.sh beside it.
set -euo pipefail
# shellcheck source=test/testbed/debian.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/debian.sh"

# Backports are taken only when asked for by name: bitcoin-knots is, and what it needs comes from the stable suite.
prefers='Package: bitcoin-knots
Pin: release n=*-backports
Pin-Priority: 990
'

# Some versions make ~/.bitcoin only to say which they are.
works() { HOME="$work" "$folder/bin/bitcoind" -version >/dev/null 2>&1; }

# The launcher runs the program with the loader and libraries it came with, and becomes it, so its pid is the node's own.
write_launcher() {
  mkdir -p "$folder/bin"
  cat >"$folder/bin/bitcoind.new" <<'LAUNCHER'
#!/bin/sh
self=$(readlink -f -- "$0")
root=${self%/bin/*}/root
for loader in "$root"/usr/lib64/ld-linux-*.so.2 "$root"/usr/lib/ld-linux-*.so.1; do [ -x "$loader" ] && break; done
exec "$loader" --inhibit-cache --library-path "$root/usr/lib/$(uname -m)-linux-gnu:$root/usr/lib" --argv0 bitcoind "$root/usr/bin/bitcoind" "$@"
LAUNCHER
  chmod 755 "$folder/bin/bitcoind.new"
  mv -f "$folder/bin/bitcoind.new" "$folder/bin/bitcoind"
}

# trixie keeps the package for its whole life; the moving suites are for when it does not any more.
bring "${1:?usage: get-bitcoind.sh FOLDER}" 'trixie,trixie-backports sid' bitcoin-knots
