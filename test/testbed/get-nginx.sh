#!/usr/bin/env bash
# get-nginx.sh FOLDER [SUITE]: an nginx for the tests, unpacked into FOLDER (35 MB); FOLDER/bin/nginx is the result. SUITE is a Debian
# release: trixie has nginx 1.26, bookworm 1.22. How, and what it trusts: debian.sh beside it.
set -euo pipefail
# What only root runs, chroot and ip among it, is not in everybody's PATH.
export PATH="$PATH:/usr/sbin:/sbin"
# shellcheck source=test/testbed/debian.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/debian.sh"

# What nobody reads in a test.
leaves_out=('./usr/share/doc/*' './usr/share/locale/*' './usr/share/man/*')

works() { "$folder/bin/nginx" -v >/dev/null 2>&1; }

# The launcher runs the program with the loader and libraries it came with, and becomes it, so its pid is the server's own.
write_launcher() {
  mkdir -p "$folder/bin"
  cat >"$folder/bin/nginx.new" <<'LAUNCHER'
#!/bin/sh
self=$(readlink -f -- "$0")
root=${self%/bin/*}/root
for loader in "$root"/usr/lib64/ld-linux-*.so.2 "$root"/usr/lib/ld-linux-*.so.1; do [ -x "$loader" ] && break; done
exec "$loader" --inhibit-cache --library-path "$root/usr/lib/$(uname -m)-linux-gnu:$root/usr/lib" --argv0 nginx "$root/usr/sbin/nginx" "$@"
LAUNCHER
  chmod 755 "$folder/bin/nginx.new"
  mv -f "$folder/bin/nginx.new" "$folder/bin/nginx"
}

bring "${1:?usage: get-nginx.sh FOLDER [SUITE]}" "${2:-trixie sid}" nginx-light
