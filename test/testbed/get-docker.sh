#!/usr/bin/env bash
# get-docker.sh FOLDER: a Docker engine with BuildKit and Compose for the tests, unpacked into FOLDER (400 MB): FOLDER/bin/dockerd and
# its kin, FOLDER/client/docker for whoever asks it, FOLDER/plugins for `docker build` and `docker compose`. Installs nothing.
# How, and what it trusts: debian.sh beside it.
#
# The engine's own programs need no library newer than a Debian of years ago, so they are taken from the newest suite, whose
# `docker build` knows --check; runc and iptables are run by others and within others, so they are of this machine's release.
set -euo pipefail
# What only root runs, chroot and ip among it, is not in everybody's PATH.
export PATH="$PATH:/usr/sbin:/sbin"
# shellcheck source=test/testbed/debian-alone.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/debian-alone.sh"
# shellcheck disable=SC2034 # read by debian.sh
leaves_out=('./usr/share/doc/*' './usr/share/locale/*' './usr/share/man/*' './usr/share/bash-completion/*' './usr/share/fish/*' './usr/share/zsh/*')

dest="${1:?usage: get-docker.sh FOLDER}"
mkdir -p "$dest"
dest="$(cd "$dest" && pwd)"
libraries="usr/lib/$(uname -m)-linux-gnu"

whole() { "$dest/bin/dockerd" --version >/dev/null 2>&1 && "$dest/bin/runc" --version >/dev/null 2>&1 && [ -x "$dest/bin/docker-init" ]; }

link() {
  local engine="$dest/engine/root" host="$dest/host/root" tool
  rm -rf "${dest:?}/bin" "${dest:?}/client" "${dest:?}/lib" "${dest:?}/config"
  mkdir -p "$dest/bin" "$dest/client" "$dest/lib" "$dest/config/cli-plugins"
  ln -s "$engine"/usr/sbin/{dockerd,docker-proxy} "$engine"/usr/bin/{containerd,containerd-shim-runc-v2,docker} "$host/usr/sbin/runc" "$dest/bin/"
  ln -s "$host/usr/bin/tini-static" "$dest/bin/docker-init"
  ln -s "$engine"/usr/libexec/docker/cli-plugins/* "$dest/config/cli-plugins/"
  ln -s ../bin/docker "$dest/client/docker"
  for tool in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
    cat >"$dest/bin/$tool" <<LAUNCHER
#!/bin/sh
LD_LIBRARY_PATH=$host/$libraries XTABLES_LIBDIR=$host/$libraries/xtables exec $host/usr/sbin/xtables-nft-multi $tool "\$@"
LAUNCHER
    chmod 755 "$dest/bin/$tool"
  done
  # What this machine may lack; never the C library.
  for tool in libseccomp.so.2 libsystemd.so.0; do
    /sbin/ldconfig -p | grep -q "$tool" || ln -s "$host/$libraries/$tool" "$dest/lib/$tool"
  done
}

whole && exit 0
exec 9>"$dest/.lock"
flock 9
whole && exit 0
ready_debian
release="$(. /etc/os-release && echo "$VERSION_CODENAME")"

take "$dest/host" "$release" runc iptables libip4tc2 libip6tc2 libnftnl11 libnetfilter-conntrack3 libnfnetlink0 libxtables12 libmnl0 \
  libseccomp2 libsystemd0 tini
for suite in ${DEBIAN_SUITES:-sid trixie}; do
  take "$dest/engine" "$suite" docker.io docker-cli docker-buildx docker-compose containerd && link && whole && exit 0
  echo "no dockerd that runs from $suite" >&2
done
exit 1
