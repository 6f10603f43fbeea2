# What is left to do once the new one is in use: nginx’s configuration, and what nobody needs any more.

nginx_of() { containers nginx | tail -n 1; }

# The configuration in the release's image of nginx goes into the one that runs, for a reload keeps every connection, and a new
# container could only have the port once the old one has let it go. Prepared by the new image's own script, judged before it is used.
nginx_accepts() {
  local nginx
  nginx="$(nginx_of)"
  [ -n "$nginx" ] || return 0
  [ "$(docker inspect --format '{{ .Image }}' "$nginx")" != "$(docker image inspect --format '{{ .Id }}' "repasse-nginx:$tag")" ] || return 0
  docker run --rm --network none --entrypoint tar "repasse-nginx:$tag" -c -C / etc/nginx/nginx.conf etc/nginx/repasse.conf etc/nginx/repasse usr/local/bin/start-nginx |
    docker exec -i "$nginx" sh -c 'rm -rf /tmp/next && mkdir /tmp/next && tar -x -C /tmp/next' || return 1
  docker exec "$nginx" sh -c 'grep -q "= prepare" /tmp/next/usr/local/bin/start-nginx' || return 0
  docker exec "$nginx" sh /tmp/next/usr/local/bin/start-nginx prepare /tmp/next/etc/nginx /tmp/nginx.next || return 1
  if docker exec "$nginx" diff -rq /tmp/nginx /tmp/nginx.next >/dev/null 2>&1; then
    docker exec "$nginx" rm -rf /tmp/nginx.next
    return 0
  fi
  local said
  said="$(docker exec "$nginx" nginx -t -q -c /tmp/nginx.next/nginx.conf 2>&1)" && return 0
  printf '%s\n' "$said"
  return 1
}

reload_nginx() {
  local nginx
  nginx="$(nginx_of)"
  if [ -z "$nginx" ]; then
    compose config --services | grep -qx nginx || return 0
    say 'starting nginx'
    compose up --detach --wait --no-deps --no-recreate nginx 2>&1 | grep -iE 'error|warn|denied|cannot|no such'
  elif docker exec "$nginx" [ -d /tmp/nginx.next ]; then
    docker exec "$nginx" sh -c 'rm -rf /tmp/nginx.before && mv /tmp/nginx /tmp/nginx.before && mv /tmp/nginx.next /tmp/nginx && nginx -s reload -c /tmp/nginx/nginx.conf' >/dev/null 2>&1 &&
      say 'nginx has read its new configuration'
  fi
}

# A service as the compose files define it, but for the release's name.
defined() { compose config "$1" | sed "s/:$tag\$//"; }

# What is not the program is left running as it was when it was started; where that is no more what it would be, it is said.
tell_changed() {
  local service each file why
  mkdir -p defined
  for service in $(compose config --services); do
    each="$(containers "$service" | tail -n 1)"
    rolling | grep -qx "$service" || [ -z "$each" ] && continue
    file="defined/$service" why=''
    if [ ! -f "$file" ] || [ "$(date -d "$(docker inspect --format '{{ .Created }}' "$each")" +%s)" -gt "$(stat -c %Y "$file")" ]; then
      # With its environment, where passwords may stand.
      (umask 077 && rm -f "$file" && defined "$service" >"$file")
    elif ! defined "$service" | cmp -s - "$file"; then
      why='it is defined otherwise now'
    fi
    [ "$service" = nginx ] && [ "$(docker inspect --format '{{ .Image }}' "$each")" != "$(docker image inspect --format '{{ .Id }}' "repasse-nginx:$tag")" ] &&
      why="${why:-it has its new configuration, and an older image}"
    # shellcheck disable=SC2086 # one word for each file
    [ -z "$why" ] ||
      say "$service was left as it is: $why. In $root, \"docker compose$(printf ' -f %s' ${COMPOSE:-docker/compose.yaml}) up --detach --no-deps $service\" starts it again, which interrupts it for a second or two"
  done
}

# The newest releases stay, with the one in use; older images, files and records go.
prune() {
  local kept each
  kept="$({ current; tac history | awk '{ print $2 }'; } | awk '!seen[$0]++' | head -n "$keep")"
  for each in releases/*/; do
    each="$(basename "$each")"
    printf '%s\n' "$kept" | grep -qxF "$each" || rm -rf "releases/${each:?}"
  done
  docker images --format '{{ .Tag }}' repasse | grep -vxF "$kept" | while read -r each; do
    # What a container still runs on stays by itself.
    docker rmi "repasse:$each" "repasse-nginx:$each" >/dev/null 2>&1
  done
  # Copies from before migrations stay as long as their releases.
  if each="$(anyone)"; then
    # shellcheck disable=SC2086 # one word for each release
    in_node "$each" 'const { dirname, join } = require("node:path"), url = process.env.DATABASE_URL ?? ""
      if (url.startsWith("sqlite:"))
        for (const file of fs.readdirSync(dirname(url.slice(7)))) {
          const tag = /^before-(.+)\.db$/.exec(file)?.[1]
          if (tag && !process.argv.includes(tag)) fs.rmSync(join(dirname(url.slice(7)), file))
        }' $kept
  fi
  # shellcheck disable=SC2012 # names are ours: a time and a tag
  ls -1t deploys/*.log 2>/dev/null | tail -n +21 | sed 's/\.log$//' | while read -r each; do rm -f "$each".*; done
}
