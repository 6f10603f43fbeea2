# shellcheck shell=bash
# debian.sh, sourced by the scripts that bring a server for the tests: unpacks Debian's signed packages into a folder, with the
# libraries they were built against beside them. Installs nothing, runs no package's script, needs no root.
#
# apt itself holds the archive's signature against Debian's keyring and every package against the signed index. The archive
# is the one this machine's own apt names, or DEBIAN_MIRROR; DEBIAN_SUITES="trixie,trixie-backports sid" tries others.
#
# bring FOLDER SUITES PACKAGE... does it; the script that sources this says what to make of it:
#   works          true when FOLDER holds what is wanted; a FOLDER that works is left as it is
#   write_launcher makes FOLDER/bin of FOLDER/root
#   prefers        apt preferences, for a package taken from a suite that is not taken by itself
#   leaves_out     patterns of paths that are not unpacked

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
prefers=''
leaves_out=()

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
  printf '%s' "$prefers" >"$work/preferences"
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
  local package place pattern without=()
  for pattern in ${leaves_out[@]+"${leaves_out[@]}"}; do without+=("--exclude=$pattern"); done
  rm -rf "$folder/root"
  # /lib and its kin as links into /usr, as Debian has them.
  for place in lib lib64 bin sbin; do
    mkdir -p "$folder/root/usr/$place"
    ln -s "usr/$place" "$folder/root/$place"
  done
  for package in "$work"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" |
      tar -x --keep-directory-symlink --no-same-owner ${without[@]+"${without[@]}"} -C "$folder/root"
  done
}

# The first of SUITES (blanks between tries, commas within one) whose packages work.
bring() {
  local suites tool
  folder="$1"
  mkdir -p "$folder"
  folder="$(cd "$folder" && pwd)"
  work="$folder/.apt"
  works && return 0
  # Two test runs at once: the second waits, and finds it done.
  exec 9>"$folder/.lock"
  if command -v flock >/dev/null; then flock 9; fi
  works && return 0
  for tool in apt-get dpkg-deb tar; do
    command -v "$tool" >/dev/null || { echo "$tool is not here: this way works on Debian and its kin" >&2; return 1; }
  done
  [ -f "$keyring" ] || { echo "$keyring is not here: install debian-archive-keyring" >&2; return 1; }
  mirror="${DEBIAN_MIRROR:-$(archive debian)}"
  [ -n "$mirror" ] || { echo "this machine's apt names no Debian archive: name one in DEBIAN_MIRROR" >&2; return 1; }
  trap 'rm -rf "$work"' EXIT
  export APT_CONFIG="$work/apt.conf" DEBIAN_FRONTEND=noninteractive LC_ALL=C
  for suites in ${DEBIAN_SUITES:-$2}; do
    write_apt "$suites"
    # systemd-standalone-sysusers is the smallest package that satisfies a dependency which is not used here.
    if apt-get -qq --error-on=any update >&2 &&
      apt-get -qq -y --download-only install "${@:3}" systemd-standalone-sysusers >&2 &&
      unpack && write_launcher && works; then
      return 0
    fi
    echo "nothing that runs from $suites: ${*:3}" >&2
  done
  return 1
}
