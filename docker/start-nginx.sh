#!/bin/sh
# Starts nginx in its container. Reads SERVER_NAME (localhost) and CONSOLE_NETWORKS (private networks; `all`, or addresses and networks
# with blanks between them), and makes a certificate of its own where none is: browsers and the bank will not trust that one.
set -eu
certificates=/etc/nginx/certificates
name=${SERVER_NAME:-localhost}

# prepare FROM TO: what nginx reads, with what the environment says filled in. A redeploy does it in a container that runs, with the
# next image's files, and has nginx read them again (infra/host).
prepare() {
  rm -rf "$2"
  mkdir "$2"
  cp -r "$1/nginx.conf" "$1/repasse.conf" "$1/repasse" "$2/"
  sed -i 's,/var/log/nginx/access.log,/dev/stdout,' "$2/repasse.conf"
  # A kernel without IPv6 would not let it start.
  [ -e /proc/net/if_inet6 ] || sed -i '/listen \[::\]/d' "$2/repasse.conf"
  case $name in
    *[!A-Za-z0-9.:-]*) echo "start-nginx: SERVER_NAME is no host's name" >&2 && return 1 ;;
  esac
  # shellcheck disable=SC2016 # $public_host is nginx's own
  printf 'map "" $public_host {\n    default "%s";\n}\n' "$name" >"$2/repasse/public-host.conf"
  if [ -n "${CONSOLE_NETWORKS:-}" ]; then
    # The health of this container is asked for from inside.
    {
      for network in 127.0.0.1 $CONSOLE_NETWORKS; do echo "allow $network;"; done
      echo 'deny all;'
    } >"$2/repasse/console-networks.conf"
  fi
}
if [ "${1:-}" = prepare ]; then
  prepare "$2" "$3"
  exit
fi

if [ ! -s "$certificates/fullchain.pem" ] || [ ! -s "$certificates/privkey.pem" ]; then
  echo "start-nginx: no certificate in $certificates: making one for $name that nobody trusts" >&2
  case $name in *[!0-9.]*) kind=DNS ;; *) kind=IP ;; esac
  umask 077
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$name" \
    -addext "subjectAltName=$kind:$name,DNS:localhost,IP:127.0.0.1" \
    -keyout "$certificates/privkey.pem.new" -out "$certificates/fullchain.pem.new" 2>/dev/null
  mv "$certificates/privkey.pem.new" "$certificates/privkey.pem"
  mv "$certificates/fullchain.pem.new" "$certificates/fullchain.pem"
fi

prepare /etc/nginx /tmp/nginx
exec nginx -c /tmp/nginx/nginx.conf -g 'daemon off;'
