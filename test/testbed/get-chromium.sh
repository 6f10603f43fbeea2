#!/usr/bin/env bash
# get-chromium.sh FOLDER: a Chromium for the tests, unpacked into FOLDER (340 MB); FOLDER/bin/chromium is the result. It is the build
# without windows: the pages' tests take a third less of processor than with the one that draws for a screen which is not there.
# How, and what it trusts: debian.sh beside it.
set -euo pipefail
# shellcheck source=test/testbed/debian.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/debian.sh"

# What only a screen or a graphics card has use for (200 MB), and what nobody reads in a test.
leaves_out=('*/libLLVM*' '*/libgallium*' '*/libz3.so*' '*/libVk*' './usr/share/doc/*' './usr/share/locale/*' './usr/share/man/*'
  './usr/share/icons/*' './usr/share/themes/*' './usr/share/mime/*')

works() { HOME="$work" "$folder/bin/chromium" --version >/dev/null 2>&1; }

# The launcher runs the program with the loader and libraries it came with, and becomes it.
# Chromium takes its files from beside the program that /proc says it is, which is the loader: so the loader stands there too.
# It starts its parts as that program as well, unless told which; and the zygote cannot be told, so there is none. The
# handler of crashes would start with this machine's own libraries.
write_launcher() {
  local loader
  for loader in "$folder/root/usr/lib64/"ld-linux-*.so.2 "$folder/root/usr/lib/"ld-linux-*.so.1; do [ -x "$loader" ] && break; done
  cp -L "$loader" "$folder/root/usr/lib/chromium/loader" || return 1
  mkdir -p "$folder/bin"
  cat >"$folder/bin/chromium.new" <<'LAUNCHER'
#!/bin/sh
self=$(readlink -f -- "$0")
root=${self%/bin/*}/root
libraries=$root/usr/lib/$(uname -m)-linux-gnu
FONTCONFIG_SYSROOT=$root
export FONTCONFIG_SYSROOT
exec "$root/usr/lib/chromium/loader" --inhibit-cache --library-path "$root/usr/lib/chromium:$libraries:$libraries/pulseaudio" \
  --argv0 chromium "$root/usr/lib/chromium/chromium-headless-shell" \
  --browser-subprocess-path="$self" --no-zygote --no-sandbox --disable-crashpad-for-testing "$@"
LAUNCHER
  chmod 755 "$folder/bin/chromium.new"
  mv -f "$folder/bin/chromium.new" "$folder/bin/chromium"
}

bring "${1:?usage: get-chromium.sh FOLDER}" 'trixie sid' chromium-headless-shell fonts-dejavu-core
