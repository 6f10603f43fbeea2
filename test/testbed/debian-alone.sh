# shellcheck shell=bash
# debian-alone.sh, sourced: debian.sh, for packages whose dependencies are not wanted, because what they need is here or never used.
# shellcheck source=test/testbed/debian.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/debian.sh"

# ready_debian: where the packages come from, or why they cannot.
ready_debian() {
  [ -f "$keyring" ] || { echo "$keyring is not here: install debian-archive-keyring" >&2; return 1; }
  mirror="${DEBIAN_MIRROR:-$(archive debian)}"
  [ -n "$mirror" ] || { echo "this machine's apt names no Debian archive: name one in DEBIAN_MIRROR" >&2; return 1; }
}

# take FOLDER SUITE PACKAGE...: these and nothing else, into FOLDER/root.
take() {
  folder="$1" work="$1/.apt"
  mkdir -p "$folder"
  write_apt "$2"
  APT_CONFIG="$work/apt.conf" DEBIAN_FRONTEND=noninteractive LC_ALL=C take_packages "${@:3}" || return 1
  rm -rf "$work"
}
take_packages() {
  apt-get -qq --error-on=any update >&2 && (cd "$work/archives" && apt-get -qq download "$@" >&2) && unpack
}
