#!/usr/bin/env bash
# start-dockerd.sh FOLDER start|stop|join PID|leave PID: runs the engine that get-docker.sh put into FOLDER, by hand. Needs root.
#   start, stop            for a person; start prints, as lines to eval, what a client needs
#   join PID, leave PID    for processes that share it: it ends when the last that joined has left or is gone
#
# It stands in a network of its own, so that no other engine, firewall or port of this machine meets it: containers publish their
# ports on 172.28.255.2, and this machine is 172.28.255.1 to them. Images are in FOLDER/data, its socket in DOCKERD_RUN
# (/run/repasse-dockerd; a socket's path has 108 bytes, so keep that short).
set -euo pipefail
# What only root runs, chroot and ip among it, is not in everybody's PATH.
export PATH="$PATH:/usr/sbin:/sbin"
dest="${1:?usage: start-dockerd.sh FOLDER start|stop|join PID|leave PID}"
mkdir -p "$dest"
dest="$(cd "$dest" && pwd)"
run="${DOCKERD_RUN:-/run/repasse-dockerd}"
sock="$run/docker.sock" pidfile="$run/dockerd.pid" log="$run/dockerd.log"
net=repasse-dockerd near=172.28.255.1 far=172.28.255.2

# Where nothing reaps orphans a dead process keeps its entry, as a zombie.
alive() {
  local state
  state="$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null)" && [ "$state" != Z ]
}
pid() {
  local found
  found="$(cat "$pidfile" 2>/dev/null)" && [ "$(cat "/proc/$found/comm" 2>/dev/null)" = dockerd ] && alive "$found" && echo "$found"
}
answers() { "$dest/bin/docker" -H "unix://$sock" version >/dev/null 2>&1; }

# The rules of this machine by which the network gets out, each with -A, -I or -D before it.
rules() {
  "$dest/bin/iptables" -t nat "${1/I/A}" POSTROUTING -s "$near/30" ! -d "$near/30" -j MASQUERADE
  "$dest/bin/iptables" "$1" FORWARD -s "$near/30" -j ACCEPT
  "$dest/bin/iptables" "$1" FORWARD -d "$near/30" -j ACCEPT
}
join_network() {
  command -v ip >/dev/null || { echo 'ip is not here: apt-get install iproute2' >&2; return 1; }
  cat /proc/sys/net/ipv4/ip_forward >"$run/ip_forward"
  ip netns add "$net"
  ip link add rpsd0 type veth peer name eth0 netns "$net"
  ip addr add "$near/30" dev rpsd0
  ip link set rpsd0 up
  ip -n "$net" addr add "$far/30" dev eth0
  ip -n "$net" link set lo up
  ip -n "$net" link set eth0 up
  ip -n "$net" route add default via "$near"
  echo 1 >/proc/sys/net/ipv4/ip_forward
  rules -I
}
leave_network() {
  ip netns pids "$net" >/dev/null 2>&1 || return 0
  rules -D 2>/dev/null || true
  ip link del rpsd0 2>/dev/null || true
  ip netns del "$net"
  [ ! -e "$run/ip_forward" ] || [ -n "$(pgrep -x dockerd || true)" ] || cat "$run/ip_forward" >/proc/sys/net/ipv4/ip_forward
  rm -f "$run/ip_forward"
}

stop() {
  local server
  if server="$(pid)"; then
    "$dest/bin/docker" -H "unix://$sock" ps -q 2>/dev/null | xargs -r "$dest/bin/docker" -H "unix://$sock" kill >/dev/null 2>&1 || true
    kill "$server"
    for _ in $(seq 150); do
      alive "$server" || break
      sleep 0.1
    done
    if alive "$server"; then kill -9 "$server"; fi
    rm -f "$pidfile"
  fi
  umount "$run/exec/netns/default" 2>/dev/null || true
  leave_network
  # containerd makes them, empty.
  rmdir /opt/containerd/bin /opt/containerd/lib /opt/containerd 2>/dev/null || true
}

start() {
  local server library=()
  if pid >/dev/null && answers; then return 0; fi
  stop
  mkdir -p "$run" "$dest/data"
  join_network || return 1
  # Only where this machine lacks a library, so that nothing of it reaches a container.
  [ -z "$(ls -A "$dest/lib")" ] || library=("LD_LIBRARY_PATH=$dest/lib")
  env ${library[@]+"${library[@]}"} PATH="$dest/bin:$PATH" setsid nsenter --net="/run/netns/$net" \
    dockerd -H "unix://$sock" --data-root "$dest/data" --exec-root "$run/exec" --pidfile "$pidfile" --storage-driver "$1" --group root \
    --bip 172.29.0.1/24 --default-address-pool base=172.29.64.0/18,size=24 --mtu 1400 >"$log" 2>&1 </dev/null 9>&- &
  server=$!
  for _ in $(seq 300); do
    if answers; then return 0; fi
    alive $server || break
    sleep 0.1
  done
  tail -n 15 "$log" >&2
  stop
  kill $server 2>/dev/null || true
  return 1
}

# True when a process that joined still lives.
is_used() {
  local user
  for user in "$run"/users/*; do
    if [ -e "$user" ] && alive "${user##*/}"; then return 0; fi
    rm -f "$user"
  done
  return 1
}

bring_up() {
  [ "$(id -u)" = 0 ] || { echo 'a Docker engine is started by root' >&2; exit 77; }
  start overlay2 || start vfs
  echo "export DOCKER_HOST=unix://$sock DOCKER_CONFIG=$dest/config PATH=$dest/client:\$PATH"
}

mkdir -p "$run/users"
exec 9>"$run/.lock"
flock 9
case "${2:-start}" in
  start) bring_up ;;
  stop)
    if is_used; then echo 'others use it: it ends with the last of them' >&2; else stop; fi
    ;;
  join)
    : >"$run/users/${3:?whose PID}"
    bring_up
    ;;
  leave)
    rm -f "$run/users/${3:?whose PID}"
    is_used || stop
    ;;
  *)
    echo "start-dockerd.sh knows start, stop, join and leave, not $2" >&2
    exit 64
    ;;
esac
