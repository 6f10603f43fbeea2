#!/usr/bin/env bash
# start-host.sh FOLDER ENGINE NEAR FAR: a second host for the tests of a redeploy, on this machine: a network of its own with address
# FAR (this machine is NEAR to it), a Docker engine with nothing in it, and sshd, which takes FOLDER/id. ENGINE is where get-docker.sh
# put its programs. Says `ready`, and ends, with all it made, when its standard input does. Needs root.
# shellcheck disable=SC2317 # leave and what it calls are run by the trap
set -euo pipefail
# What only root runs, chroot and ip among it, is not in everybody's PATH.
export PATH="$PATH:/usr/sbin:/sbin"
folder="$1" engine="$2" near="$3" far="$4"
net="$(basename "$folder")" veth="rph$$"

alive() {
  local state
  state="$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null)" && [ "$state" != Z ]
}
ends() {
  [ -s "$1" ] || return 0
  local pid
  pid="$(cat "$1")"
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 200); do
    alive "$pid" || return 0
    sleep 0.1
  done
  kill -9 "$pid"
}
leave() {
  trap - EXIT
  set +e
  ends "$folder/sshd.pid"
  "$engine/bin/docker" -H "unix://$folder/docker.sock" ps -q 2>/dev/null | xargs -r "$engine/bin/docker" -H "unix://$folder/docker.sock" kill >/dev/null 2>&1
  ends "$folder/dockerd.pid"
  umount "$folder/exec/netns/default" 2>/dev/null
  ip link del "$veth" 2>/dev/null
  ip netns del "$net" 2>/dev/null
  rm -rf --one-file-system "$folder"
}
trap leave EXIT
trap '' INT TERM HUP

ip netns add "$net"
ip link add "$veth" type veth peer name eth0 netns "$net"
ip addr add "$near/30" dev "$veth"
ip link set "$veth" up
ip -n "$net" addr add "$far/30" dev eth0
ip -n "$net" link set lo up
ip -n "$net" link set eth0 up
ip -n "$net" route add default via "$near"

library=()
[ -z "$(ls -A "$engine/lib")" ] || library=("LD_LIBRARY_PATH=$engine/lib")
env ${library[@]+"${library[@]}"} PATH="$engine/bin:$PATH" setsid nsenter --net="/run/netns/$net" \
  dockerd -H "unix://$folder/docker.sock" --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/dockerd.pid" --group root \
  --storage-driver overlay2 --bip 172.30.0.1/24 --default-address-pool base=172.30.64.0/18,size=24 --mtu 1400 >"$folder/dockerd.log" 2>&1 </dev/null &

ssh-keygen -q -t ed25519 -N '' -C test -f "$folder/id"
ssh-keygen -q -t ed25519 -N '' -C host -f "$folder/host-key"
printf '[%s]:2222 %s\n' "$far" "$(cut -d' ' -f1,2 "$folder/host-key.pub")" >"$folder/known-hosts"
cat >"$folder/sshd_config" <<CONF
ListenAddress $far:2222
HostKey $folder/host-key
AuthorizedKeysFile $folder/id.pub
PidFile $folder/sshd.pid
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PermitRootLogin prohibit-password
SetEnv DOCKER_HOST=unix://$folder/docker.sock DOCKER_CONFIG=$engine/config PATH=$engine/client:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CONF
mkdir -p /run/sshd
setsid nsenter --net="/run/netns/$net" "$(command -v sshd || echo /usr/sbin/sshd)" -f "$folder/sshd_config" -E "$folder/sshd.log"

for _ in $(seq 300); do
  if "$engine/bin/docker" -H "unix://$folder/docker.sock" version >/dev/null 2>&1; then
    echo ready
    cat >/dev/null
    exit 0
  fi
  sleep 0.1
done
tail -n 15 "$folder/dockerd.log" >&2
exit 1
