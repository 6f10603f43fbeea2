#!/usr/bin/env bash
# get-bitcoind.sh FOLDER: a Bitcoin node for the tests, unpacked into FOLDER (60 MB) from Debian's signed packages, with the
# libraries it was built against beside it. Installs nothing, runs no package's script, needs no root; FOLDER/bin/bitcoind is
# the result. A FOLDER that works is left as it is.
#
# apt itself holds the archive's signature against Debian's keyring and every package against the signed index. The archive
# is the one this machine's own apt names, or DEBIAN_MIRROR; DEBIAN_SUITES="trixie,trixie-backports sid" tries others.
set -euo pipefail

folder="${1:?usage: get-bitcoind.sh FOLDER}"
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
work="$folder/.apt"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Some versions make ~/.bitcoin only to say which they are.
works() { HOME="$work" "$folder/bin/bitcoind" -version >/dev/null 2>&1; }

# One name of the last word of the archive's address in this machine's apt sources, in either of apt's two formats.
archive() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v '^#' |
    grep -oE "https?://[^ ]+/$1/?( |\$)" | head -n 1 | sed 's,/* *$,,' || true
}

# An apt of its own: its lists, its empty package database, its sources, and nothing of this machine's.
write_apt() {
  local suites="$1" suite
  rm -rf "$work"
  mkdir -p "$work"/{lists/partial,archives/partial,preferences.d}
  : >"$work/status"
  for suite in ${suites//,/ }; do
    echo "deb [signed-by=$keyring] $mirror $suite main" >>"$work/sources.list"
  done
  # Backports are taken only when asked for by name: bitcoin-knots is, and what it needs comes from the stable suite.
  printf 'Package: bitcoin-knots\nPin: release n=*-backports\nPin-Priority: 990\n' >"$work/preferences"
  cat >"$work/apt.conf" <<CONF
Dir::State "$work";
Dir::State::Lists "$work/lists";
Dir::State::status "$work/status";
Dir::State::extended_states "$work/extended_states";
Dir::Cache "$work";
Dir::Cache::Archives "$work/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc "$work";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "$work/preferences";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::Log "$work";
APT::Architecture "$(dpkg --print-architecture)";
APT::Architectures:: "$(dpkg --print-architecture)";
APT::Install-Recommends "false";
APT::Sandbox::User "";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
// Caches serve old indexes of moving suites: that they are Debian's is proven all the same.
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "15";
Acquire::https::Timeout "15";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Debug::NoLocking "true";
CONF
}

unpack() {
  local package place
  rm -rf "$folder/root"
  # /lib and its kin as links into /usr, as Debian has them.
  for place in lib lib64 bin sbin; do
    mkdir -p "$folder/root/usr/$place"
    ln -s "usr/$place" "$folder/root/$place"
  done
  for package in "$work"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink --no-same-owner -C "$folder/root"
  done
}

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

works && exit 0
# Two test runs at once: the second waits, and finds it done.
exec 9>"$folder/.lock"
if command -v flock >/dev/null; then flock 9; fi
works && exit 0
for tool in apt-get dpkg-deb tar; do
  command -v "$tool" >/dev/null || { echo "$tool is not here: this way works on Debian and its kin" >&2; exit 1; }
done
[ -f "$keyring" ] || { echo "$keyring is not here: install debian-archive-keyring" >&2; exit 1; }
mirror="${DEBIAN_MIRROR:-$(archive debian)}"
[ -n "$mirror" ] || { echo "this machine's apt names no Debian archive: name one in DEBIAN_MIRROR" >&2; exit 1; }
trap 'rm -rf "$work"' EXIT

# trixie keeps the package for its whole life; the moving suites are for when it does not any more.
for suites in ${DEBIAN_SUITES:-trixie,trixie-backports sid}; do
  write_apt "$suites"
  export APT_CONFIG="$work/apt.conf" DEBIAN_FRONTEND=noninteractive LC_ALL=C
  # systemd-standalone-sysusers is the smallest package that satisfies a dependency which is not used here.
  if apt-get -qq --error-on=any update >&2 &&
    apt-get -qq -y --download-only install bitcoin-knots systemd-standalone-sysusers >&2 &&
    unpack && write_launcher && works; then
    exit 0
  fi
  echo "no bitcoind that runs from $suites" >&2
done
exit 1
